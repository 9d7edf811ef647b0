/** Conditions of a comparison in words: budget, shared settings, and the protocol of each score. */
import { flatSettings } from '../methods/index.ts';
import type { Comparison } from './comparison.ts';
import { type Bench, curveProtocol, labeledRows } from './measure.ts';
import { type PlannedRow, sharedSettings } from './plan.ts';

/** Fraction of the most frequent class among the tested images. */
export function largestShare({ set }: Bench): number | null {
  const counts = new Map<number, number>();
  let total = 0;
  const anyTest = set.split.includes('test');
  for (const row of labeledRows(set)) {
    if (anyTest && set.split[row] !== 'test') continue;
    counts.set(set.labels[row]!, (counts.get(set.labels[row]!) ?? 0) + 1);
    total++;
  }
  return total === 0 ? null : Math.max(...counts.values()) / total;
}

/** Collects the settings that all rows share: encoder, batch, views. */
export function sharedOf(rows: readonly PlannedRow[]): Record<string, string | number> {
  const equal = sharedSettings.flatMap((name) => {
    const value = flatSettings(rows[0]!.settings)[name]!;
    return rows.every(({ settings }) => flatSettings(settings)[name] === value)
      ? [[name, value] as const]
      : [];
  });
  const cut = (['crops', 'scales'] as const)
    .filter((name) => !(name in rows[0]!.grid))
    .map((name) => [name, cutFor(rows, name)] as const);
  return Object.fromEntries([...equal, ...cut]);
}

/**
 * Tells the crops or their scales; where methods take fewer, each value with its methods, longest
 * first.
 */
function cutFor(rows: readonly PlannedRow[], name: 'crops' | 'scales'): string {
  const takers = new Map<string, Set<string>>();
  for (const { method, settings } of rows) {
    const value = String(flatSettings(settings)[name]);
    takers.set(value, (takers.get(value) ?? new Set()).add(method));
  }
  if (takers.size === 1) return [...takers.keys()][0]!;
  return [...takers]
    .sort(([a], [b]) => b.length - a.length || (a < b ? 1 : -1))
    .map(([value, methods]) => `${value} (${[...methods].join(', ')})`)
    .join('; ');
}

/** Tells a budget in words. */
export function showBudget(budget: Comparison['budget']): string {
  return 'minutes' in budget
    ? `${budget.minutes} minute${budget.minutes === 1 ? '' : 's'} of training`
    : `${budget.epochs} epoch${budget.epochs === 1 ? '' : 's'}`;
}

/** Tells how each score is obtained. */
export function protocolOf(
  bench: Bench,
  budget: Comparison['budget'],
  seeds: readonly number[],
): Record<string, string> {
  const { set } = bench;
  const own = set.split.includes('train') && set.split.includes('test');
  const common = {
    training:
      `the same encoder, views, batch and budget (${showBudget(budget)}) for every method, on ` +
      `${own ? "the source's own train images" : 'all images'}, without labels. Crops are ` +
      `reduced to those that a method takes. All other settings are the method's own recipe, ` +
      'chosen for small runs and not for this data set',
    measuring:
      'the encoder after its last step, never the best of several, with features before any ' +
      `head; training seeds ${seeds.join(', ')}, evaluation seed ${bench.seed}; mean and ` +
      'standard deviation (n - 1) over the training seeds',
    time: 'steps and phases between epochs; without compiling, saving and measuring',
    'views agree':
      'how often the evaluation view and a random view of 2,000 images share one of ten ' +
      'k-means clusters, above chance; needs no labels, tracked true clusters in our tests ' +
      'with labels, and compares rows of the same views',
    ...(set.note && { images: set.note }),
  };
  if (set.labelled === 'no') {
    return {
      ...common,
      labels: 'none; the methods are measured on the images that they were trained on',
    };
  }
  return {
    ...common,
    split: own
      ? "the source's own; features of train images are the reference, scores are of test images"
      : `a fifth of each class for testing, drawn with seed ${bench.seed}; the encoder was ` +
        'trained on those images too, without labels',
    knn: 'weighted by exp(cosine / 0.1), k = 200 (and 20), test images against train images',
    linear:
      'a linear classifier on frozen features of the train images, accuracy on the test images ' +
      'after its last epoch',
    clusters:
      'spherical k-means with as many clusters as classes, best objective of 3; NMI ' +
      '(arithmetic mean), ACC (Hungarian method), ARI; on ' +
      (own
        ? 'the test images, and once more on train and test images together'
        : 'all labeled images'),
    curves: curveProtocol(bench),
  };
}
