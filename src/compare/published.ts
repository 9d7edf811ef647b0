/**
 * Scores that papers and repositories published for a data set, shown as "published, other budget".
 *
 * They are of other encoders, hundreds of epochs and mostly larger images, and do not compare with
 * ours.
 *
 * Sources: table II of Contrastive Clustering (Li et al. 2021, arXiv 2009.09687), whose clusters
 * are of train and test images together, by a single run on those same images; the benchmarks of
 * lightly (weighted kNN, k = 200, T = 0.1, the highest of all epochs) and of solo-learn (linear
 * accuracy) on CIFAR.
 */
import type { Comparison, Published } from './comparison.ts';

type DataSet =
  | 'cifar10'
  | 'cifar100'
  | 'cifar100-20'
  | 'stl10'
  | 'imagenet-10'
  | 'imagenet-dogs'
  | 'tiny-imagenet';

/** NMI, ACC, ARI in thousandths; null where the table has none. */
type Triple = readonly [number | null, number | null, number | null];

/** Columns of table II. */
const tableSets = [
  'cifar10',
  'cifar100-20',
  'stl10',
  'imagenet-10',
  'imagenet-dogs',
  'tiny-imagenet',
] as const;

const none: Triple = [null, null, null];
const onlyAcc = (acc: number): Triple => [null, acc, null];

/** Table II of Contrastive Clustering, in its order; columns as in `tableSets`. */
const tableII: readonly [string, ...Triple[]][] = [
  [
    'kmeans',
    [87, 229, 49],
    [84, 130, 28],
    [125, 192, 61],
    [119, 241, 57],
    [55, 105, 20],
    [65, 25, 5],
  ],
  [
    'spectral',
    [103, 247, 85],
    [90, 136, 22],
    [98, 159, 48],
    [151, 274, 76],
    [38, 111, 13],
    [63, 22, 4],
  ],
  [
    'agglomerative',
    [105, 228, 65],
    [98, 138, 34],
    [239, 332, 140],
    [138, 242, 67],
    [37, 139, 21],
    [69, 27, 5],
  ],
  ['nmf', [81, 190, 34], [79, 118, 26], [96, 180, 46], [132, 230, 65], [44, 118, 16], [72, 29, 5]],
  [
    'autoencoder',
    [239, 314, 169],
    [100, 165, 48],
    [250, 303, 161],
    [210, 317, 152],
    [104, 185, 73],
    [131, 41, 7],
  ],
  [
    'denoising-autoencoder',
    [251, 297, 163],
    [111, 151, 46],
    [224, 302, 152],
    [206, 304, 138],
    [104, 190, 78],
    [127, 39, 7],
  ],
  [
    'dcgan',
    [265, 315, 176],
    [120, 151, 45],
    [210, 298, 139],
    [225, 346, 157],
    [121, 174, 78],
    [135, 41, 7],
  ],
  [
    'decnn',
    [240, 282, 174],
    [92, 133, 38],
    [227, 299, 162],
    [186, 313, 142],
    [98, 175, 73],
    [111, 35, 6],
  ],
  [
    'vae',
    [245, 291, 167],
    [108, 152, 40],
    [200, 282, 146],
    [193, 334, 168],
    [107, 179, 79],
    [113, 36, 6],
  ],
  [
    'jule',
    [192, 272, 138],
    [103, 137, 33],
    [182, 277, 164],
    [175, 300, 138],
    [54, 138, 28],
    [102, 33, 6],
  ],
  [
    'dec',
    [257, 301, 161],
    [136, 185, 50],
    [276, 359, 186],
    [282, 381, 203],
    [122, 195, 79],
    [115, 37, 7],
  ],
  [
    'dac',
    [396, 522, 306],
    [185, 238, 88],
    [366, 470, 257],
    [394, 527, 302],
    [219, 275, 111],
    [190, 66, 17],
  ],
  ['adc', onlyAcc(325), onlyAcc(160), onlyAcc(530), none, none, none],
  ['ddc', [424, 524, 329], none, [371, 489, 267], [433, 577, 345], none, none],
  [
    'dccm',
    [496, 623, 408],
    [285, 327, 173],
    [376, 482, 262],
    [608, 710, 555],
    [321, 383, 182],
    [224, 108, 38],
  ],
  ['iic', onlyAcc(617), onlyAcc(257), onlyAcc(610), none, none, none],
  [
    'pica',
    [591, 696, 512],
    [310, 337, 171],
    [611, 713, 531],
    [802, 870, 761],
    [352, 352, 201],
    [277, 98, 40],
  ],
  [
    'contrastive-clustering',
    [705, 790, 637],
    [431, 429, 266],
    [764, 850, 726],
    [859, 893, 822],
    [445, 429, 274],
    [340, 140, 71],
  ],
];

const TABLE = 'Contrastive Clustering, table II (arXiv 2009.09687)';
const TABLE_BUDGET = 'clusters of train and test images, learned on the same images, one run';
const budgets: Readonly<Record<string, string>> = {
  'contrastive-clustering': `ResNet-34 at 224 px, 1,000 epochs; ${TABLE_BUDGET}`,
};

