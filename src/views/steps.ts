/** Augmentation steps: draws the parameters of a step, then applies it to pixels. */
import type { Random } from '../core/random.ts';
import { type AffineMap, applyAffine, drawAffine } from './affine.ts';
import { addNoise, applyChannelShift, drawChannelShift } from './channelShift.ts';
import { applyColorJitter, drawColorJitter, type JitterChange } from './colorJitter.ts';
import { flip } from './flip.ts';
import { boxBlur, gaussianBlur } from './gaussianBlur.ts';
import { grayscale } from './grayscale.ts';
import type { PlanarImage } from './planarImage.ts';
import { solarize } from './solarize.ts';
import type { Step } from './spec.ts';

/** An augmentation step whose parameters have been drawn. */
export type DrawnStep =
  | { readonly kind: 'flip' }
  | { readonly kind: 'affine'; readonly map: AffineMap }
  | { readonly kind: 'colorJitter'; readonly changes: readonly JitterChange[] }
  | { readonly kind: 'grayscale' }
  | {
      readonly kind: 'gaussianBlur';
      readonly sigma: number;
      readonly algorithm: 'box' | 'gaussian';
    }
  | { readonly kind: 'channelShift'; readonly by: readonly number[] }
  | { readonly kind: 'solarize'; readonly threshold: number }
  | { readonly kind: 'noise'; readonly deviation: number; readonly seed: number };

/**
 * Draws a step's parameters with probability `step.p`.
 *
 * @returns `undefined` where the step is skipped.
 */
export function drawStep(step: Step, random: Random): DrawnStep | undefined {
  if (!random.chance(step.p)) return undefined;
  switch (step.kind) {
    case 'flip':
    case 'grayscale':
      return { kind: step.kind };
    case 'affine':
      return { kind: step.kind, map: drawAffine(step, random) };
    case 'channelShift':
      return { kind: step.kind, by: drawChannelShift(step.by, random) };
    case 'noise':
      return { kind: step.kind, deviation: step.deviation, seed: random.bits() };
    case 'colorJitter':
      return { kind: step.kind, changes: drawColorJitter(step, random) };
    case 'gaussianBlur':
      return { kind: step.kind, sigma: random.uniform(...step.sigma), algorithm: step.algorithm };
    case 'solarize':
      return { kind: step.kind, threshold: step.threshold };
  }
}

/** Applies a drawn step in place. */
export function applyStep(image: PlanarImage, step: DrawnStep): void {
  switch (step.kind) {
    case 'flip':
      flip(image);
      break;
    case 'affine':
      applyAffine(image, step.map);
      break;
    case 'channelShift':
      applyChannelShift(image, step.by);
      break;
    case 'noise':
      addNoise(image, step.deviation, step.seed);
      break;
    case 'colorJitter':
      applyColorJitter(image, step.changes);
      break;
    case 'grayscale':
      grayscale(image);
      break;
    case 'gaussianBlur':
      if (step.algorithm === 'box') boxBlur(image, step.sigma);
      else gaussianBlur(image, step.sigma);
      break;
    case 'solarize':
      solarize(image, step.threshold);
  }
}
