/**
 * The views of published recipes and of our own small ones, as a table.
 *
 * Sizes: `-32` and the like name the size of the big crops in pixels. Sources are at each group; where a recipe is ours,
 * the comment says what it was made from and why.
 */
import { LikenessError } from '../core/errors.ts';
import type { EvaluationSpec } from './evaluationView.ts';
import { parseViews, type ViewsInput, type ViewsSpec } from './spec.ts';

/** Mean and deviation of ImageNet's pixels, as torchvision's models use them. */
const imagenet = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} satisfies ViewsInput['normalise'];
/** The same with .228 for red: the value in SwAV's and HCSC's published code, kept so that their weights fit. */
const swavImagenet = { mean: imagenet.mean, std: [0.228, 0.224, 0.225] } satisfies ViewsInput['normalise'];
/** Fashion-MNIST's mean and deviation, for grey pictures of that kind. */
const grey28 = {
  mean: [0.286, 0.286, 0.286],
  std: [0.353, 0.353, 0.353],
} satisfies ViewsInput['normalise'];
/** Pixels in 0..1 as they are: Contrastive Clustering does not normalise. */
const none = { mean: [0, 0, 0], std: [1, 1, 1] } satisfies ViewsInput['normalise'];

type StepInput = ViewsInput['crops'][number]['steps'][number];

const flip: StepInput = { kind: 'flip', p: 0.5 };
const greyscale: StepInput = { kind: 'greyscale', p: 0.2 };

/** Colour jitter of SimCLR's strength s: `(.8 s, .8 s, .8 s, .2 s)` with probability .8. */
function jitter(s: number): StepInput {
  return {
    kind: 'colourJitter',
    p: 0.8,
    brightness: 0.8 * s,
    contrast: 0.8 * s,
    saturation: 0.8 * s,
    hue: 0.2 * s,
  };
}
function blur(algorithm: 'box' | 'gaussian', sigma: [number, number] = [0.1, 2]): StepInput {
  return { kind: 'gaussianBlur', p: 0.5, sigma, algorithm };
}

/** Views of a recipe together with the view that it is evaluated with. */
export interface ViewsPreset {
  readonly description: string;
  readonly views: ViewsSpec;
  readonly evaluation: Required<EvaluationSpec>;
}

function preset(
  description: string,
  evaluation: Required<EvaluationSpec>,
  normalise: ViewsInput['normalise'],
  crops: ViewsInput['crops'],
): ViewsPreset {
  return { description, evaluation, views: parseViews({ crops, normalise }) };
}

