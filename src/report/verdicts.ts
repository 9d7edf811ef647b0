/** Encoders of an evaluation, and the verdict on the trained one. */
import { type ScoredEncoder, type Verdict, verdictsOf } from '../evaluate/index.ts';
import type { StoredEvaluation } from '../run/index.ts';

/** Lists the encoders of an evaluation, the trained one first. */
export function encodersOf(evaluation: StoredEvaluation): ScoredEncoder[] {
  const { untrained, rawPixels, colourHistogram } = evaluation.baselines ?? {};
  return [
    { title: 'trained encoder', scores: evaluation },
    ...(untrained ? [{ title: 'untrained encoder', scores: untrained }] : []),
    ...(rawPixels ? [{ title: 'raw pixels', scores: rawPixels }] : []),
    ...(colourHistogram ? [{ title: 'color histogram', scores: colourHistogram }] : []),
  ];
}

/**
 * Compares the trained encoder with the baselines; a baseline that is ahead anywhere is named with
 * the scores.
 */
export function verdictsOnRun(evaluation: StoredEvaluation): Verdict[] {
  return verdictsOf(encodersOf(evaluation));
}
