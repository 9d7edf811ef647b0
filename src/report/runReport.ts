/**
 * Read model of a run: plain data that a page shows. It is read from the files of the run alone.
 */
import type { FeatureMaps, StoredEvaluation, StoredReport, Thumbnails } from '../run/index.ts';

/** A run as a page shows it; parts that the run does not have are absent. */
export interface RunReport {
  /** Name of the run. */
  readonly run: string;
  readonly method: string;
  /**
   * Method with the pretrained model that it used, such as `consensus on squeezenet1.1`; absent
   * without a model.
   */
  readonly trained?: string;
  /** Main settings in words, such as `{ name: 'Encoder', value: 'resnet18, width 64, 64 px' }`. */
  readonly settings: readonly NamedText[];
  /** Every setting of a trained run by its name; absent where `settings` has all. */
  readonly allSettings?: readonly NamedText[];
  readonly training?: ReportTraining;
  readonly measures?: ReportMeasures;
  /** Last evaluation with labels, where it is of the clustered source. */
  readonly evaluation?: StoredEvaluation;
  /** Last clustering. */
  readonly clustering?: ReportClustering;
}

export interface NamedText {
  readonly name: string;
  readonly value: string;
}

/** Clusters with example images. */
export interface ReportClustering
  extends Pick<
    StoredReport,
    | 'keys'
    | 'source'
    | 'counts'
    | 'howK'
    | 'colorAgreement'
    | 'suggestion'
    | 'classes'
    | 'doubtRule'
    | 'clusters'
    | 'skipped'
  > {
  /** Layouts of the features, before, during and after training. */
  readonly maps?: FeatureMaps;
  /** Names that a person gave clusters, by their numbers. Absent where there are none. */
  readonly names?: ReadonlyMap<number, string>;
  /** Pictures of the example images; absent in runs of likeness 0.1. */
  readonly thumbnails?: Thumbnails;
  /**
   * Ids of all images by the number of their cluster, in the order of the source. Absent where
   * there are too many to list.
   */
  readonly members?: readonly (readonly string[])[];
}

/** Curves over training, one entry per recorded step. */
export interface ReportTraining {
  readonly steps: readonly number[];
  /** Loss; null where it was not a finite number. */
  readonly loss: readonly (number | null)[];
  /** Loss of a network that tells nothing apart, such as `{ value: 6.24, name: 'ln 512' }`. */
  readonly chance?: { readonly value: number; readonly name: string };
  /** Use of the method's own prototypes or clusters, after epochs. */
  readonly usage?: {
    readonly steps: readonly number[];
    /** Entropy over ln K, 0 to 1. */
    readonly entropy: readonly (number | null)[];
  };
  /** Similarities of positive and negative pairs, where they were measured. */
  readonly similarities?: readonly ReportSimilarity[];
  /** Last message of the run doctor, the judgment on a finished run. */
  readonly verdict?: string;
  /** Its word, such as `healthy`, `unlearned` or `too short`. */
  readonly health?: string;
  /** Advice, where something should be done. */
  readonly remedy?: string | undefined;
  /** Sentences on this training, from the method or on missing facts. */
  readonly notes: readonly string[];
}

/** Last measurement without labels. */
export interface ReportMeasures {
  /** Sentence that tells images and step. */
  readonly when: string;
  readonly items: readonly {
    readonly name: string;
    readonly value: number;
    /** First value, where it is from another step. */
    readonly first?: number;
    readonly meaning: string;
  }[];
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
