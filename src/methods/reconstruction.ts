/**
 * Parts that autoencoders share: images as they are, the decoder that mirrors the encoder's layers,
 * and layers that are trained one after another.
 *
 * Layer-wise training (Bengio, Lamblin, Popovici, Larochelle, NIPS 2006; with corrupted inputs
 * Vincent et al., JMLR 2010, section 3). For layer i with the frozen layers below it:
 *
 *   h = f_(i-1)( … f_0(x));  h~ = corrupt(h);  L = mean |g_i(f_i(h~)) - h|²
 *
 * Symbols: x pixels of an image as a row [d], f_i layer i of the encoder, g_i the layer of the
 * decoder that undoes it. `corrupt` sets each value to 0 with a probability c and multiplies the
 * others by 1 / (1 - c), as dropout layers of Caffe and PyTorch do in training.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import {
  type Drop,
  decoderLayer,
  encoderLayer,
  featureLength,
  flattened,
  meanSquaredError,
  mirroredPerceptron,
  type PerceptronLayer,
  perceptronWidths,
} from '../nn/index.ts';
import {
  div,
  maximum,
  mean,
  mul,
  reshape,
  slice,
  stopGradient,
  sub,
  type Tensor,
} from '../tensor/index.ts';
import type { CropSpec } from '../views/index.ts';
import type { Stage, StepScope } from './defineMethod.ts';
import type { StepContext } from './program.ts';
import { count } from './settings.ts';
import type { Observation, Step } from './step.ts';

/** Settings that autoencoders want: their network, values in 0 … 1, and images as they are. */
export const autoencoderRecipe = {
  data: {
    mean: [0, 0, 0] as [number, number, number],
    std: [1, 1, 1] as [number, number, number],
  },
  views: {
    flipProbability: 0,
    jitterProbability: 0,
    grayscaleProbability: 0,
    blurProbability: 0,
    solarizeProbability: 0,
  },
  encoder: { architecture: 'mlp', frontEnd: 'none', stemStart: 'random' },
  // A mean over all pixels has gradients so small that a decay of 1e-6 outweighs them under Adam.
  optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0 },
} as const;

/** Length of the layer-wise stages. */
export const layerEpochs = (epochs: number) =>
  count().default(epochs).describe('epochs in which each layer is trained alone; 0: none');

/** Probability of corruption. */
export const corruption = () =>
  z
    .number()
    .min(0)
    .lt(1)
    .default(0.2)
    .describe('probability with which a value of the input is set to 0');

/** Crops of an autoencoder: the largest central square of each image. */
export function wholeImages([crop]: readonly CropSpec[]): CropSpec[] {
  return [{ ...crop!, scale: [1, 1], ratio: [1, 1] }];
}

/**
 * Layers of a step's network, for images of the step's crops. A network other than `mlp` counts as
 * one that ends with its features; its decoder has the layers of `mlp`.
 */
export function layersOf({ encoder, crops }: Pick<StepContext, 'encoder' | 'crops'>) {
  const { size } = crops[0]!;
  const { architecture, width, layerWidths } = encoder;
  const code = featureLength(encoder);
  const widths = perceptronWidths(
    { width, ...(architecture === 'mlp' && { layerWidths }) },
    { code },
  );
  return { widths, inputs: 3 * size * size };
}

/** Number of layers that can be trained one after another: those of `mlp`, and none of others. */
export function separateLayers(context: Pick<StepContext, 'encoder' | 'crops'>): number {
  return context.encoder.architecture === 'mlp' ? layersOf(context).widths.length : 0;
}

/**
 * Refuses filters in front of the encoder, and a code larger than an image.
 *
 * @throws LikenessError `settings.invalid`
 */
export function requireMirror(
  method: string,
  { encoder, crops }: Pick<StepContext, 'encoder' | 'crops'>,
): void {
  const { architecture, frontEnd = 'none' } = encoder;
  const refuse = (text: string) => {
    throw new LikenessError('settings.invalid', text);
  };
  if (frontEnd !== 'none') {
    refuse(
      `frontEnd: received "${frontEnd}"; expected "none", because method ${method} reconstructs ` +
        'the values that its encoder reads. Leave it out.',
    );
  }
  const inputs = 3 * crops[0]!.size ** 2;
  const code = featureLength(encoder);
  if (code <= inputs) return;
  const [setting, remedy] =
    architecture === 'mlp'
      ? ['layerWidths', 'Set a smaller last width.']
      : ['width', 'Set a smaller one.'];
  refuse(
    `${setting}: received a code of ${code} values; expected at most ${inputs}, the values of an ` +
      `image of ${crops[0]!.size} px. ${remedy}`,
  );
}

