/** Conditions of a comparison in words: budget, shared settings, and the protocol of each score. */
import { plural } from '../core/text.ts';
import { flatSettings, showCrops } from '../methods/index.ts';
import type { Budget, ComparedMethod, Training } from './comparison.ts';
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

/** Collects the settings that all networks from scratch share: encoder, batch, views. */
export function sharedOf(all: readonly PlannedRow[]): Record<string, string | number> {
  const rows = all.filter(({ training }) => training === 'scratch');
  if (rows.length === 0) return {};
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
function showBudget(budget: NonNullable<Budget>): string {
  return 'minutes' in budget
    ? `${budget.minutes} minute${budget.minutes === 1 ? '' : 's'} of training`
    : `${budget.epochs} epoch${budget.epochs === 1 ? '' : 's'}`;
}

/** Tells the budgets of rows in words, such as `10 minutes of training per run`. */
export function budgetsInWords(
  budget: Budget,
  rows: readonly { readonly training?: Training }[],
): string {
  const ofHeads = 'heads by their own recipes';
  if (!budget) return ofHeads;
  return rows.some(({ training }) => training === 'head')
    ? `${showBudget(budget)} per network, ${ofHeads}`
    : `${showBudget(budget)} per run`;
}

export interface ProtocolOptions {
  readonly budget: Budget;
  readonly seeds: readonly number[];
  readonly rows: readonly PlannedRow[];
  /** Rows with results. */
  readonly methods: readonly ComparedMethod[];
  /** Name of the pretrained model. */
  readonly model?: string | undefined;
}

/** Tells how the rows of each kind are trained. */
function trainingOf(own: boolean, { budget, rows, methods, model }: ProtocolOptions) {
  const has = (kind: Training) => rows.some(({ training }) => training === kind);
  const images = own ? "the source's own train images" : 'all images';
  const steps = methods.flatMap(({ training, method, runs }) => {
    const done = runs.find((run) => run.steps !== undefined)?.steps;
    return training === 'head' && done !== undefined ? [`${method} ${plural(done, 'step')}`] : [];
  });
  const crops = rows.flatMap(({ training, settings: { views, data } }) =>
    training === 'fine-tuning'
      ? [`views ${showCrops(views.crops)} and images of ${data.imageSize} px`]
      : [],
  );
  const list = steps.length === 0 ? '' : ` (${[...new Set(steps)].join(', ')})`;
  return {
    ...(has('scratch') && {
      training:
        `the same encoder, views, batch and budget (${showBudget(budget!)}) for every method, on ` +
        `${images}, without labels. Crops are reduced to those that a method takes. All other ` +
        "settings are the method's own recipe, chosen for small runs and not for this data set",
    }),
    ...(has('head') && {
      heads:
        `trained on features of ${model}, which stays as it is, on ${images}, without labels, by ` +
        `the method's own recipe in steps and not by the budget of networks${list}. ` +
        'NMI, ACC and ARI are of the clusters that the head learned, kNN and linear of the ' +
        "model's features",
    }),
    ...(has('fine-tuning') && {
      'fine-tuning':
        `${model} trained further on ${images} with the budget of networks ` +
        `(${showBudget(budget!)}), by the recipe of docs/pretrained.md and the method's own, with ` +
        `${[...new Set(crops)].join(' or ')}`,
    }),
  };
}

/** Tells how each score is obtained. */
export function protocolOf(bench: Bench, options: ProtocolOptions): Record<string, string> {
  const { set } = bench;
  const { seeds, model } = options;
  const own = set.split.includes('train') && set.split.includes('test');
  const common = {
    ...trainingOf(own, options),
    measuring:
      'the encoder after its last step, never the best of several, with features before any ' +
      `head; training seeds ${seeds.join(', ')}, evaluation seed ${bench.seed}; mean and ` +
      'standard deviation (n - 1) over the training seeds',
    time:
      'steps and phases between epochs; without compiling, saving and measuring' +
      (model === undefined ? '' : ', and without computing the features of heads'),
    'views agree':
      'how often the evaluation view and a random view of 2,000 images share one of ten ' +
      'k-means clusters, above chance; needs no labels, tracked true clusters in our tests ' +
      'with labels, and compares rows of the same views' +
      (model === undefined
        ? ''
        : `. Rows of ${model} have none: its heads share their features, and a model that is ` +
          'trained further sees other views'),
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
      `spherical k-means with ${bench.k ?? 'as many'} clusters` +
      `${bench.k === undefined ? ' as classes' : ''}, best objective of 3; NMI ` +
      '(arithmetic mean), ACC (Hungarian method), ARI; on ' +
      (own
        ? 'the test images, and once more on train and test images together'
        : 'all labeled images'),
    curves: curveProtocol(bench),
  };
}
