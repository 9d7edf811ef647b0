import type {
  ChosenTraining,
  ClusterRequest,
  ColumnName,
  CompareAnswer,
  DuplicateImageAnswer,
  DuplicateRule,
  DuplicatesAnswer,
  EditsAnswer,
  EditsRequest,
  EventData,
  HierarchyAnswer,
  JobAnswer,
  MomentAnswer,
  MomentsAnswer,
  OpenRequest,
  OutliersAnswer,
  PathAnswer,
  Row,
  RunAnswer,
  RunsAnswer,
  SearchAnswer,
  SimilarAnswer,
  SplitAnswer,
  SplitRequest,
  TakeAwayRequest,
  TrainingAnswer,
  TrainOffer,
  TrainRequest,
  UndoRequest,
  ViewsAnswer,
  WhyAnswer,
} from '../../../src/server/protocol.ts';

/** Values of a binary answer with the key of their rows. */
export interface Keyed<T> {
  readonly key: string;
  readonly values: T;
}

export type ColumnValues = Int32Array | Float32Array | Float64Array;

/** Question about groups of duplicates. */
export interface DuplicatesQuestion {
  /** Similarity from which images are duplicates. */
  readonly threshold: number;
  readonly keep: DuplicateRule;
  /** Folder whose images are kept before all others; empty for none. */
  readonly prefer: string;
}

/** Listeners for events, each by its name in {@link EventData}. */
export type EventListeners = {
  readonly [K in keyof EventData]?: (data: EventData[K]) => void;
} & {
  /** Receives false where the connection is lost, and true where it is back. */
  readonly connected?: (connected: boolean) => void;
};

/**
 * Everything that the page reads and does with one run. The server implements it over HTTP, and
 * {@link createSynthetic} on generated data. Each call rejects with a {@link SourceError}.
 */
export interface RunSource {
  runs(): Promise<RunsAnswer>;
  open(request: OpenRequest): Promise<void>;
  run(): Promise<RunAnswer>;
  /** Column of N values: int32 for categories, float32 for numbers, float64 for dates. */
  column(name: ColumnName): Promise<Keyed<ColumnValues>>;
  /** Layout float32 [N, 2], or the job that computes it. */
  layout(step: number | 'final'): Promise<Keyed<Float32Array> | JobAnswer>;
  /** Paths of any number of rows. */
  paths(rows: readonly Row[]): Promise<readonly PathAnswer[]>;
  why(row: Row): Promise<WhyAnswer>;
  /** Images like that of a row, or like a picture that is not in the source, best first. */
  similar(image: Row | Blob, count: number): Promise<readonly SimilarAnswer[]>;
  /** Images whose path or cluster's name has all words, within a folder where one is given. */
  search(query: string, folder: string): Promise<SearchAnswer>;
  /** Groups of duplicates, or the job that compares the images; null before that. */
  duplicates(question: DuplicatesQuestion): Promise<DuplicatesAnswer | JobAnswer | null>;
  /** Facts about the images of all groups. */
  duplicateImages(): Promise<readonly DuplicateImageAnswer[]>;
  /** Compares the images of the run with a key. */
  findDuplicates(key: string): Promise<JobAnswer>;
  /** Images that are least like any other, or the job that finds them. */
  outliers(): Promise<OutliersAnswer | JobAnswer>;
  /** URL of a thumbnail whose longer side is at most `side` pixels. */
  picture(row: Row, side: 64 | 256 | 1024): string;
  /** URL of the image in full size. */
  original(row: Row): string;
  edit(request: EditsRequest): Promise<EditsAnswer>;
  undo(request: UndoRequest): Promise<EditsAnswer>;
  redo(request: UndoRequest): Promise<EditsAnswer>;
  split(request: SplitRequest): Promise<SplitAnswer>;
  takeAway(request: TakeAwayRequest): Promise<JobAnswer>;
  restore(folder: string): Promise<JobAnswer>;
  cancel(job: number): Promise<void>;
  cluster(request: ClusterRequest): Promise<JobAnswer>;
  training(): Promise<TrainingAnswer>;
  moments(): Promise<MomentsAnswer>;
  moment(step: number): Promise<MomentAnswer>;
  hierarchy(): Promise<HierarchyAnswer>;
  /** Position of the finest node of each image in the hierarchy. */
  leaves(): Promise<Keyed<ColumnValues>>;
  /** Offer to train a method by a recipe on the images of the opened run. */
  offer(chosen: Pick<ChosenTraining, 'method' | 'preset'>): Promise<TrainOffer>;
  /** Starts a training, or resumes the opened run. */
  train(request: TrainRequest): Promise<JobAnswer>;
  /** Views that the training drew of some images in an epoch. */
  views(epoch: number): Promise<ViewsAnswer>;
  compare(run: string): Promise<CompareAnswer>;
  /** Listens to events until the returned function is called. */
  listen(listeners: EventListeners): () => void;
}

/** Refusal or failure of a call, with the status and code of the server. */
export class SourceError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Gives any error the form of a refusal. */
export function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  return new SourceError(0, 'page.error', error instanceof Error ? error.message : String(error));
}

/** Code of the error where another window has changed the edits first. */
export const CONFLICT = 409;
