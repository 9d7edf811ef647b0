/** Layers with parameters, named as in PyTorch so that weights can be exchanged. */
import {
  add,
  batchNormInference,
  batchNorm as batchNormOperator,
  constant,
  conv2d,
  convTranspose2d,
  crossReplicaBatchNorm,
  crossReplicaMean,
  linear as linearOperator,
  mul,
  type Pair,
  reshape,
  sizeOf,
  stopGradient,
  type Tensor,
} from '../tensor/index.ts';
import { filled, type Initializer, kaimingFanOut, uniformFanIn } from './initialize.ts';
import type { Variables } from './variables.ts';

export interface ConvolutionLayer {
  channels: number;
  kernel: number;
  stride?: Pair;
  padding?: Pair;
  /** Default: without, because a batch norm follows in every network here and cancels it. */
  bias?: 'with' | 'without';
  /** Weights that an optimizer changes, or that stay as they begin. Default: trained. */
  weights?: Weights;
  /** First filters. Default: Kaiming normal by fan-out. */
  /** First weights. Default: Kaiming normal by fan-out. */
  initialize?: Initializer;
}

/** Weights that an optimizer changes, or that stay as they begin. */
export type Weights = 'trained' | 'frozen';

/** Convolution with a bias that begins at zero. */
export function convolution(
  variables: Variables,
  name: string,
  x: Tensor,
  {
    channels,
    kernel,
    stride = 1,
    padding = Math.floor(kernel / 2),
    bias = 'without',
    weights = 'trained',
    initialize = kaimingFanOut(),
  }: ConvolutionLayer,
): Tensor {
  const shape = [channels, x.shape[1]!, kernel, kernel];
  const value = weights === 'frozen' ? variables.buffer : variables.parameter;
  const weight = value(`${name}.weight`, shape, initialize);
  const y = conv2d(x, weight, { stride, padding }); // [N, channels, h, w]
  return bias === 'without' ? y : withBias(variables, name, y);
}

function withBias(variables: Variables, name: string, y: Tensor): Tensor {
  const channels = y.shape[1]!;
  const bias = variables.parameter(`${name}.bias`, [channels], filled(0));
  return add(y, reshape(bias, [channels, 1, 1])); // [N, channels, h, w]
}

export interface TransposedConvolutionLayer {
  channels: number;
  kernel: number;
  stride?: number;
  padding?: number;
  /** Side of the result in pixels, which a stride leaves open. Default: the smallest possible. */
  extent?: number;
  /** Default: without, because a batch norm follows. */
  bias?: 'with' | 'without';
  /** First filters. Default: `U(±1/sqrt(channels k k))`, as PyTorch has it. */
  initialize?: Initializer;
}

/**
 * Transposed convolution of square maps x [N, I, h, h] with filters [I, channels, k, k] and a zero
 * bias.
 */
export function transposedConvolution(
  variables: Variables,
  name: string,
  x: Tensor,
  {
    channels,
    kernel,
    stride = 1,
    padding = Math.floor(kernel / 2),
    extent,
    bias = 'without',
    initialize = uniformFanIn(channels * kernel * kernel),
  }: TransposedConvolutionLayer,
): Tensor {
  const smallest = (x.shape[2]! - 1) * stride - 2 * padding + kernel;
  const outputPadding = (extent ?? smallest) - smallest;
  const shape = [x.shape[1]!, channels, kernel, kernel];
  const weight = variables.parameter(`${name}.weight`, shape, initialize);
  const y = convTranspose2d(x, weight, { stride, padding, outputPadding }); // [N, channels, H, H]
  return bias === 'without' ? y : withBias(variables, name, y);
}

export interface LinearLayer {
  features: number;
  bias?: 'with' | 'without';
  /** First values. Default: `U(±1/sqrt(in))` for both. */
  initialize?: { weight: Initializer; bias: Initializer } | undefined;
}

