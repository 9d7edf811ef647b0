/**
 * Decodes single images in a child process, so that a decoder crash does not end the program.
 *
 * Raw pixels are converted in this process because nothing in them is parsed.
 */
import { createBudget } from '../core/budget.ts';
import {
  type DecodeOptions,
  decodeImage,
  imageSize as imageSizeHere,
  knownSize,
} from './decode.ts';
import {
  DecoderDied,
  type DecoderProcess,
  type DecoderProcessOptions,
  startDecoder,
} from './decoderProcess.ts';
import type { ValueSample } from './deepSample.ts';
import { unusable } from './reasons.ts';
import type { EncodedImage, ImageSize, Pixels, RawImage, StopOptions } from './types.ts';

export interface IsolatedDecoder {
  /**
   * Runs `decodeImage` in the child process.
   *
   * @throws LikenessError `image.unusable`, also where the decoder crashed
   */
  decode(image: EncodedImage | RawImage, options: DecodeOptions & StopOptions): Promise<Pixels>;
  /** Reads width, height and time of the camera, before any orientation is applied. */
  size(image: EncodedImage | RawImage, options?: StopOptions): Promise<ImageSize>;
  /** Takes values of an image of more than 8 bits. Undefined for one of 8 bits. */
  sample(image: EncodedImage, options?: StopOptions): Promise<ValueSample | undefined>;
  /** Hands over the idle process, or a new one, for the caller alone. */
  lend(): Promise<DecoderProcess>;
  /** Takes a process of `lend` back, so that the next work needs no start. */
  takeBack(process: DecoderProcess): void;
  /** Ends the process. The next image starts a new one. */
  close(): void;
}

export interface IsolatedDecoderOptions extends DecoderProcessOptions {
  /** Idle milliseconds after which the process ends. Default: 10,000. */
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
    // The first of several waiting images starts a process for all of them.
    if (shared === before) shared = undefined;
    shared ??= startDecoder(options);
    return shared;
  }
  function close(): void {
    clearTimeout(timer);
    shared?.then((process) => process.kill()).catch(() => {});
    shared = undefined;
  }
  /** Asks the shared process and, after a crash, a new one that serves this image alone. */
  async function ask<T>(work: Work<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    clearTimeout(timer);
    working++;
    // A signal adds the same listener only once. Closing an idle decoder later is harmless.
    signal?.addEventListener('abort', close);
    try {
      return await work(await running());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DecoderDied)) throw error;
      return await oneAtATime.run(1, () => askAlone(work, signal));
    } finally {
      working--;
      closeLater();
    }
  }
  function closeLater(): void {
    clearTimeout(timer);
    if (working === 0) timer = setTimeout(close, idleMs).unref();
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
      return ask(
        (process) => process.decode({ kind: 'decode', image, options: decodeOptions }),
        signal,
      );
    },
    async size(image, { signal } = {}) {
      if (image.kind === 'raw') return imageSizeHere(image);
      return (
        knownSize(image) ?? ask((process) => process.measure({ kind: 'measure', image }), signal)
      );
    },
    sample: (image, { signal } = {}) =>
      ask((process) => process.sample({ kind: 'sample', image }), signal),
    async lend() {
      const idle = working === 0 ? shared : undefined;
      if (idle) shared = undefined;
      const found = await idle?.catch(() => undefined);
      return found?.isAlive() ? found : startDecoder(options);
    },
    takeBack(process) {
      if (shared) process.kill();
      else shared = Promise.resolve(process);
      closeLater();
    },
    close,
  };
}

/** Shared decoder of this program. */
export const isolatedDecoder = openIsolatedDecoder();
