/** Protocol of a training that the page starts. It imports nothing. */

/**
 * `GET /api/train?method=NAME&preset=NAME`: what training a network on the images of the opened run
 * would take. It is 404 with the code `source.missing` where the images have moved. Method and
 * recipe are chosen for the images where none are named.
 */
export interface TrainOffer {
  readonly images: number;
  /** Method and recipe that are judged. */
  readonly method: string;
  readonly preset: string;
  /** Epochs of the recipe. */
  readonly epochs: number;
  /** False where the speed was not measured, so that epochs of times are not known. */
  readonly isEstimated: boolean;
  readonly choices: TrainChoices;
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

/** Method or recipe with a line on it. */
export interface TrainChoice {
  readonly name: string;
  readonly about: string;
}

export interface TrainChoices {
  /** Methods that train a network, or train a pretrained model further. */
  readonly methods: readonly TrainChoice[];
  /** Methods that train a head on the features of a pretrained model. */
  readonly heads: readonly TrainChoice[];
  /** Method that is trained where none is named, without a pretrained model and on one. */
  readonly usual: string;
  readonly usualHead: string;
  /** Recipes; one with a method is for it alone. */
  readonly presets: readonly (TrainChoice & { readonly method?: string })[];
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

/** Choices of a new training. The message of an error begins with the name of the choice. */
export interface ChosenTraining {
  /** Length, by one of the two. */
  readonly minutes?: number;
  readonly epochs?: number;
  readonly method?: string;
  readonly preset?: string;
  /** Path of a pretrained model; a head is trained on its features. */
  readonly encoder?: string;
  /** Trains that model itself further. */
  readonly fineTune?: boolean;
}

/**
 * `POST /api/train`: 202 with a `JobAnswer`. With a length it trains a new run on the images of the
 * opened one, with `resume` it continues the opened run. 409 with the code `explore.training` while
 * another training runs.
 */
export type TrainRequest = ChosenTraining | { readonly resume: true };
