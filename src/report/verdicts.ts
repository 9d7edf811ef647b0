/** Encoders of an evaluation, and the verdict on the first of them. */
import { UNTRAINED } from '../encoders/index.ts';
import { KMEANS_TITLE, type ScoredEncoder, type Verdict, verdictsOf } from '../evaluate/index.ts';
import type { StoredEvaluation } from '../run/index.ts';

/** Lists the encoders of an evaluation, the evaluated one first. */
export function encodersOf(evaluation: StoredEvaluation): ScoredEncoder[] {
  const { untrained, rawPixels, colourHistogram, patches } = evaluation.baselines ?? {};
  return [
    { title: evaluation.encoder?.title ?? 'trained encoder', scores: evaluation },
    ...(untrained ? [{ title: untrained.title ?? UNTRAINED, scores: untrained }] : []),
    ...(rawPixels ? [{ title: 'raw pixels', scores: rawPixels }] : []),
    ...(colourHistogram ? [{ title: 'color histogram', scores: colourHistogram }] : []),
    ...(patches ? [{ title: 'patch features', scores: patches }] : []),
  ];
}

/**
 * Compares the evaluated encoder with the baselines. A baseline that is ahead anywhere is named
 * with the scores.
 */
export function verdictsOnRun(evaluation: StoredEvaluation): Verdict[] {
  const [own, ...others] = encodersOf(evaluation);
  const { kmeans } = evaluation.baselines ?? {};
  return verdictsOf([
    own!,
    ...(kmeans ? [{ title: KMEANS_TITLE, scores: kmeans }] : []),
    ...others,
  ]);
}
