/**
 * The engine: compiles programs of tensors and runs them on one device.
 *
 * A program is a pure function of its inputs and its state. State stays on the device: each run
 * reads it and replaces it, in two sets of buffers that are swapped.
 */
import { availableParallelism } from 'node:os';
import {
  compile,
  encodeOnnx,
  type OnTimed,
  type Plan,
  type Program,
  type ValueSpec,
  type Values,
} from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { arrayTypes, showShape, sizeOf } from '../tensor/index.ts';
import type { Backend, Session, SessionSettings } from './backend.ts';
import { type Capabilities, openCpu } from './cpu/index.ts';

export interface CompileOptions {
  /**
   * Kernels already chosen, by the run that is resumed. Others are chosen as the engine is set to.
   */
  plan?: Plan;
  /** Receives kernels as they are timed. */
  onTimed?: OnTimed;
  /** Ends the timing of kernels. The promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Prefix of a profile in Chrome's trace format, written when the executable is disposed of. */
  profile?: string;
  /** Settings of the runtime that differ from the engine's. */
  session?: SessionSettings;
}

export interface Executable {
  /** The kernels that this program uses. */
  readonly plan: Plan;
  /** The compiled graph as an ONNX file. */
  readonly model: Uint8Array;
  /** Number of operators of the graph, before lowering. */
  readonly nodeCount: number;
  /**
   * Runs once. With `transfer`, the inputs' buffers are handed over and cannot be read afterwards.
   * Inputs in shared memory are read in place: they must not change before the results are there.
   */
  run(inputs: Values, options?: { transfer?: boolean }): Promise<Values>;
  /** Copies of the state, or of the named values. */
  readState(names?: readonly string[]): Promise<Values>;
  writeState(values: Values): Promise<void>;
  dispose(): Promise<void>;
}

/** The backends by device. WebGPU would be one more entry. */
const backends = { cpu: openCpu };

export type Device = keyof typeof backends;

export interface EngineOptions {
  device?: Device;
  /** Threads of the runtime. Default: all cores. Results repeat only with the same number. */
  threads?: number;
  /** Times kernels that the plan lacks, or takes their defaults (the default). */
  tuning?: 'measure' | 'defaults';
  /** Plan of earlier timings, and the receiver of new ones. */
  remembered?: { load(): Plan; save(added: Plan): void };
  /** Abilities of the CPU beyond standard operators. Default: probed. */
  capabilities?: Capabilities;
}

export interface Engine {
  /** Name of the backend. */
  readonly device: string;
  readonly threads: number;
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Resident memory of the process, in bytes. */
  memory(): Promise<number>;
  /** Ends the engine after the runs that are on their way; later requests are refused. */
  close(): Promise<void>;
}

/** Opens a device and returns the engine on it. */
export async function openEngine({
  device = 'cpu',
  threads = availableParallelism(),
  capabilities,
  ...options
}: EngineOptions = {}): Promise<Engine> {
  return createEngine(await backends[device]({ threads, capabilities }), options);
}

/** The engine on an open backend. */
export function createEngine(
  backend: Backend,
  { tuning = 'defaults', remembered }: Pick<EngineOptions, 'tuning' | 'remembered'> = {},
): Engine {
  const { name, threads, memory, close } = backend;
  return {
    device: name,
    threads,
    compile: (program, options = {}) =>
      prepare(backend, program, { tuning, remembered, ...options }),
    memory,
    close,
  };
}

interface PrepareOptions extends CompileOptions, Pick<EngineOptions, 'tuning' | 'remembered'> {}

/** Compiles a program and opens it on the backend. */
async function prepare(
  backend: Backend,
  program: Program,
  { plan = {}, onTimed, signal, profile, session: settings, tuning, remembered }: PrepareOptions,
): Promise<Executable> {
  const compiled = await compile(program, backend.target(settings), {
    plan: { ...remembered?.load(), ...plan },
    time: tuning === 'measure' ? (candidates) => backend.time(candidates, { signal }) : undefined,
    onMeasured: (added) => remembered?.save(added),
    onTimed,
  });
  const { plan: chosen, nodeCount, whole, inputs, state } = compiled;
  const session = await backend.open(compiled, { profile, settings });
  let model: Uint8Array | undefined;
  return {
    plan: chosen,
    get model() {
      model ??= encodeOnnx(whole);
      return model;
    },
    nodeCount,
    run(values, options) {
      checkValues('run', inputs, values);
      return session.run(values, options);
    },
    readState: session.read,
    writeState: (values) => writeState(session, state, values),
    dispose: session.release,
  };
}

function writeState(session: Session, state: readonly ValueSpec[], values: Values): Promise<void> {
  const known = new Set(state.map(({ name }) => name));
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      throw new LikenessError(
        'state.unknown',
        `writeState: received "${name}"; expected one of ${[...known].join(', ')}`,
      );
    }
  }
  const written = state.filter(({ name }) => name in values);
  checkValues('writeState', written, values);
  return session.write(values);
}

function checkValues(caller: string, specs: readonly ValueSpec[], values: Values): void {
  for (const { name, shape, dtype } of specs) {
    const value = values[name];
    const kind = arrayTypes[dtype];
    if (!(value instanceof kind) || value.length !== sizeOf(shape)) {
      const received =
        value === undefined ? 'nothing' : `${value.constructor.name} of ${value.length} values`;
      throw new LikenessError(
        'input.mismatch',
        `${caller}: "${name}" received ${received}; ` +
          `expected ${kind.name} of shape ${showShape(shape)}`,
      );
    }
  }
}