const LIGHTLY = "lightly's benchmark on CIFAR-10";
const SOLO = "solo-learn's results on CIFAR";

/** Batch and epochs of the columns of lightly's table. */
const lightlyRuns = [
  [128, 200],
  [512, 200],
  [512, 800],
] as const;
/** Weighted kNN in lightly's table. */
const lightlyTable: readonly [string, readonly [number, number, number]][] = [
  ['swav', [0.812, 0.842, 0.884]],
  ['simclr', [0.847, 0.848, 0.879]],
  ['moco', [0.838, 0.847, 0.899]],
  ['byol', [0.869, 0.868, 0.91]],
  ['simsiam', [0.819, 0.764, 0.904]],
];
const ofLightly = lightlyTable.flatMap(([method, values]) =>
  values.map((knn, i): Published => {
    const [batch, epochs] = lightlyRuns[i]!;
    return {
      method,
      figures: { knn },
      budget: `ResNet-18, 32 px, batch ${batch}, ${epochs} epochs, the best of all epochs on the test images`,
      source: LIGHTLY,
    };
  }),
);
const linear = (method: string, value: number): Published => ({
  method,
  figures: { linear: value },
  budget: 'ResNet-18, 32 px, batch 256, 1,000 epochs, classifier fitted along the way',
  source: SOLO,
});

/** Scores that are not in the table. */
const others: Partial<Readonly<Record<DataSet, readonly Published[]>>> = {
  cifar10: [...ofLightly, linear('swav', 0.8917), linear('deepcluster-v2', 0.8885)],
  cifar100: [linear('swav', 0.6488), linear('deepcluster-v2', 0.6361)],
};

/** Facts of a source that identify its data set. */
export interface SourceFacts {
  readonly kind: string;
  readonly name: string;
  readonly classes: number;
}

/**
 * Identifies the data set of a source: packed formats by their kind, folders by name and number of
 * classes.
 *
 * CIFAR-100 is read with its 100 classes, to which the table of 20 classes does not apply.
 */
export function dataSetOf({ kind, name, classes }: SourceFacts): DataSet | undefined {
  if (kind === 'cifar10' || kind === 'stl10') return classes === 10 ? kind : undefined;
  if (kind === 'cifar100') return classes === 20 ? 'cifar100-20' : 'cifar100';
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (/^cifar10(train|test|png|images)*$/.test(plain) && classes === 10) return 'cifar10';
  if (plain.startsWith('stl10') && classes === 10) return 'stl10';
  if (plain === 'imagenet10' && classes === 10) return 'imagenet-10';
  if (plain === 'imagenetdogs' && classes === 15) return 'imagenet-dogs';
  if (plain.startsWith('tinyimagenet') && classes === 200) return 'tiny-imagenet';
  return undefined;
}

/** Lists the published scores of a source's data set; none for an unknown one. */
export function publishedFor(facts: SourceFacts): Published[] {
  const set = dataSetOf(facts);
  if (set === undefined) return [];
  const column = (tableSets as readonly string[]).indexOf(set);
  const ofTable = tableII.flatMap(([method, ...triples]): Published[] => {
    const [nmi, acc, ari] = (column < 0 ? undefined : triples[column]) ?? none;
    const given = Object.entries({ nmi, acc, ari }).filter(([, value]) => value !== null);
    if (given.length === 0) return [];
    const figures = Object.fromEntries(given.map(([name, value]) => [name, value! / 1000]));
    return [{ method, figures, budget: budgets[method] ?? TABLE_BUDGET, source: TABLE }];
  });
  return [...ofTable, ...(others[set] ?? [])];
}

export interface PublishedParts {
  /** Scores of compared methods and classical clusterings. */
  readonly beside: readonly Published[];
  /** Scores of the other methods of table II of Contrastive Clustering. */
  readonly others: readonly Published[];
}

/**
 * Splits published scores into those beside the rows of a comparison and those of other methods.
 */
export function publishedParts({
  published,
  methods,
  baselines,
}: Pick<Comparison, 'published' | 'methods' | 'baselines'>): PublishedParts {
  const present = new Set<string>([
    ...methods.flatMap(({ method, model }) => (model === undefined ? [method] : [])),
    ...Object.keys(baselines),
  ]);
  return {
    beside: published.filter(({ method }) => present.has(method)),
    others: published.filter(({ method, source }) => source === TABLE && !present.has(method)),
  };
}

/** Numbers the notes of rows; rows of the same budget and source share one. */
export function withNotes(rows: readonly Published[]): {
  rows: readonly (Published & { readonly note: number })[];
  notes: readonly string[];
} {
  const noteOf = ({ budget, source }: Published) => `published, other budget: ${budget}; ${source}`;
  const notes = [...new Set(rows.map(noteOf))];
  return {
    rows: rows.map((row) => ({ ...row, note: notes.indexOf(noteOf(row)) + 1 })),
    notes: notes.map((note, i) => `[${i + 1}] ${note}`),
  };
}