/** `x Wᵀ + b` for rows x [N, in]. */
export function linear(
  variables: Variables,
  name: string,
  x: Tensor,
  { features, bias = 'with', initialize }: LinearLayer,
): Tensor {
  const fanIn = x.shape[1]!;
  const first = initialize ?? { weight: uniformFanIn(fanIn), bias: uniformFanIn(fanIn) };
  const weight = variables.parameter(`${name}.weight`, [features, fanIn], first.weight);
  if (bias === 'without') return linearOperator(x, weight); // [N, features]
  return linearOperator(x, weight, variables.parameter(`${name}.bias`, [features], first.bias));
}

export interface BatchNormLayer {
  /** Fraction of the batch in the running statistics. */
  momentum?: number;
  epsilon?: number;
  /** Adds a learned scale and shift. Without, every channel has mean 0 and variance 1. */
  affine?: 'with' | 'without';
  /** First value of the learned scale. Default: 1. */
  scale?: number;
}

/**
 * Batch norm with running statistics: `running = (1 - momentum) running + momentum batch`, with the
 * unbiased variance of the batch, as in PyTorch. Mode "train" uses the statistics of the batch,
 * "evaluate" the running ones. The batch is that of all replicas where the variables say so.
 */
export function batchNorm(
  variables: Variables,
  name: string,
  x: Tensor,
  { momentum = 0.1, epsilon = 1e-5, affine = 'with', scale = 1 }: BatchNormLayer = {},
): Tensor {
  const channels = [x.shape[1]!];
  const learned = (part: string, value: number) =>
    affine === 'with'
      ? variables.parameter(`${name}.${part}`, channels, filled(value))
      : constant(new Float32Array(channels[0]!).fill(value), channels);
  const gamma = learned('weight', scale);
  const beta = learned('bias', 0);
  const mean = variables.buffer(`${name}.running_mean`, channels, filled(0));
  const variance = variables.buffer(`${name}.running_var`, channels, filled(1));
  if (variables.mode === 'evaluate') {
    return batchNormInference(x, { gamma, beta, mean, variance }, { epsilon });
  }
  const statistics = {
    mean: { name: `${name}.running_mean`, tensor: mean },
    variance: { name: `${name}.running_var`, tensor: variance },
  };
  return batchNormOf(variables, x, { gamma, beta, ...statistics, momentum, epsilon });
}

/** Values of a batch norm, whatever their names are. */
export interface BatchNormParts {
  gamma: Tensor;
  beta: Tensor;
  /** Running statistics, by the names of their buffers. */
  mean: { name: string; tensor: Tensor };
  variance: { name: string; tensor: Tensor };
  momentum: number;
  epsilon: number;
}

/** Batch norm with the statistics of the batch, which it blends into the running ones. */
export function batchNormOf(
  variables: Variables,
  x: Tensor,
  { gamma, beta, mean, variance, momentum, epsilon }: BatchNormParts,
): Tensor {
  const { batchNormReplicas: replicas } = variables;
  const operator = replicas === 1 ? batchNormOperator : crossReplicaBatchNorm;
  const batch = operator(x, gamma, beta, { epsilon });
  const n = (replicas * sizeOf(x.shape)) / x.shape[1]!;
  // Replicas with statistics of their own store their mean, so that they all store the same.
  const common = (seen: Tensor) => (replicas === 1 ? crossReplicaMean(seen) : seen);
  const blend = (old: Tensor, seen: Tensor, scale: number) =>
    add(mul(old, 1 - momentum), mul(stopGradient(common(seen)), momentum * scale));
  variables.setBuffer(mean.name, blend(mean.tensor, batch.mean, 1));
  // A single value per channel has no unbiased variance; its biased variance, 0, is used.
  variables.setBuffer(
    variance.name,
    blend(variance.tensor, batch.variance, n > 1 ? n / (n - 1) : 1),
  );
  return batch.y;
}
