/** What a comparison says of its conditions: budget, shared settings, chance, and how each figure is obtained. */
import type { Comparison } from './comparison.ts';
import { type Bench, curveProtocol, labelledRows } from './measure.ts';
import { type PlannedRow, sharedSettings } from './plan.ts';

/** Share of the most frequent class among the images that are tested on. */
export function largestShare({ set }: Bench): number | null {
  const counts = new Map<number, number>();
  let total = 0;
  const anyTest = set.split.includes('test');
  for (const row of labelledRows(set)) {
    if (anyTest && set.split[row] !== 'test') continue;
    counts.set(set.labels[row]!, (counts.get(set.labels[row]!) ?? 0) + 1);
    total++;
  }
  return total === 0 ? null : Math.max(...counts.values()) / total;
}

/** What all rows agree in: encoder, batch, views. */
export function sharedOf(rows: readonly PlannedRow[]): Record<string, string | number> {
  const equal = sharedSettings.flatMap((name) => {
    const value = rows[0]!.settings[name];
    return rows.every(({ settings }) => settings[name] === value) ? [[name, value] as const] : [];
  });
  const cut = (['crops', 'scales'] as const)
    .filter((name) => !(name in rows[0]!.grid))
    .map((name) => [name, cutFor(rows, name)] as const);
  return Object.fromEntries([...equal, ...cut]);
}

/** The crops, or their scales; where some methods take fewer, each value with its methods, the whole one first. */
function cutFor(rows: readonly PlannedRow[], name: 'crops' | 'scales'): string {
  const takers = new Map<string, Set<string>>();
  for (const { method, settings } of rows) {
    const value = settings[name];
    takers.set(value, (takers.get(value) ?? new Set()).add(method));
  }
  if (takers.size === 1) return rows[0]!.settings[name];
  return [...takers]
    .sort(([a], [b]) => b.length - a.length || (a < b ? 1 : -1))
    .map(([value, methods]) => `${value} (${[...methods].join(', ')})`)
    .join('; ');
}

/** A budget in words. */
export function showBudget(budget: Comparison['budget']): string {
  return 'minutes' in budget
    ? `${budget.minutes} minute${budget.minutes === 1 ? '' : 's'} of training`
    : `${budget.epochs} epoch${budget.epochs === 1 ? '' : 's'}`;
}

/** How each figure is obtained, in words. */
export function protocolOf(
  bench: Bench,
  budget: Comparison['budget'],
  seeds: readonly number[],
): Record<string, string> {
  const { set } = bench;
  const own = set.split.includes('train') && set.split.includes('test');
  const common = {
    training: `the same encoder, views, batch and budget (${showBudget(budget)}) for every method, on ${own ? "the source's own train images" : 'all images'}, without labels; crops are cut down to what a method takes; everything else is the method's own recipe, chosen for small runs and not for this data set`,
    measuring: `the encoder after its last step, never the best of several; features before any head, for every method alike; seeds ${seeds.join(', ')} for training, seed ${bench.seed} for all measuring; mean and standard deviation (n - 1) over the training seeds`,
    time: 'steps and phases between epochs; without compiling, saving and measuring',
    'views agree':
      'needs no labels: how often the evaluation view and a random view of 2,000 images fall to the same of ten k-means clusters, above chance; the measure that followed true clusters where there were labels, comparable between rows of the same views',
    ...(set.note && { images: set.note }),
  };
  if (set.labelled === 'no') {
    return { ...common, labels: 'none: measured on the same images that were trained on' };
  }
  return {
    ...common,
    split: own
      ? "the source's own: features of train images are the reference, figures are of test images"
      : `made: a fifth of each class for testing, by seed ${bench.seed}; the encoder has seen those images without their labels`,
    knn: 'weighted by exp(cosine / 0.1), k = 200 (and 20), test images against train images',
    linear:
      'a linear classifier on frozen features of the train images, accuracy on the test images after its last epoch',
    clusters: `spherical k-means with as many clusters as classes, best objective of 3; NMI by the arithmetic mean, ACC by the Hungarian method, ARI; on ${own ? 'the test images, and once more on train and test images together' : 'all labelled images'}`,
    curves: curveProtocol(bench),
  };
}
