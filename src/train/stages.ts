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

/** Opens the step of an epoch with the state of a run. */
export async function openStages(
  options: StagesOptions,
  { epoch, state, plan: known = {} }: { epoch: number; state: Values; plan?: Plan | undefined },
): Promise<Stages> {
  const { engine, method, seed, onEvent = () => {}, now = monotonicNow } = options;
  const names = method.steps.map(stateNames);
  let plan = known;
  let resting: Values = {};
  let step = stepOfEpoch(method, epoch);
  let executable = await open(state);

  async function open(values: Values): Promise<Executable> {
    const started = now();
    const compiled = await engine.compile(step.program, { plan });
    plan = { ...plan, ...compiled.plan };
    onEvent({ kind: 'compiled', seconds: (now() - started) / 1000, nodes: compiled.nodeCount });
    try {
      await options.onCompiled?.({ plan, model: compiled.model, firstEpoch: step.firstEpoch });
      const own = stateNames(step);
      const isResting = (name: string) => !own.has(name) && names.some((all) => all.has(name));
      resting = pick(values, isResting);
      // A name that no step has is refused.
      await compiled.writeState(pick(values, (name) => !isResting(name)));
      return compiled;
    } catch (error) {
      await compiled.dispose().catch(() => {});
      throw error;
    }
  }
  async function readState(asked?: readonly string[]): Promise<Values> {
    if (!asked) return { ...resting, ...(await executable.readState()) };
    const own = asked.filter((name) => !(name in resting));
    return {
      ...pick(resting, (name) => asked.includes(name)),
      ...(own.length > 0 && (await executable.readState(own))),
    };
  }
  async function writeState(values: Values): Promise<void> {
    Object.assign(
      resting,
      pick(values, (name) => name in resting),
    );
    await executable.writeState(pick(values, (name) => !(name in resting)));
  }

  /** First values of what the current step does not continue from the steps before it. */
  async function firstValues(isNew: boolean, restart: boolean): Promise<Values> {
    const earlier = names.slice(0, isNew ? method.steps.indexOf(step) : undefined);
    const known = (name: string) => earlier.some((all) => all.has(name));
    const optimizer = new Set(restart ? step.optimizerState : []);
    const isFirst = (name: string) => !known(name) || optimizer.has(name);
    if (![...stateNames(step)].some(isFirst)) return {};
    return pick(step.initialState(seed, await readState()), isFirst);
  }

  return {
    get step() {
      return step;
    },
    get plan() {
      return plan;
    },
    run: (...given) => executable.run(...given),
    readState,
    writeState,
    async begin(epoch) {
      const next = stepOfEpoch(method, epoch);
      if (next !== step) {
        const state = await readState();
        await executable.dispose();
        step = next;
        executable = await open(state);
      }
      const isNew = epoch > 0 && step.firstEpoch === epoch;
      const restart = epoch > 0 && (method.stageStart?.(epoch)?.restart ?? false);
      if (isNew || restart) await writeState(await firstValues(isNew, restart));
      return isNew;
    },
    dispose: () => executable.dispose(),
  };
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
