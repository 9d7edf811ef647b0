/** Lines of events.jsonl as they are written, for everybody who watches a training. */
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { openRegular } from '../formats/index.ts';
import { parseJson } from '../run/index.ts';

/** Line of the log with the byte offset after it. */
export interface TailedEvent {
  readonly offset: number;
  readonly event: Readonly<Record<string, unknown>>;
}

/** Milliseconds between two looks at the file. */
const LOOK_MS = 400;
/** Bytes that are read at once. */
const PIECE = 2 ** 18;

export interface TailOptions {
  /** Byte offset after the last line that is known. Default 0. */
  readonly from?: number;
  readonly signal: AbortSignal;
  /** Waits until the file may have grown. Tests replace it. */
  pause?(signal: AbortSignal): Promise<void>;
}

/**
 * Yields the complete lines of a file after an offset, and then those that are appended, until the
 * signal is aborted. The file may not exist yet.
 *
 * A last line without its end is left until it is complete. Lines that are no JSON objects are left
 * out. A file that has become shorter, because the run was resumed from an earlier step, is read
 * again from its start.
 */
export async function* tailEvents(
  file: string,
  { from = 0, signal, pause = defaultPause }: TailOptions,
): AsyncGenerator<TailedEvent> {
  let offset = from;
  while (!signal.aborted) {
    const handle = await openRegular(file).catch(() => undefined);
    let read = 0;
    if (handle) {
      try {
        const { size } = await handle.stat();
        if (size < offset) offset = 0;
        const piece = await readPiece(handle, offset, Math.min(PIECE, size - offset));
        for (const line of completeLines(piece)) {
          read += line.bytes;
          offset += line.bytes;
          const event = objectOf(line.text);
          if (event) yield { offset, event };
        }
      } finally {
        await handle.close();
      }
    }
    // A whole piece without a line end is no event log: wait for a shorter file.
    if (read === 0 && !signal.aborted) await pause(signal).catch(() => {});
  }
}

async function defaultPause(signal: AbortSignal): Promise<void> {
  await wait(LOOK_MS, undefined, { signal, ref: false });
}

async function readPiece(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
  return buffer.subarray(0, bytesRead);
}

function* completeLines(piece: Buffer): Generator<{ text: string; bytes: number }> {
  let from = 0;
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
    yield { text: piece.toString('utf8', from, at), bytes: at + 1 - from };
    from = at + 1;
  }
}

function objectOf(text: string): TailedEvent['event'] | undefined {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as TailedEvent['event'])
      : undefined;
  } catch {
    return undefined;
  }
}
