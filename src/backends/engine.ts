/**
 * The engine: compiles programs of tensors and runs them on one device.
 *
 * A program is a pure function of its inputs and its state. State stays on the device: each run
 * reads it and replaces it, in two sets of buffers that are swapped.
 */
import { availableParallelism } from 'node:os';
import type { Communicator } from '../collectives/index.ts';
import { compile, encodeOnnx, type OnTimed, type Plan, type Program } from '../compile/index.ts';
import type { Backend, SessionSettings } from './backend.ts';
import { checkedState, checkValues } from './checkValues.ts';
import { type Capabilities, openCpu } from './cpu/index.ts';
import type { Executable } from './executable.ts';
import { type CompilePartOptions, prepareRanks } from './ranks.ts';

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
  /** Ranks that run programs of several replicas together, a replica each. Default: none. */
  communicator?: Communicator;
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
  { tuning = 'defaults', ...options }: OwnOptions = {},
): Engine {
  const { name, threads, memory, close } = backend;
  return {
    device: name,
    threads,
    compile: (program, given = {}) => prepare(backend, program, { tuning, ...options, ...given }),
    memory,
    close,
  };
}

type OwnOptions = Pick<EngineOptions, 'tuning' | 'remembered' | 'communicator'>;

interface PrepareOptions extends CompileOptions, OwnOptions {}

/** Compiles a program and opens it on the backend. */
async function prepare(
  backend: Backend,
  program: Program,
  options: PrepareOptions,
): Promise<Executable> {
  const { plan = {}, onTimed, signal, profile, session: settings } = options;
  const { tuning, remembered, communicator } = options;
  const compiling = {
    plan: { ...remembered?.load(), ...plan },
    time: tuning === 'measure' ? (candidates) => backend.time(candidates, { signal }) : undefined,
    onMeasured: (added) => remembered?.save(added),
    onTimed,
  } satisfies CompilePartOptions;
  const { replicas = 1 } = program;
  if (communicator && replicas > 1) {
    return prepareRanks(program, { backend, communicator, settings, compiling });
  }
  const compiled = await compile(program, backend.target(settings), compiling);
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
    writeState: async (values) => session.write(checkedState(state, values)),
    dispose: session.release,
  };
}
