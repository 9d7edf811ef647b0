/**
 * The training step as a method writes it: losses to minimize, scalars, random draws and state.
 *
 * Everything that a step needs is named once, where it is used: the tensor, its values over time,
 * and its first value. From these the trainer's `StepProgram` is built.
 */

import type { ProgramState, Values } from '../compile/index.ts';
import {
  createDropout,
  createVariables,
  type Drop,
  featureLength,
  type Initializer,
  type Variables,
} from '../nn/index.ts';
import {
  crossReplicaConcat,
  type DType,
  input,
  matmul,
  mean,
  mul,
  type Shape,
  sizeOf,
  type Tensor,
  type TensorData,
  transpose,
} from '../tensor/index.ts';
import { pairAgreement } from './contrastive.ts';
import { createModel, type Model, type MomentumCopyOptions, momentumCopy, type Project } from './model.ts';
import { type MinimizeOptions, type Objective, trainedState } from './objectives.ts';
import type { MethodHead, Moment, StepContext, StepProgram } from './program.ts';
import { type StageSpan, scheduleMoment, stageAt } from './stages.ts';

export interface Observation {
  /** Embeddings [B, D] that the run doctor watches. */
  embeddings: Tensor;
  /**
   * Region that healthy embeddings fill: the unit sphere, or a standard normal. Default: `sphere`.
   */
  geometry?: 'sphere' | 'gaussian';
  /** Embeddings of two views, [B, D] each: the fraction of images that find their own partner. */
  pairs?: readonly [Tensor, Tensor];
  /** Fraction of images whose two views agree, where it is measured in another way than `pairs`. */
  agreement?: Tensor;
  /** Mean assignment to each prototype over the batch, [K]. */
  usage?: Tensor;
  /** Loss of a network that tells nothing apart. Absent: the loss says nothing about a collapse. */
  randomBaselineLoss?: number;
}

/** A value that outlives a step. */
export interface StateValue {
  /** The value as the step finds it. */
  readonly current: Tensor;
  /** Sets the value that the step leaves; without a call it stays. */
  set(next: Tensor): void;
}

export interface Step {
  /** B, images per batch and replica. */
  readonly batchSize: number;
  /** R, replicas that train together. */
  readonly replicas: number;
  /** N, images that are trained on. */
  readonly images: number;
  /** Positions of the batch's images among all N, int32 [B]. */
  readonly indices: Tensor;
  /** Updates parameters along the gradient of a loss; may be called for several groups of them. */
  minimize(loss: Tensor, options?: MinimizeOptions): void;
  /** A number that follows a schedule, []. */
  scalar(name: string, schedule: (moment: Moment) => number): Tensor;
  /** 1 in the steps of a stage of the method, 0 in all others, []. */
  during(stage: string): Tensor;
  /** Values that are drawn in each step, by (seed, step) alone. */
  draw(
    name: string,
    shape: Shape,
    sampler: (at: { step: number; seed: number }) => TensorData,
    dtype?: DType,
  ): Tensor;
  /** Random masks for dropout layers. */
  dropout(): Drop;
  /** A value of the run's state; `first` gives its bytes before the first step. Default: zeros. */
  state(name: string, shape: Shape, first?: (seed: number) => Float32Array): StateValue;
  /** A value of the run's state whose first bytes are drawn from a stream of its own name. */
  randomState(name: string, shape: Shape, initialize: Initializer): StateValue;
  /** Rows [R n, ...] of all replicas' x [n, ...], in the order of their ranks. */
  acrossReplicas(x: Tensor): Tensor;
  /** A moving average of the model. */
  momentumCopy(options: MomentumCopyOptions): Model;
  /** A number that is written to the event log in each step. */
  fact(name: string, value: Tensor): void;
  /** Tensors that the run doctor watches; called once. */
  observe(observation: Observation): void;
  /** A sentence that a person reads when training starts. */
  note(text: string): void;
}

/** A built step. */
export interface TrainingStep extends StepProgram {
  /** Gradients by the names of the parameters, for tests. */
  gradients: Record<string, Tensor>;
  /** Names of the state's values that the encoder and the heads read. */
  encoderState: readonly string[];
}

export interface StepOptions extends Omit<StepContext, 'crops' | 'normalize' | 'imageSize'> {
  /** Name of the method. */
  name: string;
  project: Project;
  /** Probabilities of the clusters, of methods that learn them. */
  assign?: MethodHead['assign'];
  /** Default: one stage, the whole run. */
  stages?: readonly StageSpan[];
}

/** A scalar at a moment of its schedule, and of the run where stages restart the schedule. */
type Schedule = (moment: Moment, ofRun: Moment) => number;

