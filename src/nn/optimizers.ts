/**
 * Optimizers as part of the step's graph: from a parameter and its gradient to their next values.
 *
 * Each is `{ scalars, update }`. `scalars(step)` returns the numbers that depend on the step alone,
 * computed in double precision and fed in. `update` writes the equations for one parameter, in the
 * order of the paper.
 */
import {
  add,
  div,
  equal,
  input,
  logicalOr,
  minimum,
  mul,
  sqrt,
  sub,
  sum,
  type Tensor,
  where,
} from '../tensor/index.ts';

export interface Slot {
  /** Name of the stored value, for example `momentum`; stored as `<slot>.<parameter>`. */
  name: string;
  current: Tensor;
  next: Tensor;
}

export interface Update {
  next: Tensor;
  slots: Slot[];
}

export interface Optimizer {
  /** Numbers fed at a step, counted from 1 for the first update of a group of parameters. */
  scalars(step: number, group: string): Record<string, number>;
  /** Next value of a parameter; `group` names the parameters that are counted together. */
  update(
    parameter: { name: string; value: Tensor; gradient: Tensor; group: string },
    learningRate: Tensor,
  ): Update;
}

function slot(name: string, parameter: string, like: Tensor): Tensor {
  return input(`${name}.${parameter}`, like.shape);
}

export interface SgdOptions {
  momentum?: number;
  weightDecay?: number;
  /**
   * Place of the learning rate. `popular`: it multiplies the velocity, as in PyTorch. `classic`: it
   * multiplies the gradient before that enters the velocity, as in Sutskever et al. 2013 and in
   * SimCLR's code. They are equal while the rate is constant. Default: `popular`.
   */
  momentumForm?: MomentumForm;
}

/** Places of the learning rate in descent with momentum. */
export const momentumForms = ['popular', 'classic'] as const;
export type MomentumForm = (typeof momentumForms)[number];

/**
 * Stochastic gradient descent with momentum: `g' = g + wd w; v = mu v + g'; w -= lr v`, or in the
 * classic form `v = mu v + lr g'; w -= v`. v starts at 0. With mu = 0 nothing is stored.
 */
export function sgd({
  momentum = 0.9,
  weightDecay = 0,
  momentumForm = 'popular',
}: SgdOptions = {}): Optimizer {
  return {
    scalars: () => ({}),
    update({ name, value: w, gradient: g }, lr) {
      return descend(name, w, add(g, mul(weightDecay, w)), { momentum, momentumForm, lr });
    },
  };
}

function descend(
  name: string,
  w: Tensor,
  g: Tensor,
  { momentum, momentumForm, lr }: { momentum: number; momentumForm: MomentumForm; lr: Tensor },
): Update {
  if (momentum === 0) return { next: sub(w, mul(lr, g)), slots: [] };
  const v = slot('momentum', name, w);
  const isClassic = momentumForm === 'classic';
  const next = add(mul(momentum, v), isClassic ? mul(lr, g) : g); // v = mu v + g, or + lr g
  const slots = [{ name: 'momentum', current: v, next }];
  return { next: sub(w, isClassic ? next : mul(lr, next)), slots };
}

function norm(x: Tensor): Tensor {
  return sqrt(sum(mul(x, x)));
}

export interface LarcOptions extends SgdOptions {
  /** Trust coefficient eta: bound of an update relative to its parameter. */
  trust?: number;
  /**
   * `scale` multiplies the learning rate by the trust ratio; `clip` lets the ratio only lower it.
   */
  mode?: 'scale' | 'clip';
  epsilon?: number;
}

/**
 * LARC on top of SGD with momentum, as in NVIDIA's apex: `a = eta ||w|| / (||g|| + wd ||w|| +
 * eps)`, in clip mode `a = min(a / lr, 1)`; `g' = a (g + wd w)`; then SGD without weight decay. A
 * tensor with `||w|| = 0` or `||g|| = 0` keeps its gradient as it is and gets no decay. Applied to
 * all tensors, biases and batch-norm parameters included, as SwAV does. Source: You et al. 2017
 * (arXiv:1708.03888) for the ratio.
 */
export function larc({
  momentum = 0.9,
  weightDecay = 1e-6,
  trust = 0.001,
  mode = 'scale',
  epsilon = 1e-8,
  momentumForm = 'popular',
}: LarcOptions = {}): Optimizer {
  return {
    scalars: () => ({}),
    update({ name, value: w, gradient: g }, lr) {
      const [wn, gn] = [norm(w), norm(g)];
      const decayed = add(gn, add(mul(weightDecay, wn), epsilon));
      let a = div(mul(trust, wn), decayed);
      if (mode === 'clip') a = minimum(div(a, lr), 1);
      // A choice between numbers reads no tensor.
      const untouched = logicalOr(equal(wn, 0), equal(gn, 0));
      const decay = where(untouched, 0, weightDecay);
      const adapted = mul(where(untouched, 1, a), add(g, mul(decay, w)));
      return descend(name, w, adapted, { momentum, momentumForm, lr });
    },
  };
}

