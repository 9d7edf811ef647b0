/** The compiled step of the stage that a run is in, and the state of the whole run. */
import type { Engine, Executable } from '../backends/index.ts';
import type { Plan, Values } from '../compile/index.ts';
import type { MethodProgram, StageProgram } from '../methods/index.ts';
import { monotonicNow, type Now } from './clock.ts';
import type { TrainEvent } from './events.ts';

/** Receives a step that has been compiled, before its first run. */
export type OnCompiled = (compiled: {
  /** Kernels of this step and of those before it. */
  plan: Plan;
  model: Uint8Array;
  /** First epoch that takes the step. */
  firstEpoch: number;
}) => Promise<void>;

export interface StagesOptions {
  engine: Engine;
  method: MethodProgram;
  seed: number;
  onCompiled?: OnCompiled | undefined;
  /** Ends the timing of kernels. The promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  onEvent?(event: TrainEvent): void;
  now?: Now;
}

/** The steps of a run, one of which is compiled at a time. */
export interface Stages {
  /** The current step. */
  readonly step: StageProgram;
  /** Kernels of all steps so far. */
  readonly plan: Plan;
  run: Executable['run'];
  /** Copies of the state of all steps, or of the named values. */
  readState(names?: readonly string[]): Promise<Values>;
  writeState(values: Values): Promise<void>;
  /**
   * Takes the step of an epoch. Where a stage begins with the epoch, initializes what it does not
   * continue: values that no earlier step has and, on a restart, the optimizer. True where the step
   * is another than in the epoch before. Repeating it before the first step changes nothing.
   */
  begin(epoch: number): Promise<boolean>;
  dispose(): Promise<void>;
}

/** A compiled step, and the values of the run's state that it does not have. */
interface Opened {
  step: StageProgram;
  executable: Executable;
  resting: Values;
  plan: Plan;
}

/** Opens the step of an epoch with the state of a run. */
export async function openStages(
  options: StagesOptions,
  { epoch, state, plan = {} }: { epoch: number; state: Values; plan?: Plan | undefined },
): Promise<Stages> {
  const { method, seed } = options;
  let current = await openStep(options, stepOfEpoch(method, epoch), { state, plan });
  const readAll = (names?: readonly string[]) => readFrom(current, names);

  return {
    get step() {
      return current.step;
    },
    get plan() {
      return current.plan;
    },
    run: (...given) => current.executable.run(...given),
    readState: readAll,
    writeState: (values) => writeTo(current, values),
    async begin(epoch) {
      const next = stepOfEpoch(method, epoch);
      if (next !== current.step) {
        const state = await readAll();
        await current.executable.dispose();
        // The state stays readable where the next step is not compiled.
        current = { ...current, executable: noExecutable, resting: state };
        current = await openStep(options, next, { state, plan: current.plan });
      }
      const isNew = epoch > 0 && next.firstEpoch === epoch;
      const restart = epoch > 0 && (method.stageStart?.(epoch)?.restart ?? false);
      const first = [
        ...(isNew ? newNames(method, next) : []),
        ...(restart ? next.optimizerState : []),
      ];
      if (first.length > 0) {
        const values = next.initialState(seed, await readAll());
        await writeTo(
          current,
          pick(values, (name) => first.includes(name)),
        );
      }
      return isNew;
    },
    dispose: () => current.executable.dispose(),
  };
}

/** Compiles a step and gives it its part of the state. */
async function openStep(
  { engine, method, signal, onCompiled, onEvent = () => {}, now = monotonicNow }: StagesOptions,
  step: StageProgram,
  { state, plan: known }: { state: Values; plan: Plan },
): Promise<Opened> {
  const started = now();
  const executable = await engine.compile(step.program, { plan: known, signal });
  const plan = { ...known, ...executable.plan };
  onEvent({ kind: 'compiled', seconds: (now() - started) / 1000, nodes: executable.nodeCount });
  try {
    await onCompiled?.({ plan, model: executable.model, firstEpoch: step.firstEpoch });
    const own = stateNames(step);
    const others = method.steps.map(stateNames);
    const isResting = (name: string) => !own.has(name) && others.some((names) => names.has(name));
    // A name that no step has is refused.
    await executable.writeState(pick(state, (name) => !isResting(name)));
    return { step, executable, resting: pick(state, isResting), plan };
  } catch (error) {
    await executable.dispose().catch(() => {});
    throw error;
  }
}

async function readFrom(
  { executable, resting }: Opened,
  names?: readonly string[],
): Promise<Values> {
  if (!names) return { ...resting, ...(await executable.readState()) };
  const own = names.filter((name) => !(name in resting));
  return {
    ...pick(resting, (name) => names.includes(name)),
    ...(own.length > 0 && (await executable.readState(own))),
  };
}

async function writeTo({ executable, resting }: Opened, values: Values): Promise<void> {
  const isResting = (name: string) => name in resting;
  Object.assign(resting, pick(values, isResting));
  await executable.writeState(pick(values, (name) => !isResting(name)));
}

/** Names of a step's state that no earlier step has. */
function newNames({ steps }: MethodProgram, step: StageProgram): string[] {
  const earlier = steps.slice(0, steps.indexOf(step)).map(stateNames);
  return [...stateNames(step)].filter((name) => !earlier.some((names) => names.has(name)));
}

/** The step that an epoch takes. */
function stepOfEpoch({ steps }: MethodProgram, epoch: number): StageProgram {
  return steps.findLast(({ firstEpoch }) => firstEpoch <= epoch) ?? steps[0];
}

function stateNames({ program }: StageProgram): ReadonlySet<string> {
  return new Set((program.state ?? []).map(({ current }) => String(current.node.attributes.name)));
}

function pick(values: Values, isPicked: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isPicked(name)));
}

/** Stands between two steps. It has no state. */
const noExecutable: Executable = {
  plan: {},
  model: new Uint8Array(),
  nodeCount: 0,
  run: () => Promise.reject(new Error('run: between two stages')),
  readState: async () => ({}),
  writeState: async () => {},
  dispose: async () => {},
};