/** An empty step and its model, and `build`, which turns what was called on them into a program. */
export function createStep(options: StepOptions): { step: Step; model: Model; build(): TrainingStep } {
  const { name, batchSize, images, encoder, project, assign, stages = [] } = options;
  const { replicas = 1, batchNorm = 'own' } = options;
  const variables = createVariables({ batchNormReplicas: batchNorm === 'joined' ? replicas : 1 });
  const stored = createVariables();
  const network = watched(variables);
  const model = { ...createModel(network.variables, { encoder, project }), variables };
  const objectives: Objective[] = [];
  const scalars = new Map<string, Schedule>();
  const draws: ((at: { step: number; seed: number }) => Values)[] = [];
  const state: ProgramState[] = [];
  const firsts: ((seed: number) => Values)[] = [];
  const copies: ReturnType<typeof momentumCopy>[] = [];
  const outputs: Record<string, Tensor> = {};
  const notes: string[] = [];
  let observed: Pick<Observation, 'randomBaselineLoss' | 'geometry'> = {};

  /**
   * Lists the values that the method's heads read, whether the step calls them or writes their
   * layers itself.
   */
  function namesOfHeads(): string[] {
    const heads = watched(createVariables({ mode: 'evaluate' }));
    const features = input('features', [1, featureLength(encoder)]);
    project(heads.variables, features);
    assign?.(heads.variables, features);
    return heads.names();
  }

  function stateValue(current: Tensor): StateValue {
    const entry: ProgramState = { current };
    state.push(entry);
    return {
      current,
      set(next) {
        entry.next = next;
      },
    };
  }
  function scalar(key: string, schedule: Schedule): Tensor {
    scalars.set(key, schedule);
    return input(key, []);
  }

  const step: Step = {
    batchSize,
    replicas,
    images,
    indices: input('indices', [batchSize], 'int32'),
    minimize: (loss, given = {}) => void objectives.push({ ...given, loss }),
    scalar: (key, schedule) => scalar(key, (moment) => schedule(moment)),
    during: (stage) =>
      scalar(`stage.${stage}`, (_, ofRun) => (stageAt(stages, ofRun)?.name === stage ? 1 : 0)),
    draw(key, shape, sampler, dtype) {
      draws.push((at) => ({ [key]: sampler(at) }) as Values);
      return input(key, shape, dtype);
    },
    dropout() {
      const source = createDropout();
      draws.push(({ step: at, seed }) => source.draws(at, seed));
      return source.drop;
    },
    state(key, shape, first) {
      if (first) firsts.push((seed) => ({ [key]: first(seed) }));
      return stateValue(input(key, shape));
    },
    randomState: (key, shape, initialize) => stateValue(stored.buffer(key, shape, initialize)),
    acrossReplicas: (x) => crossReplicaConcat(x, replicas),
    momentumCopy(given) {
      const copy = momentumCopy(variables, { encoder, project }, given);
      copies.push(copy);
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
      observed = rest;
    },
    note: (text) => void notes.push(text),
  };

  function build(): TrainingStep {
    const trained = trainedState(variables, objectives, options);
    const whole = [
      ...trained.state,
      ...copies.flatMap((copy) => copy.variables.state(trained.nextOf)),
      ...state,
    ];
    return {
      gradients: trained.gradients,
      ...observed,
      notes,
      program: {
        name: `${name}-step`,
        state: whole,
        outputs: { ...outputs, loss: trained.loss },
        replicas,
      },
      optimizerState: trained.optimizerState,
      initialState: (seed, given) =>
        initialStateOf(whole, [
          variables.initialValues(seed),
          ...copies.map((copy) => copy.variables.initialValues(seed, given)),
          stored.initialValues(seed),
          ...firsts.map((first) => first(seed)),
        ]),
      scalars(ofRun) {
        const moment = scheduleMoment(stages, ofRun);
        return {
          ...Object.fromEntries([...scalars].map(([key, schedule]) => [key, schedule(moment, ofRun)])),
          ...trained.scalars(moment),
        };
      },
      ...(draws.length > 0 && {
        draws: ({ step: at }: Moment, seed: number) =>
          Object.assign({}, ...draws.map((draw) => draw({ step: at, seed }))) as Values,
      }),
      encoderState: [...new Set([...network.names(), ...namesOfHeads()])],
    };
  }
  return { step, model, build };
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

/** Name of an input. */
export function nameOf(tensor: Tensor): string {
  return tensor.node.attributes.name as string;
}

/** Mean of embeddings z [B, D], and mean of z zᵀ, which the run doctor watches. */
export function vitalsOf(z: Tensor): { embeddingMean: Tensor; embeddingMoment: Tensor } {
  return {
    embeddingMean: mean(z, { axes: [0] }), // [D]
    embeddingMoment: mul(matmul(transpose(z), z), 1 / z.shape[0]!), // [D, D]
  };
}
