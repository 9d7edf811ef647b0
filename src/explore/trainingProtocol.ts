/** Protocol of a training that is watched. It imports types alone, as `protocol.ts`. */
import type { Row, RunState } from './protocol.ts';

/** `GET /api/training`; 404 with the code `explore.noTraining` for a run of features. */
export interface TrainingAnswer {
  readonly state: RunState;
  readonly step: number;
  readonly epoch: number;
  /** Absent while a time budget is still being measured. */
  readonly totalSteps?: number;
  /** Seconds of training so far. */
  readonly seconds?: number;
  /** Images per second over the last steps. */
  readonly throughput?: number;
  /** Estimate of the remaining seconds. */
  readonly remaining?: number;
  readonly steps: readonly number[];
  /** Null where the loss was not a finite number. */
  readonly loss: readonly (number | null)[];
  readonly chance?: { readonly value: number; readonly name: string };
  /** Label-free measures and measures of the run over its steps. */
  readonly measures: readonly CurveAnswer[];
  /** Word of the verdict of the run doctor, and its meaning. */
  readonly health?: string;
  readonly meaning?: string;
  /** Verdict in a sentence. */
  readonly verdict?: string;
  readonly remedy?: string;
  readonly notes: readonly string[];
}

export interface CurveAnswer {
  readonly name: string;
  readonly meaning: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** `GET /api/moments`: steps of the stored moments of the training, rising. */
export interface MomentsAnswer {
  readonly steps: readonly number[];
}

/**
 * `GET /api/moments/:step`, at a step of {@link MomentsAnswer}; 404 with the code `explore.moment`
 * elsewhere. A moment is what some images of the training looked like to the network.
 */
export interface MomentAnswer {
  readonly step: number;
  /** Epoch after which it was made, from 0. */
  readonly epoch: number;
  /**
   * Prototypes of the method, clusters that it learns, or k-means groups of the sample where it has
   * neither.
   */
  readonly kind: 'prototypes' | 'clusters' | 'groups';
  /** Number of all groups, and of those with an image of the sample. */
  readonly groups: number;
  readonly used: number;
  /** Images of the sample. */
  readonly sample: number;
  /** Images on the map, [n]. */
  readonly rows: readonly Row[];
  /** Coordinates [n, 2] in -1 to 1. */
  readonly places: readonly number[];
  /** Group of each image on the map, [n]. */
  readonly assigned: readonly number[];
  /** Some groups with their nearest images, in an order that all moments keep. */
  readonly strips: readonly {
    readonly group: number;
    /** Images of the sample that belong to it. */
    readonly size: number;
    readonly rows: readonly Row[];
  }[];
}

/**
 * `GET /api/views?epoch=12`: the views that the training drew of some images in an epoch; 404 with
 * the code `explore.noTraining` for a run that draws none.
 */
export interface ViewsAnswer {
  readonly epoch: number;
  /** Groups of crops, with their augmentations in words. */
  readonly groups: readonly {
    readonly count: number;
    readonly size: number;
    readonly text: string;
  }[];
  readonly images: readonly {
    readonly row: Row;
    /** Size that the views are cut out of, in pixels. */
    readonly width: number;
    readonly height: number;
    readonly views: readonly DrawnView[];
  }[];
}

export interface DrawnView {
  /** Position of its group. */
  readonly group: number;
  /** Crop as fractions of the image: left, top, width, height. */
  readonly box: readonly number[];
  /** Data URL of the pixels that the network receives. */
  readonly picture: string;
}
