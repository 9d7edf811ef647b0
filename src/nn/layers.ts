/** Layers with parameters. Names of parameters are those of PyTorch, so that weights can be exchanged. */
import {
  add,
  batchNormInference,
  batchNorm as batchNormOperator,
  constant,
  conv2d,
  linear as linearOperator,
  mul,
  type Pair,
  reshape,
  scalar,
  sizeOf,
  stopGradient,
  type Tensor,
} from '../tensor/index.ts';
import { filled, type Initialiser, kaimingFanOut, uniformFanIn } from './initialise.ts';
import type { Variables } from './variables.ts';

export interface ConvolutionLayer {
  channels: number;
  kernel: number;
  stride?: Pair;
  padding?: Pair;
  /** Default: without, because a batch normalisation follows in every network here and takes it out again. */
  bias?: 'with' | 'without';
}

/** Convolution; weights start from Kaiming's normal distribution by fan-out, a bias from 0. */
export function convolution(
  variables: Variables,
  name: string,
  x: Tensor,
  { channels, kernel, stride = 1, padding = Math.floor(kernel / 2), bias = 'without' }: ConvolutionLayer,
): Tensor {
  const shape = [channels, x.shape[1]!, kernel, kernel];
  const weight = variables.parameter(`${name}.weight`, shape, kaimingFanOut());
  const y = conv2d(x, weight, { stride, padding }); // [N, channels, h, w]
  if (bias === 'without') return y;
  return add(y, reshape(variables.parameter(`${name}.bias`, [channels], filled(0)), [channels, 1, 1]));
}

export interface LinearLayer {
  features: number;
  bias?: 'with' | 'without';
  /** First values. Default: `U(±1/sqrt(in))` for both. */
  initialise?: { weight: Initialiser; bias: Initialiser };
}

/** `x Wᵀ + b` for rows x [N, in]. */
export function linear(
  variables: Variables,
  name: string,
  x: Tensor,
  { features, bias = 'with', initialise }: LinearLayer,
): Tensor {
  const fanIn = x.shape[1]!;
  const first = initialise ?? { weight: uniformFanIn(fanIn), bias: uniformFanIn(fanIn) };
  const weight = variables.parameter(`${name}.weight`, [features, fanIn], first.weight);
  if (bias === 'without') return linearOperator(x, weight); // [N, features]
  return linearOperator(x, weight, variables.parameter(`${name}.bias`, [features], first.bias));
}

export interface BatchNormLayer {
  /** Share of the batch in the running statistics. */
  momentum?: number;
  epsilon?: number;
  /** Whether a learned scale and shift follow; without, every channel leaves with mean 0 and variance 1. */
  affine?: 'with' | 'without';
}

/**
 * Batch normalisation with running statistics: `running = (1 - momentum) running + momentum batch`, with the batch's
 * unbiased variance, as in PyTorch. Uses the batch's statistics in mode "train", the running ones in "evaluate".
 */
export function batchNorm(
  variables: Variables,
  name: string,
  x: Tensor,
  { momentum = 0.1, epsilon = 1e-5, affine = 'with' }: BatchNormLayer = {},
): Tensor {
  const channels = [x.shape[1]!];
  const learned = (part: string, value: number) =>
    affine === 'with'
      ? variables.parameter(`${name}.${part}`, channels, filled(value))
      : constant(new Float32Array(channels[0]!).fill(value), channels);
  const gamma = learned('weight', 1);
  const beta = learned('bias', 0);
  const mean = variables.buffer(`${name}.running_mean`, channels, filled(0));
  const variance = variables.buffer(`${name}.running_var`, channels, filled(1));
  if (variables.mode === 'evaluate') {
    return batchNormInference(x, { gamma, beta, mean, variance }, { epsilon });
  }
  const batch = batchNormOperator(x, gamma, beta, { epsilon });
  const n = sizeOf(x.shape) / channels[0]!;
  const blend = (old: Tensor, seen: Tensor, scale: number) =>
    add(mul(old, scalar(1 - momentum)), mul(stopGradient(seen), scalar(momentum * scale)));
  variables.setBuffer(`${name}.running_mean`, blend(mean, batch.mean, 1));
  // One value per channel has no unbiased variance; its biased one, 0, is used.
  variables.setBuffer(`${name}.running_var`, blend(variance, batch.variance, n > 1 ? n / (n - 1) : 1));
  return batch.y;
}
