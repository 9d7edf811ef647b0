/** The views that settings describe, as data for the loader. */
import { LikenessError } from '../core/errors.ts';
import { parseViews, type ViewsSpec } from '../views/index.ts';
import type { Settings } from './settings.ts';

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

/** The views of a run: SwAV's steps in the authors' order, for every crop group. */
export function viewsOf(settings: Settings): ViewsSpec {
  const crops = parseCrops(settings.crops);
  const scales = settings.scales.split('+').map((part) => parseRange('scales', part));
  if (scales.length !== crops.length) {
    throw new LikenessError(
      'settings.invalid',
      `scales: received ${scales.length} range(s) in "${settings.scales}"; expected one per crop group of "${settings.crops}"`,
    );
  }
  if (crops[0]!.count < 2) {
    throw new LikenessError(
      'settings.invalid',
      `crops: received "${settings.crops}"; expected at least two crops in the first group, whose codes are swapped`,
    );
  }
  const { brightness, contrast, saturation, hue } = settings;
  const steps = [
    { kind: 'flip', p: settings.flipProbability },
    { kind: 'colourJitter', p: settings.jitterProbability, brightness, contrast, saturation, hue },
    { kind: 'greyscale', p: settings.greyscaleProbability },
    { kind: 'gaussianBlur', p: settings.blurProbability, sigma: parseRange('blurSigma', settings.blurSigma) },
    { kind: 'solarise', p: settings.solariseProbability },
  ].filter(({ p }) => p > 0);
  return parseViews({
    crops: crops.map((crop, g) => ({ ...crop, scale: scales[g], steps })),
    normalise: { mean: parseTriple('mean', settings.mean), std: parseTriple('std', settings.std) },
  });
}
