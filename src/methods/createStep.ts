/** Creates a training step, and collects what a method calls on it into a program. */
import type { ProgramState, Values } from '../compile/index.ts';
import {
  createDropout,
  createVariables,
  featureLength,
  importedRates,
  type Variables,
} from '../nn/index.ts';
import {
  crossReplicaConcat,
  crossReplicaMean,
  input,
  sizeOf,
  type Tensor,
} from '../tensor/index.ts';
import { pairAgreement } from './contrastive.ts';
import { createModel, type Model, momentumCopy } from './model.ts';
import { type Objective, trainedState } from './objectives.ts';
import type { Moment } from './program.ts';
import { scheduleMoment, stageAt } from './stages.ts';
import {
  type DrawTime,
  nameOf,
  type StateValue,
  type Step,
  type StepOptions,
  type TrainingStep,
  vitalsOf,
} from './step.ts';

/** A scalar at a moment of its schedule, and of the run where stages restart the schedule. */
type Schedule = (moment: Moment, ofRun: Moment) => number;

/** All that a method has called on its step so far. */
interface Draft {
  readonly variables: Variables;
  /** Values of the state that have a first draw of their own. */
  readonly stored: Variables;
  readonly objectives: Objective[];
  readonly scalars: Map<string, Schedule>;
  readonly draws: ((at: DrawTime) => Values)[];
  readonly state: ProgramState[];
  readonly firsts: ((seed: number) => Values)[];
  readonly copies: ReturnType<typeof momentumCopy>[];
  readonly outputs: Record<string, Tensor>;
  readonly notes: string[];
  observed: Pick<
    TrainingStep,
    'randomBaselineLoss' | 'agreementChance' | 'geometry' | 'isLossJudged'
  >;
}

/** An empty step and its model, and `build`, which turns what was called on them into a program. */
export function createStep(options: StepOptions): {
  step: Step;
  model: Model;
  build(): TrainingStep;
} {
  const { encoder, project, replicas = 1, batchNorm = 'own', first } = options;
  const joined = joinedOf(options);
  const draft: Draft = {
    variables: createVariables({ batchNormReplicas: batchNorm === 'joined' ? replicas : 1, first }),
    stored: createVariables(),
    objectives: [],
    scalars: new Map(),
    draws: [],
    state: [],
    firsts: [],
    copies: [],
    outputs: {},
    notes: [],
    observed: {},
  };
  const network = watched(draft.variables);
  const model = createModel(network.variables, { encoder, project, joined });
  return {
    step: stepOf(draft, options),
    model: {
      ...model,
      variables: { ...draft.variables, batchNormReplicas: model.variables.batchNormReplicas },
      encoderVariables: network.variables,
    },
    build: () => ({
      ...buildStep(draft, options),
      encoderState: [...new Set([...network.names(), ...namesOfHeads(options)])],
    }),
  };
}

/** Replicas whose features the step joins. */
function joinedOf({ rows = 'all', replicas = 1, rank = 0, batchSize }: StepOptions) {
  return rows === 'all' && replicas > 1 ? { replicas, rank, batchSize } : undefined;
}

/** The step as a method sees it, which adds to a draft. */
function stepOf(draft: Draft, options: StepOptions): Step {
  const { images, encoder, project, stages = [] } = options;
  const { draws, firsts, outputs } = draft;
  const joined = joinedOf(options);
  const rank = joined ? 0 : (options.rank ?? 0);
  const replicas = joined ? 1 : (options.replicas ?? 1);
  const batchSize = options.batchSize * (joined?.replicas ?? 1);

  function stateValue(current: Tensor): StateValue {
    const entry: ProgramState = { current };
    draft.state.push(entry);
    return {
      current,
      set(next) {
        entry.next = next;
      },
    };
  }
  function scalar(key: string, schedule: Schedule): Tensor {
    draft.scalars.set(key, schedule);
    return input(key, []);
  }
  return {
    batchSize,
    replicas,
    images,
    indices: input('indices', [batchSize], 'int32'),
    minimize: (loss, given = {}) => void draft.objectives.push({ ...given, loss }),
    scalar: (key, schedule) => scalar(key, (moment) => schedule(moment)),
    during: (stage) =>
      scalar(`stage.${stage}`, (_, ofRun) => (stageAt(stages, ofRun)?.name === stage ? 1 : 0)),
    draw(key, shape, sampler, dtype) {
      draws.push((at) => ({ [key]: sampler({ ...at, firstRow: rank * batchSize }) }) as Values);
      return input(key, shape, dtype);
    },
    dropout(given) {
      const source = createDropout(given);
      draws.push(({ step: at, seed }) => source.draws(at, seed));
      return (x, layer, { rank: of = rank } = {}) => source.drop(x, layer, { rank: of });
    },
    state(key, shape, first) {
      if (first) firsts.push((seed) => ({ [key]: first(seed) }));
      return stateValue(input(key, shape));
    },
    randomState: (key, shape, initialize) =>
      stateValue(draft.stored.buffer(key, shape, initialize)),
    acrossReplicas: (x) => (joined ? x : crossReplicaConcat(x, replicas)),
    momentumCopy(given) {
      const copy = momentumCopy(draft.variables, { encoder, project, joined }, given);
      draft.copies.push(copy);
      return copy;
    },
    fact(key, value) {
      outputs[`fact.${key}`] = value;
    },
    observe({ embeddings, pairs, agreement, usage, ...rest }) {
      Object.assign(outputs, vitalsOf(embeddings));
      if (pairs) outputs.agreement = pairAgreement(...pairs);
      if (agreement) outputs.agreement = agreement;
      if (usage) outputs.usage = usage;
      const isOfPairs = pairs !== undefined && agreement === undefined;
      draft.observed = { ...rest, ...(isOfPairs && { agreementChance: 1 / pairs[0].shape[0]! }) };
    },
    note: (text) => void draft.notes.push(text),
  };
}

