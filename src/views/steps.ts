/** Augmentation steps: for each kind, what is drawn at random and what is then done to the pixels. */
import type { Random } from '../core/random.ts';
import { applyColourJitter, drawColourJitter, type JitterChange } from './colourJitter.ts';
import { flip } from './flip.ts';
import { boxBlur, gaussianBlur } from './gaussianBlur.ts';
import { greyscale } from './greyscale.ts';
import type { PlanarImage } from './planarImage.ts';
import { solarise } from './solarise.ts';
import type { Step } from './spec.ts';

/** A step whose chance has been taken and whose parameters are fixed. */
export type DrawnStep =
  | { readonly kind: 'flip' }
  | { readonly kind: 'colourJitter'; readonly changes: readonly JitterChange[] }
  | { readonly kind: 'greyscale' }
  | { readonly kind: 'gaussianBlur'; readonly sigma: number; readonly algorithm: 'box' | 'gaussian' }
  | { readonly kind: 'solarise'; readonly threshold: number };

/** Draws whether a step happens, with probability `step.p`, and its parameters; `undefined` when it does not. */
export function drawStep(step: Step, random: Random): DrawnStep | undefined {
  if (!random.chance(step.p)) return undefined;
  switch (step.kind) {
    case 'flip':
    case 'greyscale':
      return { kind: step.kind };
    case 'colourJitter':
      return { kind: step.kind, changes: drawColourJitter(step, random) };
    case 'gaussianBlur':
      return { kind: step.kind, sigma: random.uniform(...step.sigma), algorithm: step.algorithm };
    case 'solarise':
      return { kind: step.kind, threshold: step.threshold };
  }
}

/** Applies a drawn step in place. */
export function applyStep(image: PlanarImage, step: DrawnStep): void {
  switch (step.kind) {
    case 'flip':
      flip(image);
      break;
    case 'colourJitter':
      applyColourJitter(image, step.changes);
      break;
    case 'greyscale':
      greyscale(image);
      break;
    case 'gaussianBlur':
      if (step.algorithm === 'box') boxBlur(image, step.sigma);
      else gaussianBlur(image, step.sigma);
      break;
    case 'solarise':
      solarise(image, step.threshold);
  }
}
