/** Encoders by name, from images to features. */
import { LikenessError } from '../core/errors.ts';
import { input, type Shape, type Tensor } from '../tensor/index.ts';
import { ALEXNET_SMALLEST, alexnet, alexnetGrid, plainFeatures } from './alexnet.ts';
import { DAC_SMALLEST, dacFeatures, dacNetwork } from './dacNetwork.ts';
import { DCCM_SMALLEST, dccmFeatures, dccmNetwork } from './dccmNetwork.ts';
import { DCGAN_SMALLEST, dcganEncoder, dcganFeatures } from './dcgan.ts';
import { DECNN_SMALLEST, decnnEncoder, decnnFeatures } from './decnn.ts';
import type { Drop } from './dropout.ts';
import { fixedSize, type ImportedOptions, importedEncoder } from './graph/imported.ts';
import { JULE_SMALLEST, jule, juleFeatures, juleGrid } from './jule.ts';
import { type PerceptronOptions, perceptron, perceptronFeatures } from './perceptron.ts';
import { type ResnetOptions, residualNetworks, resnet, resnetFeatures } from './resnet.ts';
import { sobel } from './sobel.ts';
import { VAE_SMALLEST, vaeEncoder, vaeFeatures, vaeGrid } from './vae.ts';
import { createVariables, type Variables } from './variables.ts';
import { VGG_SMALLEST, vgg16, vggGrid } from './vgg.ts';

/** Grid of networks that average their last map, which take images of different sizes. */
const anySize = (_: number) => 1;

/**
 * Networks without residual blocks, from images of a smallest size on. Those with fully connected
 * layers take images of one size; sizes of the same `grid` count as one.
 */
const fullyConnectedBackbones = {
  alexnet: {
    build: alexnet,
    features: plainFeatures,
    smallest: ALEXNET_SMALLEST,
    grid: alexnetGrid,
  },
  'vgg16-bn': { build: vgg16, features: plainFeatures, smallest: VGG_SMALLEST, grid: vggGrid },
  jule: { build: jule, features: juleFeatures, smallest: JULE_SMALLEST, grid: juleGrid },
  mlp: {
    build: perceptron,
    features: perceptronFeatures,
    smallest: 1,
    grid: (size: number) => size,
  },
  dcgan: {
    build: dcganEncoder,
    features: dcganFeatures,
    smallest: DCGAN_SMALLEST,
    grid: (size: number) => size,
  },
  decnn: {
    build: decnnEncoder,
    features: decnnFeatures,
    smallest: DECNN_SMALLEST,
    grid: () => 0, // takes images of several sizes
  },
  vae: { build: vaeEncoder, features: vaeFeatures, smallest: VAE_SMALLEST, grid: vaeGrid },
  dac: { build: dacNetwork, features: dacFeatures, smallest: DAC_SMALLEST, grid: anySize },
  dccm: { build: dccmNetwork, features: dccmFeatures, smallest: DCCM_SMALLEST, grid: anySize },
} as const;

/** All networks by name. */
export const architectures = { ...residualNetworks, ...fullyConnectedBackbones } as const;

/** Name of the architecture whose images are stored features of a pretrained model already. */
export const PRETRAINED = 'pretrained';
/** Name of the architecture that is an imported network, which is trained further. */
export const IMPORTED = 'imported';
export type Architecture = keyof typeof architectures | typeof PRETRAINED | typeof IMPORTED;

/** Names of all architectures. */
export const architectureNames = [
  ...(Object.keys(architectures) as (keyof typeof architectures)[]),
  PRETRAINED,
  IMPORTED,
] as const satisfies readonly Architecture[];

/** Fixed filters before the first layer. */
export const frontEnds = ['none', 'sobel'] as const;
export type FrontEnd = (typeof frontEnds)[number];

export interface EncoderOptions
  extends Omit<ResnetOptions, 'architecture'>,
    ImportedOptions,
    Pick<PerceptronOptions, 'layerWidths'> {
  architecture?: Architecture;
  /** Dimension D of the features; read and required by `pretrained` and `imported` alone. */
  dimension?: number | undefined;
  /** Default: none. */
  frontEnd?: FrontEnd;
  /** Dropout of AlexNet and VGG in training. Default: none. */
  drop?: Drop;
  /**
   * Receives a map [N, C, h, w] near the pixels: after the first stage of a residual network, after
   * the first pooling of `dac` and `dccm`. Other networks have none.
   */
  onFirstMap?: (map: Tensor) => void;
}