/**
 * LARS: LARC in scale mode for weights, plain SGD without decay for tensors of rank 1 (biases,
 * batch norm), as the exclusion lists of SimCLR and BYOL have it. Source: You et al. 2017
 * (arXiv:1708.03888).
 *
 * Different from the code of SimCLR and BYOL: the ratio is over `||g|| + wd ||w||` and not over
 * `||g + wd w||`, as in the source and in LARC.
 */
export function lars({
  momentum = 0.9,
  weightDecay = 1e-6,
  trust = 0.001,
  epsilon = 1e-8,
  momentumForm = 'popular',
}: Omit<LarcOptions, 'mode'> = {}): Optimizer {
  const adapted = larc({ momentum, weightDecay, trust, epsilon, momentumForm });
  const plain = sgd({ momentum, momentumForm });
  return {
    scalars: () => ({}),
    update: (parameter, lr) =>
      (parameter.value.shape.length > 1 ? adapted : plain).update(parameter, lr),
  };
}

export interface RmspropOptions {
  /** Fraction of the mean square that remains. Default: .9, as in Keras. */
  decay?: number;
  epsilon?: number;
  weightDecay?: number;
}

/**
 * RMSprop as torch.optim.RMSprop: `g' = g + wd w; v = a v + (1 - a) g'^2; w -= lr g' / (sqrt(v) +
 * eps)`. v starts at 0. Source: Tieleman and Hinton 2012, lecture 6e.
 */
export function rmsprop({
  decay = 0.9,
  epsilon = 1e-8,
  weightDecay = 0,
}: RmspropOptions = {}): Optimizer {
  return {
    scalars: () => ({}),
    update({ name, value: w, gradient }, lr) {
      const g = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, w));
      const v = slot('rmsprop', name, w);
      const next = add(mul(decay, v), mul(1 - decay, mul(g, g)));
      return {
        next: sub(w, mul(lr, div(g, add(sqrt(next), epsilon)))),
        slots: [{ name: 'rmsprop', current: v, next }],
      };
    },
  };
}

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  /**
   * Place of the decay: `l2` in the gradient, or `decoupled` from it, as AdamW has it, and then not
   * of tensors of rank 1 (biases). Default: `l2`.
   */
  decay?: 'l2' | 'decoupled';
}

/**
 * Adam with L2 weight decay in the gradient, as torch.optim.Adam: `g' = g + wd w; m = b1 m + (1 -
 * b1) g'; v = b2 v + (1 - b2) g'^2; w -= lr (m / c1) / (sqrt(v / c2) + eps)` with `c_i = 1 -
 * b_i^t`. Source: Kingma and Ba 2015, algorithm 1. The corrections are fed in: in float32 `1 -
 * b2^t` would lose four digits at the first step.
 *
 * Decoupled: `g' = g`, and w becomes `(1 - lr wd) w` first, as torch.optim.AdamW. Source:
 * Loshchilov and Hutter 2019, algorithm 2, with the rate in front of the decay.
 */
export function adam({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0,
  decay = 'l2',
}: AdamOptions = {}): Optimizer {
  return {
    scalars: (step, group) => ({
      [`adam.stepSize.${group}`]: 1 / (1 - beta1 ** Math.max(step, 1)),
      [`adam.deviation.${group}`]: 1 / Math.sqrt(1 - beta2 ** Math.max(step, 1)),
    }),
    update({ name, value: w, gradient, group }, lr) {
      const [inverse1, inverse2] = [
        input(`adam.stepSize.${group}`, []),
        input(`adam.deviation.${group}`, []),
      ];
      const isDecoupled = decay === 'decoupled' && weightDecay !== 0 && w.shape.length > 1;
      const hasL2 = decay === 'l2' && weightDecay !== 0;
      const g = hasL2 ? add(gradient, mul(weightDecay, w)) : gradient;
      const start = isDecoupled ? mul(w, sub(1, mul(lr, weightDecay))) : w;
      const [m, v] = [slot('adam.m', name, w), slot('adam.v', name, w)];
      const nextM = add(mul(beta1, m), mul(1 - beta1, g));
      const nextV = add(mul(beta2, v), mul(1 - beta2, mul(g, g)));
      const denominator = add(mul(sqrt(nextV), inverse2), epsilon);
      return {
        next: sub(start, div(mul(mul(lr, inverse1), nextM), denominator)),
        slots: [
          { name: 'adam.m', current: m, next: nextM },
          { name: 'adam.v', current: v, next: nextV },
        ],
      };
    },
  };
}
