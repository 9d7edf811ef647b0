/** Messages between the CPU backend and its worker thread. */
import type { ValueSpec, Values } from '../../compile/index.ts';
import type { SessionSettings, TableWork } from '../backend.ts';
import type { FilterPacking } from './packFilters.ts';

/** A value that stays in the worker between runs. */
export interface StoredSpec extends ValueSpec {
  /** Output of the graph that replaces the value. Absent: the value is frozen. */
  output?: string;
  /** Packing of filters. Absent: plain order. */
  packing?: FilterPacking;
  /** False where the value is only written, and is no input of the graph. */
  read: boolean;
}

export interface SessionSpec {
  model: Uint8Array;
  inputs: readonly ValueSpec[];
  outputs: readonly ValueSpec[];
  state: readonly StoredSpec[];
  /** Number of an opened prelude. */
  prelude?: number;
}

/** Work on frozen state, done once per state write. */
export interface PreludeSpec {
  model: Uint8Array;
  /** The state that it reads. */
  inputs: readonly ValueSpec[];
  /** Names of its results. */
  outputs: readonly string[];
}

export interface OpenedPrelude {
  prelude: number;
  /** Shapes of its results, in order. */
  shapes: readonly (readonly number[])[];
}

/** Inputs and outputs of models that compute the same. */
export interface Compared {
  inputs: readonly ValueSpec[];
  outputs: readonly ValueSpec[];
}

/** Work on a table, with its session by number. */
export interface SentWork extends Omit<TableWork, 'session'> {
  session?: number;
}

export type Request =
  | { kind: 'openPrelude'; spec: PreludeSpec }
  | { kind: 'create'; spec: SessionSpec; profile?: string; settings?: SessionSettings }
  | { kind: 'run'; session: number; inputs: Values }
  | { kind: 'readState'; session: number; names?: readonly string[] }
  | { kind: 'writeState'; session: number; values: Values }
  | {
      kind: 'compare';
      models: readonly Uint8Array[];
      values: Compared;
      rounds: number;
      stop: Int32Array;
    }
  | { kind: 'release'; session: number }
  | { kind: 'createTable' }
  | ({ kind: 'workTable'; table: number } & SentWork)
  | { kind: 'releaseTable'; table: number }
  | { kind: 'memory' };

export interface Envelope {
  id: number;
  request: Request;
}

export type Reply = { id: number; result: unknown } | { id: number; error: string };

export interface WorkerSettings {
  threads: number;
}

/** Sends a request to the worker and waits for its answer. */
export type Ask = <T>(request: Request, transfer?: ArrayBuffer[]) => Promise<T>;
