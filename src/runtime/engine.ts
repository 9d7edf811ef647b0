/**
 * The engine: compiles graphs of tensors and runs them, in a worker thread, on one device.
 *
 * A program is a pure function of its inputs and its state. State stays on the device: each run reads it and
 * replaces it, in two sets of buffers that are swapped.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { workerUrl } from '../core/workers.ts';
import {
  arrayTypes,
  type Node,
  nodesOf,
  showShape,
  simplify,
  sizeOf,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import { splitHeld } from './lowering/heldValues.ts';
import { type Capabilities, type Device, filterOrders, lower, type Plan, planKey } from './lowering/index.ts';
import { encodeOnnx, type OnnxGraph } from './onnx.ts';
import { completePlan, type OnTimed } from './plan.ts';
import { probeBlocks, type RunProbe } from './probeBlocks.ts';
import type {
  Envelope,
  HeldFilters,
  OpenedPrelude,
  Reply,
  Request,
  SessionSettings,
  SessionSpec,
  StateSpec,
  Values,
} from './protocol.ts';

export interface ProgramState {
  /** The input node through which the graph reads the value. */
  current: Tensor;
  /** What replaces it after each run; absent: it is held unchanged. */
  next?: Tensor;
}

export interface Program {
  outputs: Readonly<Record<string, Tensor>>;
  state?: readonly ProgramState[];
  /** Shown in the saved graph. */
  name?: string;
}

export interface CompileOptions {
  /** Formulations already decided (from the run that is resumed); others are decided as the engine is set to. */
  plan?: Plan;
  /** Told of formulations as they are measured. */
  onTimed?: OnTimed;
  /** Prefix of a profile in Chrome's trace format that ONNX Runtime writes when the executable is disposed of. */
  profile?: string;
  /** Settings of the runtime that differ from the engine's. With one thread, rows are scattered without ordering threads first. */
  session?: SessionSettings;
}

export interface Executable {
  /** The formulations that this program uses. */
  readonly plan: Plan;
  /** The compiled graph as an ONNX file. */
  readonly model: Uint8Array;
  /** Number of operators of the graph, before lowering. */
  readonly nodeCount: number;
  /**
   * Runs once. With `transfer`, the inputs' buffers are handed over and cannot be read afterwards. Inputs in shared memory are read where
   * they are: they must not change before the results are there.
   */
  run(inputs: Values, options?: { transfer?: boolean }): Promise<Values>;
  /** Copies of the held values, or of those named. */
  readState(names?: readonly string[]): Promise<Values>;
  writeState(values: Values): Promise<void>;
  dispose(): Promise<void>;
}

export interface EngineOptions {
  device?: Device;
  /** Threads of the runtime; default: all cores. Part of what makes results repeatable. */
  threads?: number;
  /** Whether formulations are measured where the plan is silent, or the defaults taken (the default). */
  tuning?: 'measure' | 'defaults';
  /** Plan of earlier measurements, and where new ones go. */
  remembered?: { load(): Plan; save(added: Plan): void };
  /** What the device can do beyond the standard; default: found out by trying. */
  capabilities?: Capabilities;
}

export interface Engine {
  readonly device: Device;
  readonly threads: number;
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Resident memory of the process, in bytes. */
  memory(): Promise<number>;
  /** Ends the engine after the runs that are on their way; nothing new is taken. */
  close(): Promise<void>;
}