function fullyConnectedBackbone(architecture: Architecture) {
  return Object.hasOwn(fullyConnectedBackbones, architecture)
    ? fullyConnectedBackbones[architecture as keyof typeof fullyConnectedBackbones]
    : undefined;
}

/**
 * Dimension D of the features.
 *
 * @throws LikenessError `encoder.dimension` for `pretrained` and `imported` without a dimension
 */
export function featureLength({ architecture = 'resnet18', ...options }: EncoderOptions): number {
  if (architecture === PRETRAINED || architecture === IMPORTED) {
    return dimensionOf(architecture, options);
  }
  const plain = fullyConnectedBackbone(architecture);
  return plain
    ? plain.features(options)
    : resnetFeatures({ ...options, architecture: architecture as ResnetOptions['architecture'] });
}

function dimensionOf(
  architecture: Architecture,
  { dimension }: Pick<EncoderOptions, 'dimension'>,
): number {
  if (dimension !== undefined) return dimension;
  throw new LikenessError(
    'encoder.dimension',
    `architecture ${architecture}: received no dimension; expected the number of features per ` +
      'image. Set dimension.',
  );
}

/**
 * Name and shape [O, C, k, k] of the first convolution's filters, for images of a size in pixels.
 */
export function firstFilters(
  options: EncoderOptions,
  size: number,
): { name: string; shape: Shape } {
  const variables = createVariables();
  encode(variables, input('images', [1, 3, size, size]), { ...options, stemFilters: 'trained' });
  const [{ name, tensor }] = variables.parameters() as [{ name: string; tensor: Tensor }];
  return { name, shape: tensor.shape };
}

/**
 * Normalized images [N, 3, H, W] to features [N, D], by the named architecture.
 *
 * With `pretrained`, x holds features [N, D] and is returned as it is. Nothing is trained.
 */
export function encode(
  variables: Variables,
  x: Tensor,
  { architecture = 'resnet18', frontEnd = 'none', ...options }: EncoderOptions = {},
): Tensor {
  if (architecture === PRETRAINED) return x; // [N, D]
  if (architecture === IMPORTED) return importedEncoder(variables, x, options); // [N, D]
  const y = frontEnd === 'sobel' ? sobel(x) : x; // [N, 2, H, W] or [N, 3, H, W]
  const plain = fullyConnectedBackbone(architecture);
  if (plain) return plain.build(variables, y, options); // [N, D]
  return resnet(variables, y, {
    ...options,
    architecture: architecture as ResnetOptions['architecture'],
  }); // [N, D]
}

/**
 * Refuses image sizes in pixels that a network cannot take, or cannot take together.
 *
 * @throws LikenessError `encoder.size`
 */
export function checkSizes(
  { architecture = 'resnet18', model }: EncoderOptions,
  sizes: readonly number[],
): void {
  if (architecture === IMPORTED) checkImportedSizes(fixedSize({ model }), sizes);
  const plain = fullyConnectedBackbone(architecture);
  if (!plain) return;
  const { smallest, grid } = plain;
  const isSmall = sizes.some((size) => size < smallest);
  if (!isSmall && new Set(sizes.map(grid)).size === 1) return;
  const expected = isSmall
    ? `${smallest} px or more. Set larger crops and imageSize`
    : 'one size for all crops and for imageSize, because its fully connected layers fit one size. ' +
      'Set them alike';
  throw new LikenessError(
    'encoder.size',
    `architecture ${architecture}: received images of ${[...new Set(sizes)].join(' and ')} px; ` +
      `expected ${expected}, or, where the method takes other networks, a residual one such as ` +
      'architecture=resnet10.',
  );
}

function checkImportedSizes(fixed: number | undefined, sizes: readonly number[]): void {
  const other = fixed === undefined ? undefined : sizes.find((size) => size !== fixed);
  if (other === undefined) return;
  throw new LikenessError(
    'encoder.size',
    `architecture ${IMPORTED}: received images of ${other} px; expected ${fixed} px, to which the ` +
      'model is fixed. Set all crops and imageSize to it.',
  );
}
