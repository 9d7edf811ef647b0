/** Messages between the program and its decoding process. */
import { LikenessError, reasonOf } from '../core/errors.ts';
import type { DecodeOptions } from './decode.ts';
import type { ValueSample } from './deepSample.ts';
import type { RangeOptions, StoredPart } from './storeRange.ts';
import type { DecodedImage, EncodedImage, ImageSize, SourceChoices } from './types.ts';

/**
 * Stores a range of a source, which the process opens itself. Answered with parts, then an empty
 * result.
 */
export interface StoreRequest
  extends Pick<RangeOptions, 'from' | 'to' | 'pace' | 'size' | 'maxPixels'> {
  readonly kind: 'store';
  /** Path and choices for `openSource`, and `listingOf` the source that the caller sees there. */
  readonly location: string;
  readonly choices?: Omit<SourceChoices, 'labels'>;
  readonly listing: string;
  /** Unfinished pack and its length. */
  readonly file: string;
  readonly position: number;
}

/** Decodes an image. Answered with its pixels. */
export interface DecodeRequest {
  readonly kind: 'decode';
  readonly image: EncodedImage;
  readonly options: DecodeOptions;
}

/** Reads the size of an image from its header. */
export interface MeasureRequest {
  readonly kind: 'measure';
  readonly image: EncodedImage;
}

/** Takes values of an image of more than 8 bits. Answered with nothing for one of 8 bits. */
export interface SampleRequest {
  readonly kind: 'sample';
  readonly image: EncodedImage;
}

/** Takes values of some images of a source, which the process opens itself. */
export interface SampleSourceRequest extends Pick<StoreRequest, 'location' | 'choices'> {
  readonly kind: 'sampleSource';
  readonly indices: readonly number[];
}

export type DecoderRequest =
  | StoreRequest
  | DecodeRequest
  | MeasureRequest
  | SampleRequest
  | SampleSourceRequest;
export type Numbered<T> = T & { readonly id: number };

/** Serialized error: `code` of a `LikenessError`, `systemCode` of the operating system. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly systemCode?: string;
}

export type DecoderReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'part'; readonly id: number; readonly part: StoredPart }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly value: DecodedImage | ImageSize | ValueSample | ValueSample[] | undefined;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

export function failureOf(error: unknown): Failure {
  if (error instanceof LikenessError) return { message: error.message, code: error.code };
  const { code } = error as NodeJS.ErrnoException;
  return { message: reasonOf(error), ...(typeof code === 'string' && { systemCode: code }) };
}

/** Restores the error from a failure. */
export function errorOfFailure({ message, code, systemCode }: Failure): Error {
  if (code !== undefined) return new LikenessError(code, message);
  return Object.assign(new Error(message), systemCode !== undefined && { code: systemCode });
}
