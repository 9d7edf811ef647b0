/** What the steps of all methods share: the optimiser's updates as state, first values, and what the doctor watches. */
import type { ProgramState, Values } from '../compile/index.ts';
import type { Optimizer, Variables } from '../nn/index.ts';
import {
  gradients,
  input,
  matmul,
  mean,
  mul,
  scalar,
  sizeOf,
  slice,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import { normaliseImages } from './encoder.ts';
import type { StepContext } from './method.ts';

/** Normalised crops of a step, one tensor [count B, 3, s, s] per crop group, from the inputs `crops.<g>`. */
export function cropInputs({
  crops,
  batchSize,
  normalise,
}: Pick<StepContext, 'crops' | 'batchSize' | 'normalise'>): Tensor[] {
  return crops.map(({ count, size }, g) => {
    const pixels = input(`crops.${g}`, [count * batchSize, 3, size, size], 'uint8');
    return normaliseImages(pixels, normalise); // [count B, 3, s, s]
  });
}

/** Rows [v B, (v + 1) B) of a crop-major tensor: those of crop v. */
export function ofCrop(x: Tensor, v: number, B: number): Tensor {
  return slice(x, { axis: 0, start: v * B, end: (v + 1) * B }); // [B, ...]
}

export interface UpdateOptions {
  optimizer: Optimizer;
  learningRate: Tensor;
  /** The tensor that the loss was written with in a parameter's place, a leaf of the differentiation. */
  leafOf?(name: string): Tensor | undefined;
  /** Name of the group of parameters that are counted together by the optimiser. Default: all `network`. */
  groupOf?(name: string): string;
  /** Condition under which a group stays as it is, with its optimiser's memory. */
  frozen?: Readonly<Record<string, Tensor>>;
}

/** Gradients of the loss by parameter name, and all parameters, slots and running statistics with their next values. */
export function trainedState(
  variables: Variables,
  loss: Tensor,
  { optimizer, learningRate, leafOf, groupOf = () => 'network', frozen = {} }: UpdateOptions,
): { state: ProgramState[]; gradients: Record<string, Tensor>; nextOf(name: string): Tensor } {
  const trained = variables.parameters().map(({ name, tensor }) => ({
    name,
    current: tensor,
    value: leafOf?.(name) ?? tensor,
    group: groupOf(name),
  }));
  const by = gradients(
    loss,
    trained.map(({ value }) => value),
  );
  const next = new Map<string, Tensor>();
  const state: ProgramState[] = trained.flatMap(({ name, current, value, group }, i) => {
    const update = optimizer.update({ name, value, gradient: by[i]!, group }, learningRate);
    // A frozen parameter has no gradient: its value and its optimiser's memory stay.
    const condition = frozen[group];
    const unless = (kept: Tensor, now: Tensor) => (condition ? where(condition, kept, now) : now);
    next.set(name, unless(value, update.next));
    return [
      { current, next: next.get(name)! },
      ...update.slots.map((slot) => ({ current: slot.current, next: unless(slot.current, slot.next) })),
    ];
  });
  for (const { tensor, next } of variables.buffers()) state.push({ current: tensor, next });
  return {
    state,
    gradients: Object.fromEntries(trained.map(({ name }, i) => [name, by[i]!])),
    nextOf: (name) => next.get(name)!,
  };
}

/** First values of a state: those given, zeros for the rest (optimiser slots, queues). */
export function initialStateOf(state: readonly ProgramState[], given: Values): Values {
  const zeros = state.map(
    ({ current }) => [nameOf(current), new Float32Array(sizeOf(current.shape))] as const,
  );
  return { ...Object.fromEntries(zeros), ...given };
}

/** Name of an input. */
export function nameOf(tensor: Tensor): string {
  return tensor.node.attributes.name as string;
}

/** What the doctor watches of embeddings z [B, D] on the sphere: their mean, and the mean of z zᵀ. */
export function vitalsOf(z: Tensor): { embeddingMean: Tensor; embeddingMoment: Tensor } {
  return {
    embeddingMean: mean(z, { axes: [0] }), // [D]
    embeddingMoment: mul(matmul(transpose(z), z), scalar(1 / z.shape[0]!)), // [D, D]
  };
}