const small = [flip, jitter(0.5), greyscale];
// SwAV blurs 224-pixel crops with sigma up to 2; the same share of a 96-pixel crop is sigma up to 0.9.
const medium = [flip, jitter(0.5), greyscale, blur('box', [0.1, 0.9])];
const full = [flip, jitter(1), greyscale, blur('box')];
const mocoV2 = [
  { kind: 'colourJitter', p: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  greyscale,
  blur('box'),
  flip,
] satisfies StepInput[];

const at = (size: number, resize = size) => ({ size, resize });

export const viewsPresets = {
  // SwAV (Caron et al. 2020, arXiv 2006.09882): the paper's crops, and the recipes for small images in use since.
  'swav-32': preset('SwAV on 32-pixel images: two crops, mild colours, no blur', at(32), imagenet, [
    { count: 2, size: 32, scale: [0.14, 1], steps: small },
  ]),
  // Half-size small crops of .05 to .14 of 64 pixels would show 14 to 24 pixels: enlarged, but still parts.
  'swav-multicrop-64': preset('SwAV multi-crop for images from 64 pixels', at(64), imagenet, [
    { count: 2, size: 64, scale: [0.14, 1], steps: small },
    { count: 4, size: 32, scale: [0.05, 0.14], steps: small },
  ]),
  'swav-multicrop-96': preset('SwAV multi-crop for images from 96 pixels', at(96), imagenet, [
    { count: 2, size: 96, scale: [0.14, 1], steps: medium },
    { count: 6, size: 48, scale: [0.05, 0.14], steps: medium },
  ]),
  'swav-imagenet': preset("SwAV's published views, 2x224 + 6x96", at(224, 256), swavImagenet, [
    { count: 2, size: 224, scale: [0.14, 1], steps: full },
    { count: 6, size: 96, scale: [0.05, 0.14], steps: full },
  ]),
  'swav-grey-28': preset('SwAV on 28-pixel grey images: no colour to change', at(28), grey28, [
    {
      count: 2,
      size: 28,
      scale: [0.3, 1],
      steps: [flip, { kind: 'colourJitter', p: 0.8, brightness: 0.4, contrast: 0.4 }],
    },
  ]),
  // DeepCluster (arXiv 1807.05520) and DeepCluster-v2 (in SwAV's repository, 400 epochs).
  'deepcluster-224': preset('DeepCluster: one crop and a flip', at(224, 256), imagenet, [
    { count: 1, size: 224, scale: [0.08, 1], steps: [flip] },
  ]),
  'deepclusterv2-160': preset('DeepCluster-v2, 2x160 + 4x96', at(224, 256), swavImagenet, [
    { count: 2, size: 160, scale: [0.08, 1], steps: full },
    { count: 4, size: 96, scale: [0.05, 0.14], steps: full },
  ]),
  // SimCLR (Chen et al. 2020, arXiv 2002.05709), appendix A; for CIFAR strength .5 and no blur (appendix B.9).
  'simclr-32': preset('SimCLR on 32-pixel images', at(32), imagenet, [
    { count: 2, size: 32, scale: [0.08, 1], steps: small },
  ]),
  'simclr-224': preset('SimCLR on ImageNet', at(224, 256), imagenet, [
    { count: 2, size: 224, scale: [0.08, 1], steps: [flip, jitter(1), greyscale, blur('gaussian')] },
  ]),
  // MoCo v2 (Chen et al. 2020, arXiv 2003.04297); PCL and HCSC with two crops use the same.
  'mocov2-32': preset('MoCo v2 on 32-pixel images: no blur', at(32), imagenet, [
    { count: 2, size: 32, scale: [0.2, 1], steps: [jitter(0.5), greyscale, flip] },
  ]),
  'mocov2-224': preset('MoCo v2, PCL v2, HCSC on ImageNet', at(224, 256), imagenet, [
    { count: 2, size: 224, scale: [0.2, 1], steps: mocoV2 },
  ]),
  // Contrastive Clustering (Li et al. 2021, arXiv 2009.09687): images enlarged to 224, strength .5 for CIFAR, 1 and
  // blur for ImageNet subsets. The 32-pixel form keeps strength and scale.
  'cc-32': preset('Contrastive Clustering at 32 pixels', at(32), none, [
    { count: 2, size: 32, scale: [0.08, 1], steps: small },
  ]),
  'cc-cifar-224': preset('Contrastive Clustering on CIFAR, enlarged to 224', at(224), none, [
    { count: 2, size: 224, scale: [0.08, 1], steps: small },
  ]),
  'cc-imagenet-224': preset('Contrastive Clustering on ImageNet subsets', at(224), none, [
    { count: 2, size: 224, scale: [0.08, 1], steps: [flip, jitter(1), greyscale, blur('gaussian')] },
  ]),
} as const satisfies Record<string, ViewsPreset>;

export type ViewsPresetName = keyof typeof viewsPresets;
export const viewsPresetNames = Object.keys(viewsPresets) as ViewsPresetName[];

/**
 * The preset of that name.
 *
 * @throws LikenessError `views.preset` that lists the names.
 */
export function viewsPreset(name: string): ViewsPreset {
  if (!Object.hasOwn(viewsPresets, name)) {
    throw new LikenessError(
      'views.preset',
      `There are no views named "${name}"; expected one of ${viewsPresetNames.join(', ')}.`,
    );
  }
  return viewsPresets[name as ViewsPresetName];
}
