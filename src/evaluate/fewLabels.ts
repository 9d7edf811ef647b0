/**
 * Evaluates features with few labels: a linear classifier trained on a small part of the labels.
 *
 * For a share s, `max(1, round(s n_y))` training images of each class y keep their label, by a
 * seeded draw; the linear probe is trained on them and measured on all test images. Several draws
 * are averaged, because with few labels much hangs on which ones.
 *
 * Columns are centered by all training images and divided by one number, the root of their mean
 * variance, which needs no labels. Dividing each column by its own deviation, as the probe with all
 * labels does, gives directions that hardly vary the weight of the strongest ones, and a few labels
 * cannot tell which of them are noise.
 *
 * The protocol follows the 1 % and 10 % label columns of Chen et al., "A simple framework for
 * contrastive learning of visual representations" (SimCLR), 2020, section 6 (class-balanced
 * subsets). Difference: there the whole network is fine-tuned; here it is frozen, so that the
 * figure speaks of the features.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { type Labeled, requireLabeled } from './knn.ts';
import { type FitOptions, openProbes } from './linearProbe.ts';

export interface FewLabelsOptions extends Omit<FitOptions, 'onProgress'> {
  /** Shares of the labels, above 0 to 1. */
  shares?: readonly number[];
  /** Draws that are averaged. */
  draws?: number;
  /** Receives the number of finished draws over all shares. */
  onProgress?(done: number): void;
}

export interface FewLabelsResult {
  readonly share: number;
  /** Mean over the draws of the share of test rows predicted right. */
  readonly accuracy: number;
  /** Standard deviation over the draws (divided by their number less one); 0 for one draw. */
  readonly deviation: number;
  readonly draws: number;
  /** Labels used per draw. */
  readonly labels: number;
}

/**
 * Accuracy on test rows with each share of the train rows' labels. The same seed gives the same
 * result.
 */
export async function fewLabels(
  engine: Engine,
  train: Labeled,
  test: Labeled,
  { shares = [0.01, 0.1], draws = 3, seed = 0, onProgress, ...fitting }: FewLabelsOptions = {},
): Promise<FewLabelsResult[]> {
  requireLabeled('few labels: train', train);
  if (!Number.isInteger(draws) || draws < 1) {
    throw new LikenessError(
      'fewLabels.draws',
      `few labels: received draws = ${draws}; expected 1 or more`,
    );
  }
  const bench = openProbes(engine, train, test, { scale: 'common' });
  const results: FewLabelsResult[] = [];
  let done = 0;
  try {
    for (const share of shares) {
      const accuracies: number[] = [];
      let labels = 0;
      for (let draw = 0; draw < draws; draw++) {
        const rows = labeledDraw(train.labels, share, { seed, draw });
        labels = rows.length;
        accuracies.push((await bench.fit({ ...fitting, seed }, rows)).accuracy);
        onProgress?.(++done);
      }
      results.push({ share, ...meanAndDeviation(accuracies), draws, labels });
    }
    return results;
  } finally {
    await bench.close();
  }
}

/**
 * Rows whose label is kept, ascending: of each class the share of its rows, rounded, at least one.
 * Draws of one seed are independent of each other.
 */
export function labeledDraw(
  labels: Int32Array,
  share: number,
  { seed = 0, draw = 0 }: { seed?: number; draw?: number } = {},
): Int32Array {
  if (!(share > 0 && share <= 1)) {
    throw new LikenessError(
      'fewLabels.share',
      `few labels: received a share of ${share}; expected above 0, up to 1`,
    );
  }
  const rowsOf = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = rowsOf.get(label);
    if (rows) rows.push(row);
    else rowsOf.set(label, [row]);
  });
  const kept: number[] = [];
  for (const [label, rows] of rowsOf) {
    const count = Math.max(1, Math.round(share * rows.length));
    kept.push(...randomAt(seed, 'fewLabels', label, draw).shuffle(rows).slice(0, count));
  }
  return Int32Array.from(kept).sort();
}

function meanAndDeviation(values: readonly number[]): { accuracy: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    accuracy: mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
  };
}
