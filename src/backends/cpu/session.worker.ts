/**
 * The thread of ONNX Runtime. `session.run` blocks its thread for the length of a step, which here
 * delays nothing that a person waits for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { ValueSpec, Values } from '../../compile/index.ts';
import { reasonOf } from '../../core/errors.ts';
import { arrayTypes, sizeOf, type TensorData } from '../../tensor/tensor.ts';
import type { SessionSettings } from '../backend.ts';
import { packFilters, unpackFilters } from './packFilters.ts';
import type {
  Compared,
  Envelope,
  OpenedPrelude,
  PreludeSpec,
  Request,
  SessionSpec,
  WorkerSettings,
} from './protocol.ts';
import { createSharedRunner, type TensorSession } from './sharedTensors.ts';
import { createTable, type WorkerTable } from './workerTable.ts';

const { threads: all } = workerData as WorkerSettings;

/** A state value: the tensor that the next run reads, and the buffer that the next run writes. */
interface StateValue {
  spec: SessionSpec['state'][number];
  front: ort.Tensor;
  back?: ort.Tensor;
}

interface Session {
  session: ort.InferenceSession;
  spec: SessionSpec;
  state: Map<string, StateValue>;
  prelude?: Prelude;
  /** Results are written into memory that is there already. */
  preallocated: boolean;
  /** Results of the prelude. Absent until they are needed, and after state was written. */
  prepared?: ort.InferenceSession.ReturnType;
}

type Feeds = Readonly<Record<string, ort.Tensor>>;

interface Prelude {
  session: ort.InferenceSession;
  spec: PreludeSpec;
}

const sessions = new Map<number, Session>();
const preludes = new Map<number, Prelude>();
const tables = new Map<number, WorkerTable>();
let nextSession = 1;
const runShared = createSharedRunner();

function allocate({ shape, dtype }: ValueSpec): TensorData {
  return new arrayTypes[dtype](sizeOf(shape));
}

function toTensor(spec: ValueSpec, data: TensorData): ort.Tensor {
  return new ort.Tensor(spec.dtype as 'float32', data as Float32Array, spec.shape);
}

/** Defaults; docs/performance.md shows the worth of each. */
const defaults: Required<SessionSettings> = {
  threads: all,
  // Spinning threads hold a core for a while. Within a run that pays; after it, other threads need
  // the core.
  spinning: 'within runs',
  // A memory plan would be stored beside the arena: a third more memory, for no speed.
  memoryPattern: false,
  arena: true,
  optimization: 'all',
  denormalsAsZero: true,
  preallocated: true,
};

interface OpenOptions {
  profile?: string;
  settings?: SessionSettings;
}

function open(
  model: Uint8Array,
  { profile, settings }: OpenOptions = {},
): Promise<ort.InferenceSession> {
  const { threads, spinning, memoryPattern, arena, optimization, denormalsAsZero } = {
    ...defaults,
    ...settings,
  };
  const flag = (isSet: boolean) => (isSet ? '1' : '0');
  return ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    enableCpuMemArena: arena,
    enableMemPattern: memoryPattern,
    enableProfiling: profile !== undefined,
    profileFilePrefix: profile,
    logSeverityLevel: 3,
    extra: {
      session: {
        set_denormal_as_zero: flag(denormalsAsZero),
        force_spinning_stop: flag(spinning !== 'after runs'),
        'intra_op.allow_spinning': flag(spinning !== 'never'),
      },
    },
  });
}

async function create(spec: SessionSpec, options: OpenOptions): Promise<number> {
  const session = await open(spec.model, options);
  const { preallocated } = { ...defaults, ...options.settings };
  const state = new Map<string, StateValue>();
  for (const entry of spec.state) {
    const hasBack = entry.output !== undefined && preallocated;
    const back = hasBack ? toTensor(entry, allocate(entry)) : undefined;
    state.set(entry.name, { spec: entry, front: toTensor(entry, allocate(entry)), back });
  }
  const prelude = spec.prelude === undefined ? undefined : preludes.get(spec.prelude);
  preludes.delete(spec.prelude ?? 0);
  sessions.set(nextSession, { session, spec, state, prelude, preallocated });
  return nextSession++;
}

/**
 * Opens a prelude and runs it once on zeros, because ONNX Runtime knows the shapes of its results
 * best.
 */
async function openPrelude(spec: PreludeSpec): Promise<OpenedPrelude> {
  const session = await open(spec.model);
  const zeros = spec.inputs.map((entry) => [entry.name, toTensor(entry, allocate(entry))] as const);
  const found = (await session.run(Object.fromEntries(zeros))) as Record<string, ort.Tensor>;
  preludes.set(nextSession, { session, spec });
  return { prelude: nextSession++, shapes: spec.outputs.map((name) => found[name]!.dims) };
}

/** Runs the prelude after state was written, and returns its results. */
async function prepare(of: Session): Promise<Readonly<Record<string, ort.Tensor>>> {
  if (!of.prelude) return {};
  if (!of.prepared) {
    const { session, spec } = of.prelude;
    const feeds = spec.inputs.map(({ name }) => [name, of.state.get(name)!.front] as const);
    of.prepared = await session.run(Object.fromEntries(feeds));
  }
  return of.prepared as Record<string, ort.Tensor>;
}

