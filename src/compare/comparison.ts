/** What a comparison says. Plain data: compare.json holds it as it is, compare.html and the terminal show it. */

/** A figure over seeds. */
export interface Summary {
  /** null where no seed has it. */
  readonly mean: number | null;
  /** Standard deviation of the sample (divided by n - 1); 0 where there is one value, null where there is none. */
  readonly sd: number | null;
  /** One per seed that has it, in the order of seeds. */
  readonly values: readonly number[];
}

/** Agreement of clusters with classes. */
export interface ClusterFigures {
  readonly nmi: number | null;
  readonly acc: number | null;
  readonly ari: number | null;
}

/** The figures of one encoder, or of one kind of feature. */
export interface Figures extends ClusterFigures {
  /** Weighted neighbours, k = 200 and 20; test images against train images. */
  readonly knn: number | null;
  readonly knn20: number | null;
  /** Linear classifier, fitted on train images, of test images. */
  readonly linear: number | null;
  /** Clusters of train and test images together. */
  readonly trainAndTest: ClusterFigures;
  /** What a head of the method that names clusters itself says, where it has one: no k-means. */
  readonly head?: { readonly test: ClusterFigures; readonly trainAndTest: ClusterFigures };
}

export type FigureName = 'knn' | 'knn20' | 'nmi' | 'acc' | 'ari' | 'linear';

/** The same, over seeds. */
export interface SummarisedFigures extends Readonly<Record<FigureName, Summary>> {
  readonly trainAndTest: Readonly<Record<keyof ClusterFigures, Summary>>;
  readonly head?: {
    readonly test: Readonly<Record<keyof ClusterFigures, Summary>>;
    readonly trainAndTest: Readonly<Record<keyof ClusterFigures, Summary>>;
  };
}

/** What an encoder was worth at a moment, on a fixed sample. */
export interface CurvePoint {
  readonly step: number;
  /** Of training: steps and phases between epochs, without saving and measuring. */
  readonly minutes: number;
  readonly knn: number | null;
  readonly nmi: number | null;
}

export interface MeasuredBy {
  readonly date: string;
  readonly version: string;
  /** Absent where the program is no checkout. */
  readonly commit?: string;
}

export interface ComparedRun {
  readonly seed: number;
  /** Relative to the comparison's folder. */
  readonly folder: string;
  /** Why there are no figures. */
  readonly failure?: { readonly code: string; readonly reason: string };
  /** When it was measured, ISO 8601 in UTC, and by which version and commit of the program. */
  readonly measured?: MeasuredBy;
  readonly minutes?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly figures?: Figures;
  readonly labelFree?: Readonly<Record<string, number>>;
  readonly curve?: readonly CurvePoint[];
}

/** A row: one method, at one point of the grid. */
export interface ComparedMethod extends SummarisedFigures {
  readonly method: string;
  /** Values of the settings that `--grid` varies. */
  readonly grid: Readonly<Record<string, string>>;
  /** Seeds that the figures are over. */
  readonly seeds: number;
  /** Mean training time. */
  readonly minutes: number | null;
  /** Mean number of passes over the training images. */
  readonly epochs: number | null;
  readonly labelFree: Readonly<Record<string, Summary>>;
  /** Mean over seeds at each moment. */
  readonly curve: readonly CurvePoint[];
  readonly runs: readonly ComparedRun[];
}

/** Features without training. */
export interface Baseline extends SummarisedFigures {
  readonly name: string;
  /** How its features were made, in words. */
  readonly protocol: string;
  readonly labelFree?: Readonly<Record<string, Summary>>;
}

/** Figures that others have printed. */
export interface Published {
  readonly method: string;
  readonly figures: Partial<Readonly<Record<FigureName, number>>>;
  /** Encoder, epochs, images: what makes it another budget. */
  readonly budget: string;
  /** Where it is printed. */
  readonly source: string;
}

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
  readonly budget: { readonly minutes: number } | { readonly epochs: number };
  readonly seeds: readonly number[];
  readonly preset: string;
  /** What all runs have in common, by name of the setting. */
  readonly shared: Readonly<Record<string, string | number>>;
  readonly baselines: Readonly<Record<string, Baseline>>;
  readonly methods: readonly ComparedMethod[];
  /** Trained methods by what measures without labels say, the likely best first. */
  readonly likelyOrder: readonly { readonly name: string; readonly rank: number }[];
  readonly published: readonly Published[];
  /** How each figure was obtained, in words. */
  readonly protocol: Readonly<Record<string, string>>;
  /** Whether anything was left to do when it was written: an interruption. */
  readonly complete: boolean;
  /** When the last run was measured, ISO 8601 in UTC; null before any was. */
  readonly date: string | null;
  /** The program that measured the runs: several versions or commits where it was gone on with by another. */
  readonly likeness: { readonly versions: readonly string[]; readonly commits: readonly string[] };
  readonly machine: string;
  readonly program: string;
}
