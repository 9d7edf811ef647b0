/**
 * Residual networks: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR
 * 2016, in torchvision's form (stride in the 3x3 convolution of a bottleneck) and with its
 * parameter names.
 */
import { add, globalAveragePool, maxPool2d, relu, type Tensor } from '../tensor/index.ts';
import { batchNorm, convolution, type Weights } from './layers.ts';
import type { Variables } from './variables.ts';

/** Blocks per stage, and the kind of block. ResNet-10 has one basic block per stage. */
export const residualNetworks = {
  resnet10: { blocks: [1, 1, 1, 1], block: 'basic' },
  resnet18: { blocks: [2, 2, 2, 2], block: 'basic' },
  resnet34: { blocks: [3, 4, 6, 3], block: 'basic' },
  resnet50: { blocks: [3, 4, 6, 3], block: 'bottleneck' },
  resnet101: { blocks: [3, 4, 23, 3], block: 'bottleneck' },
  resnet152: { blocks: [3, 8, 36, 3], block: 'bottleneck' },
} as const;
export type ResidualNetwork = keyof typeof residualNetworks;

/**
 * First layers: `cifar` 3x3, stride 1; `small` 3x3, stride 2; `pooled` 3x3, stride 1, and a max
 * pool 2x2, stride 2 (IIC and PICA); `imagenet` 7x7, stride 2, and a max pool 3x3, stride 2.
 */
export const stems = ['cifar', 'small', 'pooled', 'imagenet'] as const;
export type Stem = (typeof stems)[number];

/** First scales of the last batch norm in each block. */
export const residualInits = ['one', 'zero'] as const;
export type ResidualInit = (typeof residualInits)[number];

export interface ResnetOptions {
  architecture?: ResidualNetwork;
  /** Channels of the first stage; each later stage doubles them. The papers' networks have 64. */
  width?: number;
  stem?: Stem;
  /** Channels of each of the four stages, in place of the doubling from `width`. */
  stageWidths?: readonly number[];
  /**
   * First scale of the last batch norm in each block. With `zero` a block starts as its shortcut,
   * as with `zero_init_residual` in torchvision. Default: `one`.
   */
  residualInit?: ResidualInit;
  /** Filters of the first convolution. Default: trained. */
  stemFilters?: Weights;
  /** Receives the map [N, C, h, w] after the first stage. */
  onFirstMap?: (map: Tensor) => void;
}

/** Channels of each stage (before a bottleneck's expansion). */
export function stageWidthsOf({ width = 64, stageWidths }: ResnetOptions): readonly number[] {
  return stageWidths ?? [0, 1, 2, 3].map((stage) => width * 2 ** stage);
}

const EXPANSION = 4;

/** Dimension of the features: channels of the last stage, four times as many for bottlenecks. */
export function resnetFeatures(options: ResnetOptions): number {
  const { block } = residualNetworks[options.architecture ?? 'resnet18'];
  return stageWidthsOf(options).at(-1)! * (block === 'bottleneck' ? EXPANSION : 1);
}

/** Normalized images [N, 3, H, W] to features [N, D]. */
export function resnet(variables: Variables, x: Tensor, options: ResnetOptions = {}): Tensor {
  const { architecture = 'resnet18', residualInit = 'one' } = options;
  const scale = residualInit === 'zero' ? 0 : 1;
  const { blocks, block } = residualNetworks[architecture];
  const channels = stageWidthsOf(options);
  let y = stemLayers(variables, x, channels[0]!, options); // [N, C, h, w]
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const build = block === 'basic' ? basicBlock : bottleneck;
      y = build(variables, name, y, { channels: channels[stage]!, stride, scale }); // halves h and w at stride 2
    }
    if (stage === 0) options.onFirstMap?.(y);
  });
  return globalAveragePool(y); // [N, D]
}

function stemLayers(
  variables: Variables,
  x: Tensor,
  channels: number,
  { stem = 'cifar', stemFilters: weights }: ResnetOptions,
): Tensor {
  const [kernel, stride] = stem === 'imagenet' ? [7, 2] : [3, stem === 'small' ? 2 : 1];
  const y = convolution(variables, 'conv1', x, { channels, kernel: kernel!, stride, weights });
  const activated = relu(batchNorm(variables, 'bn1', y));
  if (stem !== 'imagenet' && stem !== 'pooled') return activated;
  return maxPool2d(activated, { kernel: stem === 'imagenet' ? 3 : 2, stride: 2, padding: 1 });
}

interface Block {
  channels: number;
  stride: number;
  /** First scale of the last batch norm. */
  scale: number;
}

function basicBlock(
  variables: Variables,
  name: string,
  x: Tensor,
  { channels, stride, scale }: Block,
): Tensor {
  let y = convolution(variables, `${name}.conv1`, x, { channels, kernel: 3, stride });
  y = relu(batchNorm(variables, `${name}.bn1`, y));
  y = convolution(variables, `${name}.conv2`, y, { channels, kernel: 3 });
  y = batchNorm(variables, `${name}.bn2`, y, { scale });
  return relu(add(y, shortcut(variables, name, x, { channels, stride })));
}

function bottleneck(
  variables: Variables,
  name: string,
  x: Tensor,
  { channels, stride, scale }: Block,
): Tensor {
  const wide = channels * EXPANSION;
  let y = convolution(variables, `${name}.conv1`, x, { channels, kernel: 1 });
  y = relu(batchNorm(variables, `${name}.bn1`, y));
  y = convolution(variables, `${name}.conv2`, y, { channels, kernel: 3, stride });
  y = relu(batchNorm(variables, `${name}.bn2`, y));
  y = convolution(variables, `${name}.conv3`, y, { channels: wide, kernel: 1 });
  y = batchNorm(variables, `${name}.bn3`, y, { scale });
  return relu(add(y, shortcut(variables, name, x, { channels: wide, stride })));
}

/** The input itself, or its projection where extent or channels change. */
function shortcut(
  variables: Variables,
  name: string,
  x: Tensor,
  { channels, stride }: Omit<Block, 'scale'>,
): Tensor {
  if (stride === 1 && x.shape[1] === channels) return x;
  const y = convolution(variables, `${name}.downsample.0`, x, { channels, kernel: 1, stride });
  return batchNorm(variables, `${name}.downsample.1`, y);
}
