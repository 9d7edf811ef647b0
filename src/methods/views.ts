/** The views that settings describe, as data for the loader. */
import { LikenessError } from '../core/errors.ts';
import { parseViews, type ViewsSpec } from '../views/index.ts';
import type { CropGroup } from './program.ts';
import { methodNamed } from './registry.ts';
import type { Settings } from './settings.ts';
import { showCrops, showSetting } from './text.ts';

/** Demands of each kind of method on its crops. */
const needs = {
  multiple: {
    fits: ([global]: readonly CropGroup[]) => global!.count >= 2,
    expected: 'at least two crops in the first group, which are compared with each other',
  },
  pair: {
    fits: (crops: readonly CropGroup[]) => crops.length === 1 && crops[0]!.count === 2,
    expected: 'one group of two crops, such as "2x32"',
  },
  single: {
    fits: (crops: readonly CropGroup[]) => crops.length === 1 && crops[0]!.count === 1,
    expected: 'one crop, such as "1x32"',
  },
} as const;

type CropSettings = Pick<Settings['views'], 'crops' | 'scales'>;

/** Crops and scales cut down to those that a method takes. */
export function cropsFor(method: string, { crops, scales }: CropSettings): CropSettings {
  const kind = methodNamed(method).crops;
  if (kind === 'multiple') return { crops, scales };
  const { size } = crops[0]!;
  return { crops: [{ count: kind === 'pair' ? 2 : 1, size }], scales: [scales[0]!] };
}

function checkCrops({ method, views: { crops, scales } }: Settings): void {
  if (scales.length !== crops.length) {
    throw new LikenessError(
      'settings.invalid',
      `scales: received ${scales.length} range(s) in "${showSetting('scales', scales)}"; ` +
        `expected one per crop group of "${showCrops(crops)}"`,
    );
  }
  const { fits, expected } = needs[methodNamed(method.name).crops];
  if (!fits(crops)) {
    throw new LikenessError(
      'settings.invalid',
      `crops: received "${showCrops(crops)}"; expected ${expected}, for method ${method.name}`,
    );
  }
}

/** The affine step, where a setting asks for one. */
function affineOf(views: Settings['views']) {
  const {
    affineRotation: rotation = 0,
    affineShift: shift = 0,
    affineZoom: zoom = [1, 1],
    affineShear: shear = 0,
  } = views;
  const isIdentity = rotation + shift + shear === 0 && zoom[0] === 1 && zoom[1] === 1;
  return isIdentity ? [] : [{ kind: 'affine', p: 1, rotation, shift, zoom, shear }];
}

/**
 * The views of a run: the steps in the order of SwAV's authors, for every crop group. With
 * `grayscaleOrder: 'before'` color is removed before it is changed, as in InstDisc.
 */
export function viewsOf(settings: Settings): ViewsSpec {
  checkCrops(settings);
  const { crops, scales, blurSigma, ...views } = settings.views;
  const { brightness, contrast, saturation, hue } = views;
  const jitter = {
    kind: 'colorJitter',
    p: views.jitterProbability,
    brightness,
    contrast,
    saturation,
    hue,
  };
  const grayscale = { kind: 'grayscale', p: views.grayscaleProbability };
  const { channelShift, noise } = views;
  const steps = [
    { kind: 'flip', p: views.flipProbability },
    ...affineOf(settings.views),
    ...(views.grayscaleOrder === 'before' ? [grayscale, jitter] : [jitter, grayscale]),
    ...(channelShift ? [{ kind: 'channelShift', p: 1, by: channelShift }] : []),
    { kind: 'gaussianBlur', p: views.blurProbability, sigma: blurSigma },
    { kind: 'solarize', p: views.solarizeProbability },
    ...(noise ? [{ kind: 'noise', p: 1, deviation: noise }] : []),
  ].filter(({ p }) => p > 0);
  const { mean, std } = settings.data;
  const described = parseViews({
    crops: crops.map((crop, g) => ({ ...crop, scale: scales[g], steps })),
    normalize: { mean, std },
  });
  return {
    ...described,
    crops: methodNamed(settings.method.name).cropSpecs(settings, described.crops),
  };
}
