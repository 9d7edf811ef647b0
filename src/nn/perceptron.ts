/**
 * Fully connected encoder of an autoencoder, d-500-500-2000-10, and the decoder that mirrors it:
 * Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 2006,
 * with the widths of Xie, Girshick, Farhadi, "Unsupervised Deep Embedding for Clustering Analysis",
 * ICML 2016.
 *
 *   h_0 = x;  h_i = relu(W_i h_(i-1) + b_i);  code h_L without ReLU
 *   g_L = h_L;  g_(i-1) = relu(V_i g_i + c_i);  reconstruction g_0 without ReLU
 *
 * Symbols: L layers; d = C s s values of an image. The weights of encoder and decoder are not tied.
 * Layers are numbered 0 … L - 1 from the pixels, and those of the decoder by the layer that they
 * undo. Parameters are named as in a PyTorch Sequential with ReLUs: `encoder.<2 i>` and
 * `decoder.<2 (L - 1 - i)>`.
 *
 * First values are Glorot uniform with biases 0, the default of Keras.
 */
import { relu, reshape, sizeOf, type Tensor } from '../tensor/index.ts';
import { atWidth } from './alexnet.ts';
import { filled, glorotUniform } from './initialize.ts';
import { linear, type Weights } from './layers.ts';
import type { Variables } from './variables.ts';

/** Widths of the paper's layers; the last one is the code. */
const HIDDEN = [500, 500, 2000] as const;
const CODE = 10;

export interface PerceptronOptions {
  /** Values of each layer, the last of which are the code. Default: the paper's at `width`. */
  layerWidths?: readonly number[] | undefined;
  /** 64: the paper's hidden layers; all are in proportion to it. The code has 10 values always. */
  width?: number | undefined;
}

/** Values of each layer of the encoder. */
export function perceptronWidths(
  { layerWidths, width }: PerceptronOptions,
  { code = CODE }: { code?: number } = {},
): readonly number[] {
  return layerWidths ?? [...HIDDEN.map((values) => atWidth(values, width)), code];
}

/** Dimension of the code. */
export function perceptronFeatures(options: PerceptronOptions): number {
  return perceptronWidths(options).at(-1)!;
}

/** Rows [N, d] of images [N, C, h, w]. */
export function flattened(x: Tensor): Tensor {
  const N = x.shape[0]!;
  return reshape(x, [N, sizeOf(x.shape) / N]); // [N, d]
}

export interface PerceptronLayer {
  /** Number of the layer, 0 for the one that reads the pixels. */
  layer: number;
  /** Values of each layer of the encoder. */
  widths: readonly number[];
  /** d, values of an image. */
  inputs: number;
}

/** Values of a layer, of rows x [N, values of the layer before it]. */
export function encoderLayer(
  variables: Variables,
  x: Tensor,
  { layer, widths }: Pick<PerceptronLayer, 'layer' | 'widths'>,
  { weights = 'trained' }: { weights?: Weights } = {},
): Tensor {
  const from = weights === 'frozen' ? { ...variables, parameter: variables.buffer } : variables;
  const y = glorotLinear(from, `encoder.${2 * layer}`, x, widths[layer]!); // [N, widths[layer]]
  return layer === widths.length - 1 ? y : relu(y);
}

/** Reconstruction of the values that a layer read, of that layer's values h [N, widths[layer]]. */
export function decoderLayer(
  variables: Variables,
  h: Tensor,
  { layer, widths, inputs }: PerceptronLayer,
): Tensor {
  const features = layer === 0 ? inputs : widths[layer - 1]!;
  const name = `decoder.${2 * (widths.length - 1 - layer)}`;
  const y = glorotLinear(variables, name, h, features); // [N, values that the layer read]
  return layer === 0 ? y : relu(y);
}

function glorotLinear(variables: Variables, name: string, x: Tensor, features: number): Tensor {
  const initialize = { weight: glorotUniform(), bias: filled(0) };
  return linear(variables, name, x, { features, initialize }); // [N, features]
}

/** Normalized images [N, C, h, w] to codes [N, D]. */
export function perceptron(
  variables: Variables,
  x: Tensor,
  options: PerceptronOptions = {},
): Tensor {
  const widths = perceptronWidths(options);
  return widths.reduce(
    (h, _, layer) => encoderLayer(variables, h, { layer, widths }),
    flattened(x), // [N, d]
  ); // [N, D]
}

/** Reconstructed images as rows [N, d], of codes [N, D], by the mirrored layers. */
export function mirroredPerceptron(
  variables: Variables,
  code: Tensor,
  { inputs, ...options }: PerceptronOptions & Pick<PerceptronLayer, 'inputs'>,
): Tensor {
  const widths = perceptronWidths(options);
  return widths.reduceRight(
    (g, _, layer) => decoderLayer(variables, g, { layer, widths, inputs }),
    code, // [N, D]
  ); // [N, d]
}
