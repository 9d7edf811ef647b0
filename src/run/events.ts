/**
 * events.jsonl: the event log of a run, one JSON object per line.
 *
 * Lines are written in the background. Call `flush()` before saving a checkpoint, so that every
 * event up to that step is on the disk. After a kill, `openEventLog` with the checkpoint's step
 * cuts the file, so that each step occurs once. The reader ignores a last line that a kill has cut
 * short, and opening removes it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { openRegular, requireReplaceable, writeFailure } from '../formats/index.ts';
import { parseEvent, type RunEvent } from './runEvent.ts';

export interface EventLog {
  /**
   * Adds an event and returns at once. Numbers that are not finite become null.
   *
   * @throws LikenessError the failure of an earlier write
   */
  append(event: RunEvent): void;
  /** Waits until everything appended is on the disk. */
  flush(): Promise<void>;
  /** Removes every event after `step`, as on resuming from the checkpoint of that step. */
  rewind(step: number): Promise<void>;
  /** Continues in a new file, where the old one was removed. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface EventLogOptions {
  /** Keeps only events up to this step. Default: everything but a torn last line. */
  readonly resumeStep?: number;
  /** Replaces the system's `open` in tests. */
  readonly openFile?: typeof open;
}

/**
 * Opens events.jsonl for appending; creates it when missing.
 *
 * @throws LikenessError `write.*` when it cannot be written.
 */
export async function openEventLog(
  file: string,
  { resumeStep = Number.POSITIVE_INFINITY, openFile = open }: EventLogOptions = {},
): Promise<EventLog> {
  let handle: FileHandle;
  await requireReplaceable(file);
  try {
    handle = await openFile(file, 'a');
    await handle.truncate(await endOf(file, resumeStep));
  } catch (error) {
    throw writeFailure(file, error);
  }
  let waiting = '';
  let writing: Promise<void> | undefined;
  let failure: LikenessError | undefined;

  async function writeWaiting(): Promise<void> {
    try {
      while (waiting !== '') {
        const text = waiting;
        waiting = '';
        await handle.appendFile(text);
      }
    } catch (error) {
      failure ??= writeFailure(file, error);
    } finally {
      writing = undefined;
    }
  }
  async function settle(): Promise<void> {
    while (writing !== undefined) await writing;
    if (failure !== undefined) throw failure;
  }
  return {
    append(event) {
      if (failure !== undefined) throw failure;
      waiting += `${JSON.stringify(event)}\n`;
      // Lines that arrive during a write are written together in the next.
      writing ??= writeWaiting();
    },
    async flush() {
      await settle();
      try {
        await handle.sync();
      } catch (error) {
        throw writeFailure(file, error);
      }
    },
    async rewind(step) {
      await settle();
      try {
        await handle.truncate(await endOf(file, step));
      } catch (error) {
        throw writeFailure(file, error);
      }
    },
    async reopen() {
      await settle();
      const before = handle;
      try {
        handle = await openFile(file, 'a');
      } catch (error) {
        throw writeFailure(file, error);
      }
      await before.close();
    },
    async close() {
      try {
        await settle();
      } finally {
        await handle.close();
      }
    },
  };
}

/**
 * Reads the events of a file in order, without a last line that was cut short.
 *
 * @throws LikenessError `events.missing`; `events.malformed`, naming the line, where an earlier
 * line is not an event.
 */
export async function* readEvents(file: string): AsyncGenerator<RunEvent> {
  for await (const { event } of readEventsFrom(file, 0)) yield event;
}

/**
 * Reads the events of a file after a byte offset, with the offset after each. A last line without
 * its end is left for a later call.
 *
 * @throws LikenessError `events.missing`, `events.malformed`
 */
export async function* readEventsFrom(
  file: string,
  from: number,
): AsyncGenerator<{ readonly event: RunEvent; readonly offset: number }> {
  let line = 0;
  let offset = from;
  try {
    for await (const { text, complete, bytes } of lines(file, from)) {
      line++;
      offset += bytes;
      const event = parseEvent(text);
      if (event !== undefined && (complete || from === 0)) yield { event, offset };
      else if (complete && text.trim() !== '') {
        const place = from === 0 ? `Line ${line}` : `Line ${line} after byte ${from}`;
        throw new LikenessError(
          'events.malformed',
          `${place} of ${file} is not an event. The file was changed or damaged; remove that line.`,
        );
      }
    }
  } catch (error) {
    if (error instanceof LikenessError && error.code.startsWith('events.')) throw error;
    throw new LikenessError(
      'events.missing',
      `Could not read ${file}: ${reasonOf(error)}. Is it the events.jsonl of a run?`,
      { cause: error },
    );
  }
}

/** Kinds of work before an epoch, which is done again on resuming from the step it follows. */
const REPEATED: ReadonlySet<string> = new Set(['stage', 'phase']);

/**
 * Number of bytes up to which the file has complete events of at most `step`, without those of work
 * that a run resumed from that step does again.
 */
async function endOf(file: string, step: number): Promise<number> {
  let end = 0;
  let at = 0;
  for await (const { text, complete, bytes } of lines(file)) {
    at += bytes;
    const event = parseEvent(text);
    if (event !== undefined && event.step > step) break;
    if (event?.step === step && REPEATED.has(event.kind)) break;
    if (complete && event !== undefined) end = at;
  }
  return end;
}

/** Longest line. Events take a few hundred bytes, and a file without line ends is no event log. */
const MAX_LINE_BYTES = 2 ** 24;

/** The lines of a file. A line of more than 16 MiB is the last one, and is not complete. */
async function* lines(
  file: string,
  start = 0,
): AsyncGenerator<{ text: string; complete: boolean; bytes: number }> {
  let rest: Buffer = Buffer.alloc(0);
  const handle = await openRegular(file);
  for await (const chunk of handle.createReadStream({ start })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
      yield { text: rest.toString('utf8', from, at), complete: true, bytes: at + 1 - from };
      from = at + 1;
    }
    rest = rest.subarray(from);
    if (rest.length > MAX_LINE_BYTES) break;
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), complete: false, bytes: rest.length };
}