async function run(of: Session, inputs: Values): Promise<Values> {
  const { session, spec, state, preallocated } = of;
  const feeds: Record<string, ort.Tensor> = { ...(await prepare(of)) };
  // ONNX Runtime allocates memory for null.
  const fetches: Record<string, ort.Tensor | null> = {};
  for (const entry of spec.inputs) feeds[entry.name] = toTensor(entry, inputs[entry.name]!);
  for (const { spec: entry, front, back } of state.values()) {
    if (entry.read) feeds[entry.name] = front;
    if (entry.output !== undefined) fetches[entry.output] = back ?? null;
  }
  for (const entry of spec.outputs)
    fetches[entry.name] = preallocated ? toTensor(entry, allocate(entry)) : null;
  const found = await runShared(session as TensorSession, feeds, fetches);
  for (const value of state.values()) {
    if (value.back) [value.front, value.back] = [value.back, value.front];
    else if (value.spec.output !== undefined) value.front = found[value.spec.output]!;
  }
  return Object.fromEntries(
    spec.outputs.map(({ name }) => [name, (fetches[name] ?? found[name]!).data as TensorData]),
  );
}

function readState({ state }: Session, names?: readonly string[]): Values {
  const values: Values = {};
  for (const [name, { spec, front }] of state) {
    if (names && !names.includes(name)) continue;
    const data = front.data as TensorData;
    const { packing, shape } = spec;
    values[name] = packing ? unpackFilters(data as Float32Array, shape, packing) : data.slice();
  }
  return values;
}

function writeState(of: Session, values: Values): void {
  for (const [name, data] of Object.entries(values)) {
    const { spec, front } = of.state.get(name)!;
    const { packing, shape } = spec;
    (front.data as Float32Array).set(
      packing ? packFilters(data as Float32Array, shape, packing) : (data as Float32Array),
    );
  }
  of.prepared = undefined;
}

/**
 * Ratios to the fastest above which a model is not run again, by turn. The first turn is slow while
 * memory is allocated.
 */
const PRUNE_RATIO = [10, 5, 2, 1.5];
/**
 * Runs of a model in each of its turns. The first is not counted: threads of the model before may
 * still spin on the cores that this one needs, and in the first turn memory is still allocated.
 */
const RUNS = 3;

/**
 * Milliseconds of each model's fastest run on the same inputs, which are neither zero nor denormal.
 * Models take turns, so that other load on the machine affects all of them. Ends early, with
 * infinite times, once `stop` is not 0.
 */
async function compare(
  models: readonly Uint8Array[],
  { inputs, outputs }: Compared,
  { rounds, stop }: { rounds: number; stop: Int32Array },
): Promise<number[]> {
  const feeds: Record<string, ort.Tensor> = {};
  // Results are written into memory that is there already, as in a step.
  const fetches = Object.fromEntries(
    outputs.map((output) => [output.name, toTensor(output, allocate(output))] as const),
  );
  for (const entry of inputs) {
    const data = allocate(entry);
    for (let i = 0; i < data.length; i++)
      data[i] = entry.dtype === 'float32' ? ((i * 7919) % 1013) / 1013 - 0.5 : 0;
    feeds[entry.name] = toTensor(entry, data);
  }
  const isStopped = () => Atomics.load(stop, 0) !== 0;
  const candidates: ort.InferenceSession[] = [];
  for (const model of models) if (!isStopped()) candidates.push(await open(model));
  const best = candidates.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of candidates.entries()) {
      const hopeless =
        round === 0 ? Infinity : PRUNE_RATIO[Math.min(round, PRUNE_RATIO.length) - 1]!;
      if (best[i]! > hopeless * Math.min(...best)) continue;
      for (let time = 0; time < RUNS && !isStopped(); time++) {
        const start = performance.now();
        await session.run(feeds, fetches);
        if (time >= (round === 0 ? 2 : 1)) best[i] = Math.min(best[i]!, performance.now() - start);
      }
    }
  }
  for (const session of candidates) await session.release();
  return best;
}

/** Works on a table, with a session that has no state of its own. */
function workTable({ table, session: id, ...work }: Extract<Request, { kind: 'workTable' }>) {
  const { session, spec } = id === undefined ? {} : find(id);
  const part = spec && {
    ...{ inputs: spec.inputs, outputs: spec.outputs },
    run: (feeds: Feeds, fetches: Feeds) => runShared(session as TensorSession, feeds, fetches),
  };
  return tables.get(table)!.work(work, part);
}

function find(id: number): Session {
  const session = sessions.get(id);
  if (!session) throw new Error('this executable was disposed of');
  return session;
}

async function handle(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'openPrelude':
      return openPrelude(request.spec);
    case 'create':
      return create(request.spec, request);
    case 'run':
      return run(find(request.session), request.inputs);
    case 'readState':
      return readState(find(request.session), request.names);
    case 'writeState':
      return writeState(find(request.session), request.values);
    case 'compare':
      return compare(request.models, request.values, request);
    case 'release': {
      const { session, prelude } = find(request.session);
      sessions.delete(request.session);
      session.endProfiling();
      await prelude?.session.release();
      return session.release();
    }
    case 'createTable':
      tables.set(nextSession, createTable({ allocate, toTensor }));
      return nextSession++;
    case 'workTable':
      return workTable(request);
    case 'releaseTable':
      return void tables.delete(request.table);
    case 'memory':
      return process.memoryUsage().rss;
  }
}

/** Buffers of a reply that can be transferred instead of copied. */
function transferable(result: unknown): ArrayBuffer[] {
  if (result === null || typeof result !== 'object') return [];
  return Object.values(result).flatMap((value) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}

// Requests are answered in the order in which they came, one at a time.
let last: Promise<void> = Promise.resolve();
parentPort?.on('message', ({ id, request }: Envelope) => {
  last = last.then(async () => {
    try {
      const result = await handle(request);
      parentPort!.postMessage({ id, result }, transferable(result));
    } catch (error) {
      parentPort!.postMessage({ id, error: reasonOf(error) });
    }
  });
});