/**
 * Reconstruction loss of images x [B, 3, s, s] by the whole network, and their codes [B, D]. With
 * `drop` the encoder reads corrupted pixels; the target is clean.
 */
export function reconstruct(
  x: Tensor,
  { model, context }: Pick<StepScope<unknown>, 'model' | 'context'>,
  { drop = (rows) => rows }: { drop?: Drop } = {},
): { loss: Tensor; code: Tensor } {
  const clean = flattened(x); // [B, d]
  const code = model.encode(reshape(drop(clean, 'pixels'), x.shape)); // [B, D]
  const { widths: layerWidths, inputs } = layersOf(context);
  const rebuilt = mirroredPerceptron(model.variables, code, { layerWidths, inputs }); // [B, d]
  return { loss: meanSquaredError(rebuilt, clean), code };
}

/** Hands a reconstruction to the optimizer and to the run doctor. */
export function learnReconstruction(
  step: Step,
  x: Tensor,
  { loss, code }: { loss: Tensor; code: Tensor },
): void {
  step.minimize(loss);
  step.fact('explained', explained(loss, flattened(x)));
  watchCode(step, code);
}

/** Values of a hidden layer that the run doctor watches; all would be a matrix of 2000 x 2000. */
const WATCHED = 64;

/**
 * Shows codes to the run doctor. Codes spread without bounds, so their deviation counts as it is.
 * The scale of the loss is that of the pixels and says nothing by itself.
 */
export function watchCode(step: Step, code: Tensor, others: Pick<Observation, 'usage'> = {}): void {
  const end = Math.min(WATCHED, code.shape[1]!);
  const embeddings = slice(code, { axis: 1, start: 0, end }); // [B, at most 64]
  step.observe({ ...others, embeddings, geometry: 'gaussian', isLossJudged: false });
}

/**
 * Fraction of the variance of rows x [B, d] around their mean that a reconstruction explains: 1 for
 * a perfect one, 0 for the mean itself, below 0 for a worse one.
 */
export function explained(loss: Tensor, x: Tensor): Tensor {
  const centered = sub(x, mean(x, { axes: [0] })); // [B, d]
  const variance = mean(mul(centered, centered)); // []
  return sub(1, div(stopGradient(loss), maximum(variance, 1e-12)));
}

export interface LayerStageOptions {
  /** Length of each stage. */
  epochs: number;
  /** Probability of corruption of a layer's input. */
  rate: number;
  /** First layer whose input is corrupted. Default: 0, the pixels. */
  firstCorrupted?: number;
}

/** A stage for each layer, in which it is trained alone; none without epochs or separate layers. */
export function layerStages<Own>(
  context: Pick<StepContext, 'encoder' | 'crops'>,
  { epochs, ...options }: LayerStageOptions,
): Stage<Own>[] {
  const { widths, inputs } = layersOf(context);
  return Array.from({ length: separateLayers(context) }, (_, layer) => ({
    name: `layer-${layer + 1}`,
    epochs,
    restart: true,
    step: ({ views: [x], step, model }) =>
      layerStep(x!, { step, model }, { layer, widths, inputs }, options),
  }));
}

function layerStep(
  x: Tensor,
  { step, model: { variables } }: Pick<StepScope<unknown>, 'step' | 'model'>,
  { layer, ...shape }: PerceptronLayer,
  { rate, firstCorrupted = 0 }: Omit<LayerStageOptions, 'epochs'>,
): void {
  let clean = flattened(x); // [B, d]
  for (let below = 0; below < layer; below++)
    clean = encoderLayer(variables, clean, { layer: below, ...shape }, { weights: 'frozen' });
  const drop: Drop = layer < firstCorrupted ? (rows) => rows : step.dropout({ rate });
  const code = encoderLayer(variables, drop(clean, `layer-${layer + 1}`), { layer, ...shape });
  const rebuilt = decoderLayer(variables, code, { layer, ...shape }); // [B, inputs of the layer]
  learnReconstruction(step, clean, { loss: meanSquaredError(rebuilt, clean), code });
}
