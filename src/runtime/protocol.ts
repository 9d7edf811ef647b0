/** Messages between the engine and its worker thread. */
import type { DType, TensorData } from '../tensor/index.ts';
import type { FilterOrder } from './lowering/index.ts';

export interface ValueSpec {
  name: string;
  shape: readonly number[];
  dtype: DType;
}

/** How filters are held (`filterOrder.ts`): in blocks of so many channels, or by tap. */
export interface HeldFilters {
  order: FilterOrder;
  block: number;
}

/** A value that stays on the device between runs. `output` names the graph output that replaces it, if any does. */
export interface StateSpec extends ValueSpec {
  output?: string;
  /** Absent: it is held as it is. */
  filters?: HeldFilters;
  /** Whether the graph reads it: a value that is only written is not an input. */
  read: boolean;
}

/** Settings of the runtime for one program. What is absent is as the engine has it; for measurements, which show why it has it so. */
export interface SessionSettings {
  /** Threads of one program, where they are not the engine's. */
  threads?: number;
  /** How long threads wait for work before they sleep: not at all, until a run ends (the engine's), or for a while after it, too. */
  spinning?: 'never' | 'within runs' | 'after runs';
  /** Whether the memory of a run is planned as a whole. The engine's: no. */
  memoryPattern?: boolean;
  /** Whether memory is kept from run to run. The engine's: yes. */
  arena?: boolean;
  /** What the runtime makes of the graph. The engine's: all it can. */
  optimisation?: 'all' | 'basic' | 'disabled';
  /** Whether numbers too small for full precision count as 0. The engine's: yes. */
  denormalsAsZero?: boolean;
  /** Whether results go where there is memory already. The engine's: yes. */
  preallocated?: boolean;
}

export interface SessionSpec {
  model: Uint8Array;
  inputs: readonly ValueSpec[];
  outputs: readonly ValueSpec[];
  state: readonly StateSpec[];
  /** Number of an opened prelude. */
  prelude?: number;
}

/** What is computed from state that no run replaces, whenever that is written. */
export interface PreludeSpec {
  model: Uint8Array;
  /** The state that it reads. */
  inputs: readonly ValueSpec[];
  /** Names of what it gives. */
  outputs: readonly string[];
}

export interface OpenedPrelude {
  prelude: number;
  /** Of what it gives, in order. */
  shapes: readonly (readonly number[])[];
}

/** What models that compute the same take and give. */
export interface Compared {
  inputs: readonly ValueSpec[];
  outputs: readonly ValueSpec[];
}

export type Values = Record<string, TensorData>;

export type Request =
  | { kind: 'openPrelude'; spec: PreludeSpec }
  | { kind: 'create'; spec: SessionSpec; profile?: string; settings?: SessionSettings }
  | { kind: 'run'; session: number; inputs: Values }
  | { kind: 'readState'; session: number; names?: readonly string[] }
  | { kind: 'writeState'; session: number; values: Values }
  | { kind: 'compare'; models: readonly Uint8Array[]; values: Compared; rounds: number }
  | { kind: 'release'; session: number }
  | { kind: 'memory' };

export interface Envelope {
  id: number;
  request: Request;
}

export type Reply = { id: number; result: unknown } | { id: number; error: string };

export interface WorkerSettings {
  threads: number;
}
