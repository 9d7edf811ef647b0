/** Augmentation steps: draws the parameters of a step, then applies it to pixels. */
import type { Random } from '../core/random.ts';
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
  | { readonly kind: 'colorJitter'; readonly changes: readonly JitterChange[] }
  | { readonly kind: 'grayscale' }
  | {
      readonly kind: 'gaussianBlur';
      readonly sigma: number;
      readonly algorithm: 'box' | 'gaussian';
    }
  | { readonly kind: 'solarize'; readonly threshold: number };

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
