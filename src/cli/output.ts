/**
 * The end of output: nobody reads it any more, as after `likeness train --help | head -4`, or the
 * disk that it is written to is full.
 */
import { LikenessError, reasonOf } from '../core/errors.ts';
import { exitCodeOf, OUTPUT_CLOSED } from './exitCodes.ts';

export interface OutputWatch {
  /**
   * Aborted when output cannot be written any more, with a `LikenessError` as the reason; further
   * output is dropped.
   */
  readonly signal: AbortSignal;
  /**
   * Waits for the last output of a command and returns the exit code of the process, which is that
   * of the command where it failed itself. A full disk is told on the stream that is left.
   *
   * @param code exit code of the command
   * @param json true where stdout is for one object alone
   */
  settle(code: number, options: { json: boolean }): Promise<number>;
}

type Name = 'stdout' | 'stderr';
type Output = NodeJS.WritableStream & { isTTY?: boolean };

/** Watches the output of a process, whose failures would otherwise be uncaught errors. */
export function watchOutput(streams: Readonly<Record<Name, Output>>): OutputWatch {
  const names = Object.keys(streams) as Name[];
  const ended = new AbortController();
  const failed = new Set<Name>();
  for (const name of names) {
    streams[name].on('error', (error: NodeJS.ErrnoException) => {
      failed.add(name);
      ended.abort(outputError(name, error, streams[name]));
    });
  }
  return {
    signal: ended.signal,
    async settle(code, { json }) {
      await Promise.all(names.map((name) => written(streams[name])));
      if (!ended.signal.aborted) return code;
      const { code: kind, message } = ended.signal.reason as LikenessError;
      if (kind === 'output.closed') return code === 0 ? OUTPUT_CLOSED : code;
      const left = names.find((name) => !failed.has(name));
      if (left && !(json && left === 'stdout')) streams[left].write(`error: ${message}\n`);
      return code === 0 || code === OUTPUT_CLOSED ? exitCodeOf(kind) : code;
    },
  };
}

/** Waits until everything is written, or cannot be. */
function written(stream: NodeJS.WritableStream): Promise<void> {
  // The callback comes before the event of the same error.
  return new Promise((settle) => stream.write('', () => setImmediate(settle)));
}

function outputError(
  name: Name,
  error: NodeJS.ErrnoException,
  { isTTY = false }: Output,
): LikenessError {
  // EIO is the error of a terminal that has gone.
  const isGone = isTTY && error.code === 'EIO';
  if (isGone || ['EPIPE', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '')) {
    return new LikenessError('output.closed', 'nobody reads the output');
  }
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  const reason = { ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up' }[
    error.code ?? ''
  ];
  return new LikenessError(
    isFull ? 'write.noSpace' : 'write.failed',
    `Could not write to ${name}: ${reason ?? reasonOf(error)}. ` +
      `${isFull ? 'Free some space' : 'Send it elsewhere'}, and run the command again.`,
    { cause: error },
  );
}
