/**
 * Momentum encoders: a second set of values that follows the trained ones as an exponential moving
 * average, `theta' = m theta' + (1 - m) theta` (He et al., "Momentum Contrast", CVPR 2020, equation
 * 2).
 *
 * Layers ask it for values as they ask any set of variables, so the same functions build both
 * encoders. Its parameters are no leaves of the differentiation and have no optimizer; its running
 * statistics are its own.
 */
import {
  add,
  input,
  mul,
  stopGradient,
  sub,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import { createVariables, stateOfBuffer, type Variables } from './variables.ts';

export interface MomentumOptions {
  /** Trained variables to follow. */
  follows: Variables;
  /** Coefficient m, fed as a scalar so that it may follow a schedule. */
  momentum: Tensor;
  /** Prefix of the stored names. */
  prefix?: string;
  /**
   * Time of the average: `before` the forward pass, from the current parameters (MoCo's order: the
   * pass uses updated values), or `after` the optimizer's update, from the new parameters (BYOL's
   * order).
   */
  when: 'before' | 'after';
  /** First parameters: those that it follows, or a draw of their own. Default: `copy`. */
  start?: 'copy' | 'own';
}

export interface MomentumVariables extends Variables {
  /**
   * First values: those of `trained`, by the names of the variables that it follows. Where that
   * lacks one, the first value of the seed, as `start` says.
   */
  initialValues(
    seed: number,
    trained?: Readonly<Record<string, TensorData>>,
  ): Record<string, Float32Array>;
  /**
   * State of the momentum encoder: each parameter with its next value, and the running statistics.
   * With `when: 'after'`, `nextOf` maps the name of a trained parameter to its next value.
   */
  state(nextOf?: (name: string) => Tensor): { current: Tensor; next?: Tensor }[];
}

/** A set of variables that follows another. */
export function createMomentumVariables({
  follows,
  momentum,
  prefix = 'key.',
  when,
  start = 'copy',
}: MomentumOptions): MomentumVariables {
  const { mode, batchNormReplicas, first } = follows;
  const own = createVariables({ mode, batchNormReplicas, prefix, first });
  const given = Object.entries(first).map(([name, value]) => [prefix + name, value] as const);
  // Parameters under their stored names, whose streams are others.
  const drawn = createVariables({ first: Object.fromEntries(given) });
  const pairs = new Map<string, { current: Tensor; used: Tensor; trained: Tensor }>();
  const average = (current: Tensor, trained: Tensor) =>
    add(mul(current, momentum), mul(stopGradient(trained), sub(1, momentum)));
  return {
    ...own,
    parameter(name, shape, initialize) {
      const known = pairs.get(name);
      if (known) return known.used;
      const trained = follows.parameter(name, shape, initialize);
      drawn.parameter(prefix + name, shape, initialize);
      const current = input(prefix + name, shape);
      const used = stopGradient(when === 'before' ? average(current, trained) : current);
      pairs.set(name, { current, used, trained });
      return used;
    },
    parameters: () =>
      [...pairs].map(([name, { current }]) => ({ name: prefix + name, tensor: current })),
    initialValues(seed, trained = {}) {
      const values = own.initialValues(seed);
      if (start === 'own') Object.assign(values, drawn.initialValues(seed));
      else {
        const copied = follows.initialValues(seed);
        for (const name of pairs.keys()) values[prefix + name] = copied[name]!.slice();
      }
      for (const name of Object.keys(values)) {
        const value = trained[name.slice(prefix.length)];
        if (value) values[name] = Float32Array.from(value);
      }
      return values;
    },
    state: (nextOf) => [
      ...[...pairs].map(([name, { current, used, trained }]) => ({
        current,
        next: when === 'before' ? used : average(current, nextOf?.(name) ?? trained),
      })),
      ...own.buffers().map(stateOfBuffer),
    ],
  };
}
