/** A suggested number of clusters as scripts read it. */
import type { SuggestedK } from '../cluster/index.ts';

/** `suggestion` of `cluster --json`: the number, the range that is about as good, and the value of each number tried. */
export function suggestionJson(suggestion: SuggestedK | undefined): object | null {
  if (!suggestion) return null;
  const { best, range, curve } = suggestion;
  return { k: best, range, curve: curve.map(({ k, score, ...parts }) => ({ k, value: score, ...parts })) };
}
