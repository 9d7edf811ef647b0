/** The views that settings describe, as data for the loader. */
import { LikenessError } from '../core/errors.ts';
import { parseViews, type ViewsSpec } from '../views/index.ts';
import type { CropGroup } from './method.ts';
import { methods } from './registry.ts';
import type { MethodName, Settings } from './settings.ts';

/** "2x96+6x48" to counts and sizes. */
export function parseCrops(text: string): { count: number; size: number }[] {
  return text.split('+').map((part) => {
    const match = /^\s*(\d+)\s*x\s*(\d+)\s*$/.exec(part);
    if (!match) {
      throw new LikenessError(
        'settings.invalid',
        `crops: received "${text}"; expected groups of count x size joined by +, such as "2x96+6x48"`,
      );
    }
    return { count: Number(match[1]), size: Number(match[2]) };
  });
}

function parseRange(name: string, text: string): [number, number] {
  const match = /^\s*(\d*\.?\d+)\s*-\s*(\d*\.?\d+)\s*$/.exec(text);
  if (!match) {
    throw new LikenessError(
      'settings.invalid',
      `${name}: received "${text}"; expected smallest-largest, such as "0.14-1"`,
    );
  }
  return [Number(match[1]), Number(match[2])];
}

function parseTriple(name: string, text: string): [number, number, number] {
  const values = text.split(',').map(Number);
  if (values.length !== 3 || values.some((value) => !Number.isFinite(value))) {
    throw new LikenessError(
      'settings.invalid',
      `${name}: received "${text}"; expected three numbers, such as "0.485,0.456,0.406"`,
    );
  }
  return values as [number, number, number];
}

/** What each kind of method needs of its crops. */
const needs = {
  multiple: {
    fits: ([big]: readonly CropGroup[]) => big!.count >= 2,
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

function checkCrops({ method, crops: text }: Settings, crops: readonly CropGroup[]): void {
  const { fits, expected } = needs[methods[method].crops];
  if (!fits(crops)) {
    throw new LikenessError(
      'settings.invalid',
      `crops: received "${text}"; expected ${expected}, for method ${method}`,
    );
  }
}

/** A preset's crops and scales, cut down to what the method takes. */
export function cropsFor(
  method: MethodName,
  { crops, scales }: { crops: string; scales: string },
): { crops: string; scales: string } {
  const kind = methods[method].crops;
  if (kind === 'multiple') return { crops, scales };
  const { size } = parseCrops(crops)[0]!;
  return { crops: `${kind === 'pair' ? 2 : 1}x${size}`, scales: scales.split('+')[0]! };
}

/** The views of a run: the steps in the order of SwAV's authors, for every crop group. */
export function viewsOf(settings: Settings): ViewsSpec {
  const crops = parseCrops(settings.crops);
  const scales = settings.scales.split('+').map((part) => parseRange('scales', part));
  if (scales.length !== crops.length) {
    throw new LikenessError(
      'settings.invalid',
      `scales: received ${scales.length} range(s) in "${settings.scales}"; expected one per crop group of "${settings.crops}"`,
    );
  }
  checkCrops(settings, crops);
  const { brightness, contrast, saturation, hue } = settings;
  const steps = [
    { kind: 'flip', p: settings.flipProbability },
    { kind: 'colorJitter', p: settings.jitterProbability, brightness, contrast, saturation, hue },
    { kind: 'grayscale', p: settings.greyscaleProbability },
    { kind: 'gaussianBlur', p: settings.blurProbability, sigma: parseRange('blurSigma', settings.blurSigma) },
    { kind: 'solarize', p: settings.solariseProbability },
  ].filter(({ p }) => p > 0);
  const described = parseViews({
    crops: crops.map((crop, g) => ({ ...crop, scale: scales[g], steps })),
    normalize: { mean: parseTriple('mean', settings.mean), std: parseTriple('std', settings.std) },
  });
  return {
    ...described,
    crops: methods[settings.method].crop?.(settings, described.crops) ?? described.crops,
  };
}