/** Starts the worker thread and returns the engine on it. */
export async function openEngine({
  device = 'cpu',
  threads = availableParallelism(),
  tuning = 'defaults',
  remembered,
  capabilities: given,
}: EngineOptions = {}): Promise<Engine> {
  const { ask, close } = startWorker(threads);
  const known = given ?? { block: await probeBlocks(probeRunner(ask)) };

  async function compile(
    program: Program,
    { plan = {}, profile, session: settings, onTimed }: CompileOptions = {},
  ): Promise<Executable> {
    const state = program.state ?? [];
    const capabilities = { ...known, isSerial: (settings?.threads ?? threads) === 1 };
    const graph = simplify({
      ...program.outputs,
      ...Object.fromEntries(state.flatMap(({ current, next }) => (next ? [[nextName(current), next]] : []))),
    });
    const nodes = nodesOf(Object.values(graph));
    const held = new Set(
      state.filter(({ next }) => !next).map(({ current }) => String(current.node.attributes.name)),
    );
    const full = await completePlan(nodes, {
      device,
      capabilities,
      held,
      plan: { ...remembered?.load(), ...plan },
      measure:
        tuning === 'measure'
          ? (models, values, rounds) => ask({ kind: 'compare', models, values, rounds })
          : undefined,
      onMeasured: (added) => remembered?.save(added),
      onTimed,
    });
    const replaced = state.flatMap(({ current, next }) =>
      next ? [{ current, next: graph[nextName(current)]! }] : [],
    );
    const orders = filterOrders(nodes, replaced, capabilities, (node) => full[planKey(node)]);
    const ordered = replaced.filter(({ current }) => orders.has(current));
    const inOrder = new Set(ordered.flatMap(({ current }) => [nameOf(current), nextName(current)]));
    const whole = lower(graph, { device, capabilities, plan: full, name: program.name, orders, inOrder });
    const { main, prelude } = splitHeld(whole, held);
    const model = encodeOnnx(whole);
    const specs = sessionSpec(program, nodes, {
      reads: new Set(main.inputs.map(({ name }) => name)),
      filters: new Map(
        ordered.map(({ current }) => [
          nameOf(current),
          { order: orders.get(current)!, block: capabilities.block },
        ]),
      ),
    });
    const spec: SessionSpec = {
      ...specs,
      ...(prelude ? await withPrelude(main, prelude, specs.state) : { model }),
    };
    const session = await ask<number>({ kind: 'create', spec, profile, settings });
    const names = new Set(spec.state.map(({ name }) => name));
    return {
      plan: full,
      model,
      nodeCount: nodes.length,
      run(inputs, { transfer = false } = {}) {
        checkValues('run', spec.inputs, inputs);
        // Only what the graph reads is sent: inputs on which no output depends were removed with the dead nodes.
        const sent = Object.fromEntries(
          spec.inputs.map(({ name }) => [name, transfer ? inputs[name]! : alone(inputs[name]!)]),
        );
        const buffers = transfer
          ? [...new Set(Object.values(sent).filter((values) => !isShared(values)))].map(
              ({ buffer }) => buffer as ArrayBuffer,
            )
          : [];
        return ask<Values>({ kind: 'run', session, inputs: sent }, buffers);
      },
      readState: (names) => ask<Values>({ kind: 'readState', session, names }),
      writeState(values) {
        for (const name of Object.keys(values)) {
          if (!names.has(name)) {
            throw new LikenessError(
              'state.unknown',
              `writeState: received "${name}"; expected one of ${[...names].join(', ')}`,
            );
          }
        }
        checkValues(
          'writeState',
          spec.state.filter(({ name }) => name in values),
          values,
        );
        return ask<void>({ kind: 'writeState', session, values });
      },
      dispose: () => ask<void>({ kind: 'release', session }),
    };
  }

  /** Opens the prelude; its results are inputs of the main graph, whose optimiser must know their shapes. */
  async function withPrelude(main: OnnxGraph, prelude: OnnxGraph, state: readonly StateSpec[]) {
    const read = new Set(prelude.inputs.map(({ name }) => name));
    const outputs = prelude.outputs.map(({ name }) => name);
    const opened = await ask<OpenedPrelude>({
      kind: 'openPrelude',
      spec: { model: encodeOnnx(prelude), inputs: state.filter(({ name }) => read.has(name)), outputs },
    });
    const shapes = new Map(outputs.map((name, i) => [name, opened.shapes[i]!]));
    const inputs = main.inputs.map((value) => ({ ...value, shape: shapes.get(value.name) ?? value.shape }));
    return { model: encodeOnnx({ ...main, inputs }), prelude: opened.prelude };
  }

  return { device, threads, compile, memory: () => ask<number>({ kind: 'memory' }), close };
}

/** Values that share no memory with others: a view is sent with all that lies around it, such as the rest of a file. */
function alone(values: TensorData): TensorData {
  return !isShared(values) && values.byteLength < values.buffer.byteLength ? values.slice() : values;
}

/** Whether the worker thread sees the same memory: then nothing is sent. */
function isShared({ buffer }: TensorData): boolean {
  return buffer instanceof SharedArrayBuffer;
}

type Ask = <T>(request: Request, transfer?: ArrayBuffer[]) => Promise<T>;

