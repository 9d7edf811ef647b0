/** From the losses of a step to the next values of its parameters. */

import type { ProgramState } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Optimizer, stateOfBuffer, type Variables } from '../nn/index.ts';
import {
  add,
  crossReplicaMean,
  gradients,
  greater,
  input,
  mul,
  type Tensor,
  where,
} from '../tensor/index.ts';
import type { Moment } from './program.ts';

export interface MinimizeOptions {
  /** Name of the parameters whose updates the optimizer counts together. Default: `network`. */
  group?: string;
  /** Prefix of the names of the parameters. Default: all that no other objective names. */
  variables?: string;
  /** Default: the optimizer of the run. */
  optimizer?: Optimizer;
  /** A number, []. Default: the schedule of the run. */
  learningRate?: Tensor;
  /** Tensors, by a parameter's name, that the loss reads in its place and that are updated. */
  leaves?: Readonly<Record<string, Tensor>>;
  /**
   * Steps that update the group; in all others its values and its optimizer state are unchanged.
   */
  when?: UpdateSchedule;
}

export interface UpdateSchedule {
  isActive(moment: Moment): boolean;
  /** Updates of the group before this moment. */
  updates(moment: Moment): number;
}

export interface Objective extends MinimizeOptions {
  loss: Tensor;
}

export interface RunSchedule {
  optimizer: Optimizer;
  learningRate(moment: Moment): number;
  /** Factor of the learning rate of a parameter. Default: 1 for all. */
  rateOf?(name: string): number;
}

export interface TrainedState {
  /** Sum of the losses, []. */
  loss: Tensor;
  /** Parameters with their optimizer state, and running statistics. */
  state: ProgramState[];
  /** Names of the optimizers' values in the state. */
  optimizerState: string[];
  /** By the parameter's name. */
  gradients: Record<string, Tensor>;
  /** Next value of a parameter. */
  nextOf(name: string): Tensor;
  /** Learning rates, and the numbers that the optimizers read. */
  scalars(moment: Moment): Record<string, number>;
}

/**
 * Gradients of every loss by its parameters, averaged over replicas, and their updates.
 *
 * @throws LikenessError `method.objective` for a step without a loss, or with a parameter that no
 *   objective names.
 */
export function trainedState(
  variables: Variables,
  objectives: readonly Objective[],
  run: RunSchedule,
): TrainedState {
  if (objectives.length === 0) {
    throw new LikenessError(
      'method.objective',
      'step: received no loss; expected a call of step.minimize',
    );
  }
  const rate = input('learningRate', []);
  const parameters = variables.parameters().map(({ name, tensor }) => {
    const objective = ownerOf(name, objectives);
    return { name, current: tensor, value: objective.leaves?.[name] ?? tensor, objective };
  });
  const losses = [...new Set(objectives.map(({ loss }) => loss))];
  const byName: Record<string, Tensor> = {};
  for (const loss of losses) {
    const own = parameters.filter(({ objective }) => objective.loss === loss);
    const found = gradients(
      loss,
      own.map(({ value }) => value),
    );
    for (const [i, { name }] of own.entries()) byName[name] = crossReplicaMean(found[i]!);
  }
  const next = new Map<string, Tensor>();
  const optimizerState: string[] = [];
  const state = parameters.flatMap(({ name, current, value, objective }): ProgramState[] => {
    const { group = 'network', optimizer = run.optimizer, learningRate = rate, when } = objective;
    const factor = run.rateOf?.(name) ?? 1;
    const ownRate = factor === 1 ? learningRate : mul(learningRate, factor);
    const update = optimizer.update({ name, value, gradient: byName[name]!, group }, ownRate);
    const isActive = when && greater(input(activeName(group), []), 0.5);
    const chosen = (now: Tensor, before: Tensor) => (isActive ? where(isActive, now, before) : now);
    next.set(name, chosen(update.next, value));
    optimizerState.push(
      ...update.slots.map(({ current: { node } }) => String(node.attributes.name)),
    );
    return [
      { current, next: next.get(name)! },
      ...update.slots.map((slot) => ({
        current: slot.current,
        next: chosen(slot.next, slot.current),
      })),
    ];
  });
  state.push(...variables.buffers().map(stateOfBuffer));
  return {
    loss: losses.reduce((sum, loss) => add(sum, loss)),
    state,
    optimizerState,
    gradients: byName,
    nextOf: (name) => next.get(name)!,
    scalars: (moment) =>
      Object.assign(
        { learningRate: run.learningRate(moment) },
        ...objectives.map(({ group = 'network', optimizer = run.optimizer, when }) => ({
          ...(when && { [activeName(group)]: when.isActive(moment) ? 1 : 0 }),
          ...optimizer.scalars((when?.updates(moment) ?? moment.step) + 1, group),
        })),
      ),
  };
}

/** Name of the input that says if a group is updated in a step. */
const activeName = (group: string) => `active.${group}`;

function ownerOf(name: string, objectives: readonly Objective[]): Objective {
  const owner =
    objectives.find(({ variables }) => variables !== undefined && name.startsWith(variables)) ??
    objectives.find(({ variables }) => variables === undefined);
  if (owner) return owner;
  const prefixes = objectives.map(({ variables }) => `"${variables}"`).join(', ');
  throw new LikenessError(
    'method.objective',
    `step.minimize: received variables ${prefixes}; expected a call that updates "${name}" too`,
  );
}
