/** Protocol of a training that the page starts. It imports nothing. */

/**
 * `GET /api/train`: what training a network on the images of the opened run would take. It is 404
 * with the code `source.missing` where the images have moved.
 */
export interface TrainOffer {
  readonly images: number;
  readonly method: string;
  /** Sentences on training from scratch on these images. */
  readonly sentences: readonly string[];
  /** Times to choose from, with what their epochs cannot reach; empty where they are enough. */
  readonly times: readonly {
    readonly minutes: number;
    readonly epochs: number;
    readonly shortage: string;
  }[];
  readonly suggested: number;
  /** Training that this server runs now. There is one at a time. */
  readonly running?: RunningTraining;
}

export interface RunningTraining {
  /** Number of its job, which is cancelled to stop it. The run is saved then. */
  readonly job: number;
  /** Name of the run, which `POST /api/open` takes once it has begun. */
  readonly run: string;
  /** True once the folder of the run has its first files. */
  readonly hasBegun: boolean;
  /** True where it is the opened run. */
  readonly isOpen: boolean;
}

/**
 * `POST /api/train`: 202 with a `JobAnswer`. With `minutes` it trains a new run on the images of
 * the opened one, with `resume` it continues the opened run. 409 with the code `explore.training` while
 * another training runs.
 */
export type TrainRequest = { readonly minutes: number } | { readonly resume: true };
