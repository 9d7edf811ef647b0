/** The scores that encoders are compared by, and the verdict over them. */

/**
 * Scores of one encoder as evaluation.json stores them; null or absent where they were not
 * measured.
 */
export interface Scores {
  readonly nmi?: number | null;
  readonly acc?: number | null;
  readonly ari?: number | null;
  readonly ami?: number | null;
  readonly fmi?: number | null;
  readonly nmiGeometric?: number | null;
  readonly purity?: number | null;
  /** `accuracy` with k = 200, `accuracy20` with k = 20, and so on. */
  readonly knn?: {
    readonly accuracy?: number | null;
    readonly accuracy10?: number | null;
    readonly accuracy20?: number | null;
    readonly accuracy100?: number | null;
  };
  readonly linear?: { readonly accuracy?: number | null };
  /** By the fraction of the labels, as text: "0.01". */
  readonly fewLabels?: Readonly<Record<string, { readonly accuracy?: number | null } | undefined>>;
}

/** A column of a table of scores; larger values are better. */
export interface ScoreColumn {
  readonly title: string;
  /** Explanation with the range. */
  readonly meaning: string;
  /** True for accuracies of classifiers, which always naming one class reaches in part. */
  readonly isClassifier?: boolean;
  value(scores: Scores): number | null | undefined;
}

/** The scores that the verdict is about. */
export const mainScores: readonly ScoreColumn[] = [
  {
    title: 'NMI',
    meaning: 'Normalized mutual information of clusters and classes (arithmetic mean); 0 to 1',
    value: ({ nmi }) => nmi,
  },
  {
    title: 'ACC',
    meaning: 'Accuracy under the best matching of clusters to classes; 0 to 1',
    value: ({ acc }) => acc,
  },
  {
    title: 'ARI',
    meaning: 'Adjusted Rand index; 0 is chance, 1 is equal',
    value: ({ ari }) => ari,
  },
  {
    title: 'kNN 200',
    meaning: 'Accuracy of 200 weighted nearest neighbors; 0 to 1',
    isClassifier: true,
    value: ({ knn }) => knn?.accuracy,
  },
  {
    title: 'kNN 20',
    meaning: 'Accuracy of 20 weighted nearest neighbors; 0 to 1',
    isClassifier: true,
    value: ({ knn }) => knn?.accuracy20,
  },
  {
    title: 'linear',
    meaning: 'Accuracy of a linear classifier on the features; 0 to 1',
    isClassifier: true,
    value: ({ linear }) => linear?.accuracy,
  },
];

/** Further scores of clusters. */
const furtherClusterScores: readonly ScoreColumn[] = [
  {
    title: 'AMI',
    meaning:
      'Mutual information of clusters and classes, adjusted for chance; 0 is chance, 1 is equal',
    value: ({ ami }) => ami,
  },
  { title: 'FMI', meaning: 'Fowlkes-Mallows index; 0 to 1', value: ({ fmi }) => fmi },
  {
    title: 'NMI geo',
    meaning: 'NMI normalized by the geometric mean, as in older papers; 0 to 1',
    value: ({ nmiGeometric }) => nmiGeometric,
  },
  {
    title: 'purity',
    meaning: "Fraction of images that are of their cluster's most frequent class; 0 to 1",
    value: ({ purity }) => purity,
  },
];

/** Further scores of classifiers. */
const furtherClassifierScores: readonly ScoreColumn[] = [
  {
    title: 'kNN 10',
    meaning: 'Accuracy of 10 weighted nearest neighbors; 0 to 1',
    isClassifier: true,
    value: ({ knn }) => knn?.accuracy10,
  },
  {
    title: 'kNN 100',
    meaning: 'Accuracy of 100 weighted nearest neighbors; 0 to 1',
    isClassifier: true,
    value: ({ knn }) => knn?.accuracy100,
  },
  {
    title: '1 % lab',
    meaning: 'Accuracy of a linear classifier trained with 1 % of the labels; 0 to 1',
    isClassifier: true,
    value: ({ fewLabels }) => fewLabels?.['0.01']?.accuracy,
  },
  {
    title: '10 % lab',
    meaning: 'Accuracy of a linear classifier trained with 10 % of the labels; 0 to 1',
    isClassifier: true,
    value: ({ fewLabels }) => fewLabels?.['0.1']?.accuracy,
  },
];

/** Scores beside the main ones. */
export const furtherScores = [...furtherClusterScores, ...furtherClassifierScores];

/** Columns of the tables that show all scores, each as wide as a terminal. */
export const scoreTables: readonly (readonly ScoreColumn[])[] = [
  mainScores,
  furtherClusterScores,
  furtherClassifierScores,
];

/** Scores of one encoder with its title, such as `raw pixels`. */
export interface ScoredEncoder {
  readonly title: string;
  readonly scores: Scores;
}

/** A sentence on an evaluation; the tone says how to color it. */
export interface Verdict {
  readonly tone: 'good' | 'bad' | 'neutral';
  readonly text: string;
}

/**
 * Compares the first encoder with the baselines after it.
 *
 * One `bad` verdict per baseline that is ahead in any main score, or a single `good` one where none
 * is. Empty where nothing was measured, or there are no baselines.
 */
export function verdictsOf([own, ...baselines]: readonly ScoredEncoder[]): Verdict[] {
  const measured = own
    ? mainScores.filter(({ value }) => typeof value(own.scores) === 'number')
    : [];
  if (measured.length === 0 || baselines.length === 0) return [];
  // Titles are singular, such as "trained encoder", or plural, such as "patch features".
  const verb = own!.title.endsWith('s') ? 'are' : 'is';
  const titles = measured.map(({ title }) => title);
  const beaten = baselines.flatMap(({ title, scores }): Verdict[] => {
    const ahead = measured.flatMap((column) => {
      const [ours, theirs] = [column.value(own!.scores)!, column.value(scores)];
      return typeof theirs === 'number' && theirs > ours
        ? [`${column.title} (${theirs.toFixed(3)} against ${ours.toFixed(3)})`]
        : [];
    });
    const text = `The ${own!.title} ${verb} beaten by ${title} in ${listed(ahead)}.`;
    return ahead.length > 0 ? [{ tone: 'bad', text }] : [];
  });
  return beaten.length > 0
    ? beaten
    : [{ tone: 'good', text: `No baseline beats the ${own!.title} in ${listed(titles, 'or')}.` }];
}

function listed(items: readonly string[], word: 'and' | 'or' = 'and'): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)!}`;
}
