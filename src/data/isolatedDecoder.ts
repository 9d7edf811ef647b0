/**
 * Decodes single images in a process of its own, so that a decoder that crashes on one does not end the program.
 *
 * Raw pixels are decoded in this process: nothing in them is parsed.
 */
import { createBudget } from '../core/budget.ts';
import { type DecodeOptions, decodeImage, imageSize as imageSizeHere, knownSize } from './decode.ts';
import {
  DecoderDied,
  type DecoderProcess,
  type DecoderProcessOptions,
  startDecoder,
} from './decoderProcess.ts';
import type { ImageSize } from './decoderProtocol.ts';
import { unusable } from './reasons.ts';
import type { EncodedImage, Pixels, RawImage } from './types.ts';

export interface IsolatedDecoder {
  /**
   * `decodeImage` in the other process.
   *
   * @throws LikenessError `image.unusable`, also where the decoder crashed
   */
  decode(image: EncodedImage | RawImage, options: DecodeOptions & StopOptions): Promise<Pixels>;
  /** Width and height as stored, from the header alone. */
  size(image: EncodedImage | RawImage, options?: StopOptions): Promise<ImageSize>;
  /** Ends the process; the next image starts another. */
  close(): void;
}

export interface StopOptions {
  /** Ends the process; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

export interface IsolatedDecoderOptions extends DecoderProcessOptions {
  /** Milliseconds without work after which the process ends. Default 10,000. */
  idleMs?: number;
}

type Work<T> = (process: DecoderProcess) => Promise<T>;

/** Opens a decoder whose process starts with the first image. */
export function openIsolatedDecoder({
  idleMs = 10_000,
  ...options
}: IsolatedDecoderOptions = {}): IsolatedDecoder {
  let shared: Promise<DecoderProcess> | undefined;
  let working = 0;
  let timer: NodeJS.Timeout | undefined;
  const oneAtATime = createBudget(1);

  async function running(): Promise<DecoderProcess> {
    const before = shared;
    const found = await before?.catch(() => undefined);
    if (found?.isAlive()) return found;
    // Of several images that wait here, the first starts a process for all.
    if (shared === before) shared = undefined;
    shared ??= startDecoder(options);
    return shared;
  }
  function close(): void {
    clearTimeout(timer);
    shared?.then((process) => process.kill()).catch(() => {});
    shared = undefined;
  }
  /** Asks a process that it shares with other images; after a crash, one that it has for itself. */
  async function ask<T>(work: Work<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    clearTimeout(timer);
    working++;
    // A signal takes the same listener once, and it is harmless when nothing is decoded any more.
    signal?.addEventListener('abort', close);
    try {
      return await work(await running());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DecoderDied)) throw error;
      return await oneAtATime.run(1, () => askAlone(work, signal));
    } finally {
      working--;
      if (working === 0) timer = setTimeout(close, idleMs).unref();
    }
  }
  async function askAlone<T>(work: Work<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const own = await startDecoder(options);
    signal?.addEventListener('abort', own.kill);
    try {
      return await work(own);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DecoderDied)) throw error;
      throw unusable(error.reason, { cause: error });
    } finally {
      signal?.removeEventListener('abort', own.kill);
      own.kill();
    }
  }
  return {
    async decode(image, { signal, ...decodeOptions }) {
      if (image.kind === 'raw') return decodeImage(image, decodeOptions);
      return ask((process) => process.decode({ kind: 'decode', image, options: decodeOptions }), signal);
    },
    async size(image, { signal } = {}) {
      if (image.kind === 'raw') return imageSizeHere(image);
      return knownSize(image) ?? ask((process) => process.measure({ kind: 'measure', image }), signal);
    },
    close,
  };
}

/** The decoder of this program: one process for all of its single images. */
export const isolatedDecoder = openIsolatedDecoder();
