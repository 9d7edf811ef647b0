/** What a report says. Plain data: report.json holds it as it is, report.html shows it. */
import type { Scores } from '../evaluate/index.ts';
import type { JsonValue, SkippedImage } from '../run/index.ts';

export interface ReportData {
  /** Name of the run, the title of the page. */
  readonly run: string;
  readonly method: string;
  /** When it was made, as it should be shown; left out, the page has no date and the same content the same bytes. */
  readonly date?: string;
  readonly source: {
    readonly name: string;
    readonly path: string;
    /** Where originals lie relative to report.html (or as a file URL), ending with `/`; gives "Open original" links. */
    readonly originals?: string;
    /** Median shorter side in pixels; small pictures are shown with sharp pixels. */
    readonly shortSide?: number;
  };
  readonly counts: {
    /** Images that were clustered. */
    readonly images: number;
    readonly skipped: number;
    readonly clusters: number;
  };
  /** The settings that matter, in words: `{ name: 'Encoder', value: 'ResNet-18, 64 px' }`. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** How the number of clusters was chosen: a sentence. */
  readonly howK: string;
  /** Where it was suggested from the data: what each number of clusters scored. */
  readonly suggestion?: ReportSuggestion;
  /** Where images have labels: how the clusters compare with them. */
  readonly classes?: ReportClasses;
  /** Which images count as doubtful: a sentence. */
  readonly doubtRule: string;
  readonly clusters: readonly ReportCluster[];
  readonly training?: ReportTraining;
  /** Where images lie among each other, before, during and after training. */
  readonly maps?: readonly ReportMap[];
  readonly evaluation?: ReportEvaluation;
  readonly measures?: ReportMeasures;
  readonly skipped: readonly SkippedImage[];
}

export interface ReportImage {
  /** Which image to ask for a thumbnail of. */
  readonly index: number;
  /** Id in the source. */
  readonly path: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Lead over the second-best cluster, at least 0. */
  readonly margin: number;
  readonly doubtful: boolean;
  /** The second-best cluster, where there is one. */
  readonly second?: number;
}

export interface ReportCluster {
  readonly cluster: number;
  readonly size: number;
  /** Of all images, 0 to 1. */
  readonly share: number;
  /** Mean cosine to the centre, -1 to 1: how alike its images are. */
  readonly cohesion: number;
  readonly doubtful: number;
  /** Most typical first; all images of a small cluster. */
  readonly typical: readonly ReportImage[];
  /** The most doubtful of those not among the typical, most doubtful first. */
  readonly edge: readonly ReportImage[];
}

export interface ReportSuggestion {
  readonly k: number;
  /** Smallest and largest number that is about as good. */
  readonly range: readonly [number, number];
  /** By rising k; the three measures 1 at best. */
  readonly curve: readonly {
    readonly k: number;
    readonly score: number;
    readonly stability: number;
    readonly seedStability: number;
    readonly neighbours: number;
  }[];
}

export interface ReportClasses {
  /** Images with a label. */
  readonly images: number;
  readonly purity: number;
  readonly nmi: number;
  readonly ami: number;
  readonly acc: number;
  readonly ari: number;
  /** Fowlkes-Mallows index. */
  readonly fmi: number;
  /** Names of the classes: rows of `counts`. */
  readonly classes: readonly string[];
  /** Numbers of the clusters: columns of `counts`. */
  readonly clusters: readonly number[];
  /** Row of the class that each column stands for under the best one-to-one naming; null: none. */
  readonly matched: readonly (number | null)[];
  /** `[classes][clusters]`, images. */
  readonly counts: readonly (readonly number[])[];
  /** One per cluster, by number. */
  readonly purities: readonly {
    readonly cluster: number;
    /** Labelled images. */
    readonly size: number;
    readonly majority: string;
    readonly share: number;
  }[];
}

export interface ReportTraining {
  /** One entry per recorded step, rising. */
  readonly steps: readonly number[];
  /** null where it was not a number. */
  readonly loss: readonly (number | null)[];
  /** Loss of a network that has learned nothing, with its name: `{ value: 6.24, name: 'ln 512' }`. */
  readonly chance?: { readonly value: number; readonly name: string };
  /** How evenly the method's own prototypes or clusters were used, where it has any. */
  readonly usage?: {
    readonly steps: readonly number[];
    /** Entropy over ln K, 0 to 1. */
    readonly entropy: readonly (number | null)[];
  };
  /** How alike positive and negative pairs were, where it was measured. */
  readonly similarities?: readonly ReportSimilarity[];
  /** The run doctor's last word. */
  readonly verdict?: string;
}

/** What the run measured of itself without labels, at last. */
export interface ReportMeasures {
  /** On which images, and when: a sentence. */
  readonly when: string;
  readonly items: readonly {
    readonly name: string;
    readonly value: number;
    /** At the first time, where that is another. */
    readonly first?: number;
    readonly meaning: string;
  }[];
}

/** One page of points. */
export interface ReportMap {
  /** Of which moment: `after step 120`. */
  readonly title: string;
  /** `[N, 2]`, in any unit. */
  readonly places: Float32Array;
  /** `[N]`, numbered as the clusters of the report where they share images. */
  readonly clusters: Int32Array;
  /** Of these clusters with labels, where there are any. */
  readonly nmi?: number;
}

/** Similarities of pairs over training, one entry per recorded step. */
export interface ReportSimilarity {
  /** Pairs of images, or of clusters. */
  readonly level: 'instance' | 'cluster';
  readonly steps: readonly number[];
  readonly positive: ReportBand;
  readonly negative: ReportBand;
}

export interface ReportBand {
  readonly mean: readonly number[];
  /** Standard deviation. */
  readonly spread: readonly number[];
}

export interface ReportEvaluation extends Scores {
  /** Clusters that NMI, ACC and ARI were measured with. */
  readonly k?: number;
  readonly classes?: number;
  readonly clustering?: { readonly by?: 'head' | 'kmeans' };
  /** Of k-means on the same features. */
  readonly kmeans?: Scores & { readonly k?: number };
  readonly baselines?: {
    readonly untrained?: Scores;
    readonly rawPixels?: Scores;
    readonly colourHistogram?: Scores;
  };
  /** How the figures were obtained, in words, by name. */
  readonly protocol?: Readonly<Record<string, JsonValue | undefined>>;
}
