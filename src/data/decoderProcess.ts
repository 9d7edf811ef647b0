/** Parent side of a decoding process. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { LikenessError } from '../core/errors.ts';
import { workerUrl } from '../core/workers.ts';
import {
  type DecodeRequest,
  type DecoderReply,
  type DecoderRequest,
  errorOfFailure,
  type MeasureRequest,
  type SampleRequest,
  type SampleSourceRequest,
  type StoreRequest,
} from './decoderProtocol.ts';
import type { ValueSample } from './deepSample.ts';
import type { StoredPart } from './storeRange.ts';
import type { ImageSize, Pixels } from './types.ts';

/** Error of a process that ended before it answered: a crash, an out-of-memory kill, or a stall. */
export class DecoderDied extends Error {
  override readonly name = 'DecoderDied';
  /** Reason for skipping the image in decoding, where there was only one. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

export interface DecoderProcess {
  store(request: StoreRequest, onPart: (part: StoredPart) => void): Promise<void>;
  decode(request: DecodeRequest): Promise<Pixels>;
  measure(request: MeasureRequest): Promise<ImageSize>;
  sample(request: SampleRequest): Promise<ValueSample | undefined>;
  sampleSource(request: SampleSourceRequest): Promise<ValueSample[]>;
  /** Tells if the process accepts requests. */
  isAlive(): boolean;
  /** Ends the process at once. Unanswered requests are rejected with `DecoderDied`. */
  kill(): void;
}

export interface DecoderProcessOptions {
  /** File of the program. Default: `decoder.process`. */
  program?: URL;
  /** Milliseconds of silence after which a working process is stalled. Default: 300,000. */
  stallMs?: number;
}

/** Characters of standard error that an error message repeats. */
const LAST_WORDS = 2000;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly onPart?: (part: StoredPart) => void;
}

/** Default of `stallMs`. libvips limits one image to 120 s, well below it. */
export const STALL_MS = 300_000;

/**
 * Starts a decoding process. It ends with this process and does not keep it alive while idle.
 *
 * @throws LikenessError `decoder.start`
 */
export async function startDecoder({
  program = workerUrl(import.meta.url, './decoder.process'),
  stallMs = STALL_MS,
}: DecoderProcessOptions = {}): Promise<DecoderProcess> {
  const child = fork(program, {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let lastWords = '';
  let reason = 'the decoder crashed on this file';
  let isGone = false;
  let timer: NodeJS.Timeout | undefined;
  let markReady = () => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  child.on('message', (reply: DecoderReply) => {
    if (reply.kind === 'ready') {
      markReady();
      return;
    }
    const request = pending.get(reply.id);
    if (request === undefined) return;
    watch();
    if (reply.kind === 'part') {
      try {
        request.onPart!(reply.part);
      } catch (error) {
        // The caller's own error, such as that of its progress callback.
        pending.delete(reply.id);
        child.kill('SIGKILL');
        request.reject(error as Error);
      }
      return;
    }
    pending.delete(reply.id);
    watch();
    if (reply.kind === 'result') request.resolve(reply.value as never);
    else request.reject(errorOfFailure(reply.failure));
  });
  const gone = goneOf(child).then((how) => {
    isGone = true;
    const error = new DecoderDied(how, reason);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    watch();
    return how;
  });

  /** Restarts the timer of a working process. An idle one does not keep this process alive. */
  function watch(): void {
    clearTimeout(timer);
    const isWorking = pending.size > 0;
    if (isWorking) {
      timer = setTimeout(() => {
        reason = `decoding did not end within ${stallMs / 1000} seconds`;
        child.kill('SIGKILL');
      }, stallMs);
    }
    for (const handle of [child, child.channel]) {
      if (isWorking) handle?.ref();
      else handle?.unref();
    }
  }
  function ask<T>(request: DecoderRequest, onPart?: (part: StoredPart) => void): Promise<T> {
    if (isGone) return Promise.reject(new DecoderDied('it had ended', reason));
    return new Promise<T>((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject, onPart });
      watch();
      // `gone` rejects the request if the process has ended.
      child.send({ ...request, id }, () => {});
    });
  }

  const how = await Promise.race([ready, gone]);
  if (how !== undefined) {
    throw new LikenessError(
      'decoder.start',
      `decoding: the process that decodes images did not start: ${how}. ${lastWords.trim()}`,
    );
  }
  (child.stderr as unknown as { unref(): void }).unref();
  watch();
  return {
    store: (request, onPart) => ask(request, onPart),
    decode: (request) => ask(request),
    measure: (request) => ask(request),
    sample: (request) => ask(request),
    sampleSource: (request) => ask(request),
    isAlive: () => !isGone && !child.killed,
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Waits for the end of the process and its last message. Resolves with the way it ended. */
async function goneOf(child: ChildProcess): Promise<string> {
  const failed = new Promise<string>((resolve) =>
    child.on('error', ({ message }) => resolve(message)),
  );
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(
    ([[code, signal]]) => (signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
  );
  return Promise.race([failed, ended]);
}