/** The program of a complete draft. */
function buildStep(draft: Draft, options: StepOptions): Omit<TrainingStep, 'encoderState'> {
  const { name, stages = [], replicas = 1 } = options;
  const { variables, stored, copies, scalars, draws, firsts } = draft;
  const rateOf = options.encoder.model === undefined ? undefined : importedRates(options.encoder);
  const trained = trainedState(variables, draft.objectives, {
    ...options,
    ...(rateOf && { rateOf }),
  });
  const state = [
    ...trained.state,
    ...copies.flatMap((copy) => copy.variables.state(trained.nextOf)),
    ...draft.state,
  ];
  return {
    gradients: trained.gradients,
    rows: options.rows ?? 'all',
    ...draft.observed,
    notes: draft.notes,
    program: {
      name: `${name}-step`,
      state,
      outputs: ofAllReplicas({ ...draft.outputs, loss: trained.loss }),
      replicas,
    },
    optimizerState: trained.optimizerState,
    trained: Object.keys(trained.gradients),
    initialState: (seed, given) =>
      initialStateOf(state, [
        variables.initialValues(seed),
        ...copies.map((copy) => copy.variables.initialValues(seed, given)),
        stored.initialValues(seed),
        ...firsts.map((first) => first(seed)),
      ]),
    scalars(ofRun) {
      const moment = scheduleMoment(stages, ofRun);
      return {
        ...Object.fromEntries(
          [...scalars].map(([key, schedule]) => [key, schedule(moment, ofRun)]),
        ),
        ...trained.scalars(moment),
      };
    },
    ...(draws.length > 0 && {
      draws: ({ step: at }: Moment, seed: number) =>
        Object.assign({}, ...draws.map((draw) => draw({ step: at, seed }))) as Values,
    }),
  };
}

/** Means over replicas, so that all of them come to the same verdict. */
function ofAllReplicas(outputs: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, crossReplicaMean(value)]),
  );
}

/**
 * Lists the values that the method's heads read, whether the step calls them or writes their layers
 * itself.
 */
function namesOfHeads({ encoder, project, assign }: StepOptions): string[] {
  const heads = watched(createVariables({ mode: 'evaluate' }));
  const features = input('features', [1, featureLength(encoder)]);
  project(heads.variables, features);
  assign?.(heads.variables, features);
  return heads.names();
}

/** Variables that remember the names that were asked for through them. */
function watched(variables: Variables): { variables: Variables; names(): string[] } {
  const asked = new Set<string>();
  const remembering =
    (ask: Variables['parameter']): Variables['parameter'] =>
    (name, shape, initialize) => {
      asked.add(name);
      return ask(name, shape, initialize);
    };
  return {
    variables: {
      ...variables,
      parameter: remembering(variables.parameter),
      buffer: remembering(variables.buffer),
    },
    names: () => [...asked],
  };
}

/** First values of a state: those given, and zeros for the rest, such as optimizer state. */
function initialStateOf(state: readonly ProgramState[], given: readonly Values[]): Values {
  const zeros = state.map(
    ({ current }) => [nameOf(current), new Float32Array(sizeOf(current.shape))] as const,
  );
  return Object.assign(Object.fromEntries(zeros), ...given);
}
