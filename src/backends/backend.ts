/** Backend: one device that compiles for itself, runs graphs and times them. */
import type { Candidates, Compiled, Target, Values } from '../compile/index.ts';

/**
 * Settings of one program that differ from the backend's. Measurements use them to justify the
 * defaults.
 */
export interface SessionSettings {
  /** Threads of one program, where they are not the engine's. */
  threads?: number;
  /** Time that threads spin for work before they sleep. Default: within runs. */
  spinning?: 'never' | 'within runs' | 'after runs';
  /** Plans the memory of a run as a whole. Default: no. */
  memoryPattern?: boolean;
  /** Reuses memory from run to run. Default: yes. */
  arena?: boolean;
  /** Level of the runtime's own graph optimization. Default: all. */
  optimization?: 'all' | 'basic' | 'disabled';
  /** Treats denormal numbers as 0. Default: yes. */
  denormalsAsZero?: boolean;
  /** Writes results into memory that is there already. Default: yes. */
  preallocated?: boolean;
}

export interface OpenOptions {
  /** Prefix of a profile in Chrome's trace format, written when the session is released. */
  profile?: string;
  settings?: SessionSettings;
}

/** A compiled program on a device, with its state. */
export interface Session {
  /** Number of the session on its device. */
  readonly id: number;
  /**
   * Runs once. With `transfer`, the inputs' buffers are handed over and cannot be read afterwards.
   * Inputs in shared memory are read in place: they must not change before the results are there.
   */
  run(inputs: Values, options?: { transfer?: boolean }): Promise<Values>;
  /** Copies of the state, or of the named values. */
  read(names?: readonly string[]): Promise<Values>;
  write(values: Values): Promise<void>;
  release(): Promise<void>;
}

/** Work on a table: a part of a program, and what becomes of the values around it. */
export interface TableWork {
  /** Values that enter the table first. Their buffers are handed over. */
  readonly put?: Values;
  /** Part to run, which reads and leaves its values in the table. Absent: none. */
  readonly session?: Session;
  /** Names of values to return. */
  readonly returned?: readonly string[];
  /** Names of values that leave the table after they were returned. */
  readonly dropped?: readonly string[];
  /** Names of values by the names that they replace, all at once and at the end. */
  readonly moved?: Readonly<Record<string, string>>;
}

/** Values by name that the sessions of one program share, and that stay on the device. */
export interface Table {
  work(work: TableWork): Promise<Values>;
  release(): Promise<void>;
}

export interface Backend {
  readonly name: string;
  readonly threads: number;
  /** Passes, lowering and kernels for programs with these settings. */
  target(settings?: SessionSettings): Target;
  open(program: Compiled, options?: OpenOptions): Promise<Session>;
  openTable(): Promise<Table>;
  /**
   * Milliseconds of the fastest run of each candidate, on the same synthetic inputs, in turns.
   *
   * @throws the signal's reason where it is aborted, after the run in progress.
   */
  time(candidates: Candidates, options?: { signal?: AbortSignal | undefined }): Promise<number[]>;
  /** Resident memory of the process, in bytes. */
  memory(): Promise<number>;
  /** Ends the backend after the requests that are on their way; later ones are refused. */
  close(): Promise<void>;
}
