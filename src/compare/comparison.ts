/**
 * Comparison as plain data: the content of compare.json, shown by compare.html and the terminal.
 */

/** Score over seeds. */
export interface Summary {
  /** Mean; null where no seed has a value. */
  readonly mean: number | null;
  /** Sample standard deviation (divided by n - 1); 0 for one value, null for none. */
  readonly sd: number | null;
  /** Values in the order of seeds, without missing ones. */
  readonly values: readonly number[];
}

/** Agreement of clusters with classes. */
export interface ClusterFigures {
  readonly nmi: number | null;
  readonly acc: number | null;
  readonly ari: number | null;
}

/** Scores of one encoder. */
export interface Figures extends ClusterFigures {
  /** Weighted neighbors, k = 200 and 20; test images against train images. */
  readonly knn: number | null;
  readonly knn20: number | null;
  /** Linear classifier, fitted on train images, of test images. */
  readonly linear: number | null;
  /** Clusters of train and test images together. */
  readonly trainAndTest: ClusterFigures;
  /** Scores of the clusters that the method's own head learned, in place of k-means. */
  readonly head?: { readonly test: ClusterFigures; readonly trainAndTest: ClusterFigures };
}

export type FigureName = 'knn' | 'knn20' | 'nmi' | 'acc' | 'ari' | 'linear';

/** Scores over seeds. */
export interface SummarizedFigures extends Readonly<Record<FigureName, Summary>> {
  readonly trainAndTest: Readonly<Record<keyof ClusterFigures, Summary>>;
  readonly head?: {
    readonly test: Readonly<Record<keyof ClusterFigures, Summary>>;
    readonly trainAndTest: Readonly<Record<keyof ClusterFigures, Summary>>;
  };
}

/** Scores of an encoder at a step, on a fixed sample. */
export interface CurvePoint {
  readonly step: number;
  /** Training time: steps and phases between epochs, without saving and measuring. */
  readonly minutes: number;
  readonly knn: number | null;
  readonly nmi: number | null;
}

export interface MeasuredBy {
  readonly date: string;
  readonly version: string;
  /** Commit of the program; absent where it is no checkout. */
  readonly commit?: string;
}

export interface ComparedRun {
  readonly seed: number;
  /** Path relative to the comparison's folder. */
  readonly folder: string;
  /** Reason for which there are no scores. */
  readonly failure?: { readonly code: string; readonly reason: string };
  /** Date (ISO 8601, UTC), version and commit of the measurement. */
  readonly measured?: MeasuredBy;
  readonly minutes?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly figures?: Figures;
  readonly labelFree?: Readonly<Record<string, number>>;
  readonly curve?: readonly CurvePoint[];
}

/**
 * Use of the pretrained model in a row: none, its features under a head, or as the network that is
 * trained further.
 */
export type Training = 'scratch' | 'head' | 'fine-tuning';

/** Row of the table: one method at one point of the grid. */
export interface ComparedMethod extends SummarizedFigures {
  readonly method: string;
  /** Absent in a comparison without a pretrained model. */
  readonly training?: Training;
  /** Name of the pretrained model; absent for a network that is trained from scratch. */
  readonly model?: string;
  /** Values of the settings that differ between rows. */
  readonly grid: Readonly<Record<string, string>>;
  /** Number of seeds with scores. */
  readonly seeds: number;
  /** Mean training time. */
  readonly minutes: number | null;
  /** Mean number of passes over the training images. */
  readonly epochs: number | null;
  readonly labelFree: Readonly<Record<string, Summary>>;
  /** Mean over seeds at each point. */
  readonly curve: readonly CurvePoint[];
  readonly runs: readonly ComparedRun[];
}

/** Scores of features without training. */
export interface Baseline extends SummarizedFigures {
  readonly name: string;
  /** Sentence that tells how its features were made. */
  readonly protocol: string;
  readonly labelFree?: Readonly<Record<string, Summary>>;
}

/** Scores that others published. */
export interface Published {
  readonly method: string;
  readonly figures: Partial<Readonly<Record<FigureName, number>>>;
  /** Encoder, epochs and images, in words. */
  readonly budget: string;
  /** Publication. */
  readonly source: string;
}

export type Budget = { readonly minutes: number } | { readonly epochs: number } | null;

export interface Comparison {
  readonly version: number;
  /** Absolute path. */
  readonly source: string;
  readonly data: { readonly name: string; readonly kind: string };
  readonly labelled: boolean;
  readonly images: { readonly train: number; readonly test: number; readonly evaluated: number };
  readonly classes: number;
  /** Share of the most frequent class among the test images. */
  readonly chance: number | null;
  /** Budget of each network; null where heads alone are trained, by their own recipe. */
  readonly budget: Budget;
  readonly seeds: readonly number[];
  readonly preset: string;
  /** Facts of the pretrained model, by name; absent without one. */
  readonly model?: Readonly<Record<string, string | number>>;
  /** Settings that all runs share, by name. */
  readonly shared: Readonly<Record<string, string | number>>;
  readonly baselines: Readonly<Record<string, Baseline>>;
  readonly methods: readonly ComparedMethod[];
  /** Networks trained from scratch, ranked without labels, the likely best first. */
  readonly likelyOrder: readonly { readonly name: string; readonly rank: number }[];
  readonly published: readonly Published[];
  /** Sentences that tell how each score was obtained, by name. */
  readonly protocol: Readonly<Record<string, string>>;
  /** False where runs were left to do when it was written. */
  readonly complete: boolean;
  /** Date of the last measurement (ISO 8601, UTC); null before the first. */
  readonly date: string | null;
  /** Versions and commits of the program that measured the runs. */
  readonly likeness: { readonly versions: readonly string[]; readonly commits: readonly string[] };
  readonly machine: string;
  readonly program: string;
}
