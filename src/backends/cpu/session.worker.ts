/**
 * The thread that ONNX Runtime lives in. `session.run` blocks its thread for the length of a step; here it blocks
 * nothing that a person waits for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { ValueSpec, Values } from '../../compile/index.ts';
import { reasonOf } from '../../core/errors.ts';
import { arrayTypes, sizeOf, type TensorData } from '../../tensor/index.ts';
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

const { threads: all } = workerData as WorkerSettings;

/** A held value: what the next run reads, and the buffer that the next run writes. */
interface Held {
  spec: SessionSpec['state'][number];
  front: ort.Tensor;
  back?: ort.Tensor;
}

interface Session {
  session: ort.InferenceSession;
  spec: SessionSpec;
  state: Map<string, Held>;
  prelude?: Prelude;
  /** Whether results go where there is memory already. */
  preallocated: boolean;
  /** What the prelude gave; absent until it is needed, and after state was written. */
  prepared?: ort.InferenceSession.ReturnType;
}

interface Prelude {
  session: ort.InferenceSession;
  spec: PreludeSpec;
}

const sessions = new Map<number, Session>();
const preludes = new Map<number, Prelude>();
let nextSession = 1;

function allocate({ shape, dtype }: ValueSpec): TensorData {
  return new arrayTypes[dtype](sizeOf(shape));
}

function toTensor(spec: ValueSpec, data: TensorData): ort.Tensor {
  return new ort.Tensor(spec.dtype as 'float32', data as Float32Array, spec.shape);
}

/** As the engine has it; docs/performance.md shows what each is worth. */
const ours: Required<SessionSettings> = {
  threads: all,
  // Threads that wait for work hold a core for a while. Within a run that is worth it; after one, other threads need the core.
  spinning: 'within runs',
  // A plan of the memory that a run needs would be held beside what the arena holds already: a third more, for no speed.
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

function open(model: Uint8Array, { profile, settings }: OpenOptions = {}): Promise<ort.InferenceSession> {
  const { threads, spinning, memoryPattern, arena, optimization, denormalsAsZero } = { ...ours, ...settings };
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
  const { preallocated } = { ...ours, ...options.settings };
  const state = new Map<string, Held>();
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

/** Opens a prelude and runs it once, on zeros: the runtime knows the shapes of its results best. */
async function openPrelude(spec: PreludeSpec): Promise<OpenedPrelude> {
  const session = await open(spec.model);
  const zeros = spec.inputs.map((entry) => [entry.name, toTensor(entry, allocate(entry))] as const);
  const found = (await session.run(Object.fromEntries(zeros))) as Record<string, ort.Tensor>;
  preludes.set(nextSession, { session, spec });
  return { prelude: nextSession++, shapes: spec.outputs.map((name) => found[name]!.dims) };
}

/** Computes what depends on held values alone, where they are new. */
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
  // The runtime finds memory for what is null.
  const fetches: Record<string, ort.Tensor | null> = {};
  for (const entry of spec.inputs) feeds[entry.name] = toTensor(entry, inputs[entry.name]!);
  for (const { spec: entry, front, back } of state.values()) {
    if (entry.read) feeds[entry.name] = front;
    if (entry.output !== undefined) fetches[entry.output] = back ?? null;
  }
  for (const entry of spec.outputs)
    fetches[entry.name] = preallocated ? toTensor(entry, allocate(entry)) : null;
  const found = (await session.run(feeds, fetches)) as Record<string, ort.Tensor>;
  for (const held of state.values()) {
    if (held.back) [held.front, held.back] = [held.back, held.front];
    else if (held.spec.output !== undefined) held.front = found[held.spec.output]!;
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

/** A model this much slower than the fastest is not run again, after so many turns: memory that is found late slows the first. */
const PRUNE_RATIO = [10, 5, 2, 1.5];
/**
 * Runs of a model in each of its turns. The first is not counted: threads of the model before may still be waiting for work, on the
 * cores that this one needs, and in the first turn memory is still being found.
 */
const RUNS = 3;

/**
 * Milliseconds of each model's fastest run on the same inputs, which are neither zero nor denormal. Models take turns, so
 * that what else happens on the machine meets all of them.
 */
async function compare(
  models: readonly Uint8Array[],
  { inputs, outputs }: Compared,
  rounds: number,
): Promise<number[]> {
  const feeds: Record<string, ort.Tensor> = {};
  // As in a step, results go where there is memory already.
  const fetches = Object.fromEntries(
    outputs.map((output) => [output.name, toTensor(output, allocate(output))] as const),
  );
  for (const entry of inputs) {
    const data = allocate(entry);
    for (let i = 0; i < data.length; i++)
      data[i] = entry.dtype === 'float32' ? ((i * 7919) % 1013) / 1013 - 0.5 : 0;
    feeds[entry.name] = toTensor(entry, data);
  }
  const candidates = await Promise.all(models.map((model) => open(model)));
  const best = candidates.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of candidates.entries()) {
      const hopeless = round === 0 ? Infinity : PRUNE_RATIO[Math.min(round, PRUNE_RATIO.length) - 1]!;
      if (best[i]! > hopeless * Math.min(...best)) continue;
      for (let time = 0; time < RUNS; time++) {
        const start = performance.now();
        await session.run(feeds, fetches);
        if (time >= (round === 0 ? 2 : 1)) best[i] = Math.min(best[i]!, performance.now() - start);
      }
    }
  }
  for (const session of candidates) await session.release();
  return best;
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
      return compare(request.models, request.values, request.rounds);
    case 'release': {
      const { session, prelude } = find(request.session);
      sessions.delete(request.session);
      session.endProfiling();
      await prelude?.session.release();
      return session.release();
    }
    case 'memory':
      return process.memoryUsage().rss;
  }
}

/** Buffers of a reply that can be handed over instead of copied. */
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
