/**
 * events.jsonl: what happened in a run, one JSON object per line.
 *
 * Lines are written in the background as they come. Call `flush()` before saving a checkpoint: then every event up to
 * that step is on the disk, and after a kill `openEventLog` with the checkpoint's step cuts the file so that each step
 * occurs once. A last line that a kill has cut short is ignored by the reader and removed on opening.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { writeFailure } from '../formats/index.ts';
import type { JsonValue } from './json.ts';

interface EventBase {
  /** Steps done when it happened. */
  readonly step: number;
  readonly epoch: number;
  /** Seconds since the run (or its continuation) started, where the writer measures them. */
  readonly seconds?: number;
  /** Time of day, ISO 8601, where the writer tells it. */
  readonly time?: string;
  readonly [key: string]: JsonValue | undefined;
}

export interface RunStartedEvent extends EventBase {
  readonly kind: 'run-started';
  readonly method: string;
  readonly source: string;
  /** Whether it continues from a checkpoint. */
  readonly resumed: boolean;
}
/** The steps of the whole run as planned at this step; a run of so many minutes plans more than once. */
export interface ScheduleEvent extends EventBase {
  readonly kind: 'schedule';
  readonly totalSteps: number;
}
export interface StepEvent extends EventBase {
  readonly kind: 'step';
  /** null where it was not a finite number. */
  readonly loss: number | null;
}
export interface EpochEvent extends EventBase {
  readonly kind: 'epoch';
  /** Mean over the epoch. */
  readonly loss: number | null;
}
/** What a method did before an epoch, with what it found. */
export interface PhaseEvent extends EventBase {
  readonly kind: 'phase';
  /** Seconds that it took. */
  readonly duration: number;
}
/** Label-free measures of a fixed sample after an epoch; null where one cannot be measured. */
export interface MeasuresEvent extends EventBase {
  readonly kind: 'measures';
  /** Images of the sample. */
  readonly images: number;
  /** Seconds that measuring took. */
  readonly duration: number;
}
export interface CheckpointEvent extends EventBase {
  readonly kind: 'checkpoint';
  /** File name in checkpoints/. */
  readonly file: string;
}
export interface DoctorEvent extends EventBase {
  readonly kind: 'doctor';
  /** `healthy`, or the name of the trouble (`collapsed`, …). */
  readonly verdict: string;
  /** In plain words, with the remedy. */
  readonly message: string;
}
export interface EvaluationEvent extends EventBase {
  readonly kind: 'evaluation';
}
export interface RunEndedEvent extends EventBase {
  readonly kind: 'run-ended';
  /** `completed`, `interrupted`, `failed`, … */
  readonly reason: string;
}

export type RunEvent =
  | RunStartedEvent
  | ScheduleEvent
  | StepEvent
  | EpochEvent
  | PhaseEvent
  | MeasuresEvent
  | CheckpointEvent
  | DoctorEvent
  | EvaluationEvent
  | RunEndedEvent;

export interface EventLog {
  /** Adds an event; returns at once. Throws the failure of an earlier write. Numbers that are not finite become null. */
  append(event: RunEvent): void;
  /** Waits until everything appended is on the disk. */
  flush(): Promise<void>;
  /** Forgets every event after `step`, as on resuming from the checkpoint of that step. */
  rewind(step: number): Promise<void>;
  close(): Promise<void>;
}

export interface EventLogOptions {
  /** Keep only events up to this step (a checkpoint's); without it, everything but a torn last line is kept. */
  readonly resumeStep?: number;
  /** For tests: replaces the system's `open`. */
  readonly openFile?: typeof open;
}

/**
 * Opens events.jsonl for appending; makes it when missing.
 *
 * @throws LikenessError `write.*` when it cannot be written.
 */
export async function openEventLog(
  file: string,
  { resumeStep = Number.POSITIVE_INFINITY, openFile = open }: EventLogOptions = {},
): Promise<EventLog> {
  let handle: FileHandle;
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
      // Lines that come while a write is under way go out together in the next.
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
 * The events of a file in order; a last line that was cut short is left out.
 *
 * @throws LikenessError `events.malformed` naming the line, when an earlier line is not an event; `events.missing`.
 */
export async function* readEvents(file: string): AsyncGenerator<RunEvent> {
  let line = 0;
  try {
    for await (const { text, complete } of lines(file)) {
      line++;
      const event = parse(text);
      if (event !== undefined) yield event;
      else if (complete && text.trim() !== '') {
        throw new LikenessError(
          'events.malformed',
          `Line ${line} of ${file} is not an event. The file was changed or damaged; remove that line.`,
        );
      }
    }
  } catch (error) {
    if (error instanceof LikenessError) throw error;
    throw new LikenessError(
      'events.missing',
      `Could not read ${file}: ${reasonOf(error)}. Is it the events.jsonl of a run?`,
    );
  }
}

/** Bytes up to which the file holds complete events of at most `step`. */
async function endOf(file: string, step: number): Promise<number> {
  let end = 0;
  let at = 0;
  for await (const { text, complete, bytes } of lines(file)) {
    at += bytes;
    const event = parse(text);
    if (event !== undefined && event.step > step) break;
    if (complete && event !== undefined) end = at;
  }
  return end;
}

async function* lines(file: string): AsyncGenerator<{ text: string; complete: boolean; bytes: number }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
      yield { text: rest.toString('utf8', from, at), complete: true, bytes: at + 1 - from };
      from = at + 1;
    }
    rest = rest.subarray(from);
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), complete: false, bytes: rest.length };
}

function parse(text: string): RunEvent | undefined {
  try {
    const event = JSON.parse(text) as Partial<RunEvent> | null;
    return typeof event?.kind === 'string' && typeof event.step === 'number'
      ? (event as RunEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