/** Runs probes on the worker thread. */
function probeRunner(ask: Ask): RunProbe {
  return async ({ model, inputs, outputs }, values) => {
    const spec = { model, inputs, outputs: outputs.flat(), state: [] } as SessionSpec;
    const session = await ask<number>({ kind: 'create', spec });
    try {
      return await ask<Values>({ kind: 'run', session, inputs: values });
    } finally {
      await ask<void>({ kind: 'release', session });
    }
  };
}

function nameOf(input: Tensor): string {
  return String(input.node.attributes.name);
}

function nextName(current: Tensor): string {
  return `${nameOf(current)}:next`;
}

/** What goes in and out; `reads`: the names that a run reads; `filters`: those that are held in an order of their own. */
function sessionSpec(
  program: Program,
  nodes: readonly Node[],
  { reads, filters }: { reads: ReadonlySet<string>; filters: ReadonlyMap<string, HeldFilters> },
): Omit<SessionSpec, 'model'> {
  const read = new Map<string, Tensor>();
  for (const node of nodes) {
    if (node.operator !== 'input') continue;
    const name = node.attributes.name as string;
    if (read.has(name)) {
      throw new LikenessError(
        'input.duplicate',
        `two inputs are named "${name}"; expected one tensor per name`,
      );
    }
    read.set(name, node.outputs[0]!);
  }
  const state: StateSpec[] = (program.state ?? []).map(({ current, next }) => {
    const name = current.node.attributes.name as string;
    if (next && showShape(next.shape) !== showShape(current.shape)) {
      throw new LikenessError(
        'shape.mismatch',
        `state "${name}": received a next value of shape ${showShape(next.shape)}; expected ${showShape(current.shape)}`,
      );
    }
    const { shape, dtype } = current;
    const output = next && nextName(current);
    return { name, shape, dtype, read: reads.has(name), output, filters: filters.get(name) };
  });
  const taken = Object.keys(program.outputs).find((name) => read.has(name));
  if (taken !== undefined) {
    throw new LikenessError(
      'output.duplicate',
      `output "${taken}" has the name of an input; expected another name`,
    );
  }
  const held = new Set(state.map(({ name }) => name));
  const inputs = [...read].flatMap(([name, { shape, dtype }]) =>
    held.has(name) ? [] : [{ name, shape, dtype }],
  );
  const outputs = Object.entries(program.outputs).map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  return { inputs, outputs, state };
}

function checkValues(what: string, specs: SessionSpec['inputs'], values: Values): void {
  for (const { name, shape, dtype } of specs) {
    const value = values[name];
    const kind = arrayTypes[dtype];
    if (!(value instanceof kind) || value.length !== sizeOf(shape)) {
      const received =
        value === undefined ? 'nothing' : `${value.constructor.name} of ${value.length} values`;
      throw new LikenessError(
        'input.mismatch',
        `${what}: "${name}" received ${received}; expected ${kind.name} of shape ${showShape(shape)}`,
      );
    }
  }
}

/** The worker thread behind a function that asks it and waits for its answer. */
function startWorker(threads: number) {
  const worker = new Worker(workerUrl(import.meta.url, './engine.worker'), { workerData: { threads } });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let ended: Error | undefined;
  /** Told when nothing is waited for any more. */
  let onIdle = () => {};
  const closed = () => new LikenessError('runtime.closed', 'the engine was closed');

  worker.on('message', (reply: Reply) => {
    const promise = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if (waiting.size === 0) {
      worker.unref();
      onIdle();
    }
    if ('error' in reply)
      promise.reject(new LikenessError('runtime.failed', `the engine refused: ${reply.error}`));
    else promise.resolve(reply.result);
  });
  const end = (error: Error) => {
    ended = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onIdle();
  };
  worker.on('error', (error) =>
    end(new LikenessError('runtime.failed', `the engine stopped: ${reasonOf(error)}`)),
  );
  worker.on('exit', () => end(closed()));
  // An engine that nobody waits for does not keep the process alive.
  worker.unref();

  function ask<T>(request: Request, transfer: ArrayBuffer[] = []): Promise<T> {
    if (ended) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
      worker.postMessage({ id, request } satisfies Envelope, transfer);
    });
  }

  /** Takes nothing new, and ends the thread when it has done what it was asked: ended within a run, it would take the process with it. */
  async function close(): Promise<void> {
    ended ??= closed();
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
    }
    await worker.terminate();
  }
  return { ask, close };
}
