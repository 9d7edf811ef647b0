/**
 * Protocol between the page and the server. The page imports these types alone, so the file imports
 * nothing but parts of the protocol. `findProtocol.ts` has the searches.
 *
 * A page names an image by its row, its position in the opened clustering (0 to N-1). Every binary
 * answer carries the header `x-likeness-key`. A page that sees another key than that of its
 * overview reloads overview and columns. An error is `{ error: { code, message } }` with a status
 * from 400.
 */
import type { Row } from './row.ts';

/** Headers that the page reads or sends. */
export const headers = {
  /** Key of the rows of a binary answer. */
  key: 'x-likeness-key',
  /** Type of the values of a binary answer, little-endian: `int32`, `float32` or `float64`. */
  dtype: 'x-likeness-dtype',
  /** Token of a request that writes: content of the page's `<meta name="likeness-token">`. */
  token: 'x-likeness-token',
} as const;

export * from './findProtocol.ts';
export type { Row };

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

export type RunState = 'training' | 'interrupted' | 'finished' | 'features';

/** `GET /api/runs`: runs in the working folder and in its folder `runs`, last changed first. */
export interface RunsAnswer {
  readonly runs: readonly RunListing[];
}

export interface RunListing {
  /** Name of the folder. `POST /api/open` and `GET /api/compare` take it. */
  readonly name: string;
  /** Path, relative to the working folder where it lies in it. */
  readonly path: string;
  readonly method: string;
  /** Number of images that the run learned from. */
  readonly images: number;
  /** Number of clusters; absent before the first clustering. */
  readonly clusters?: number;
  readonly state: RunState;
  /** Last change, ISO 8601. */
  readonly changed: string;
}

/** Name and value for people. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** `GET /api/run`; 404 with the code `explore.noRun` where no run is open. */
export interface RunAnswer {
  readonly name: string;
  readonly method: string;
  readonly state: RunState;
  /** Settings in words. */
  readonly settings: readonly Fact[];
  readonly source: {
    readonly name: string;
    readonly path: string;
    /** False where the images have moved: the page shows everything but the pictures. */
    readonly found: boolean;
    /** True where take-aways can copy, link or move files. */
    readonly isFolder: boolean;
  };
  /** Number of rows, N. */
  readonly images: number;
  /** Files that could not be read. */
  readonly skipped: number;
  /** Clusters after the edits, in the order of their numbers. Empty before the first clustering. */
  readonly clusters: readonly ClusterAnswer[];
  /** Explains the number of clusters. */
  readonly kReason?: string;
  /** Number of levels of the learned hierarchy, where the method learns one. */
  readonly levels?: number;
  /** Verdict on agreement with color, in sentences. */
  readonly colorAgreement?: string;
  /** Name of the opened clustering; absent for that of the run's own images. */
  readonly clustering?: string;
  /** Names of the clusterings of other sources. */
  readonly clusterings: readonly string[];
  readonly columns: readonly ColumnAnswer[];
  /** Layouts that exist, by rising step. `final` can always be asked for. */
  readonly layouts: readonly LayoutAnswer[];
  readonly edits: EditsAnswer;
  readonly jobs: readonly JobAnswer[];
  /** Changes where rows mean other images. */
  readonly key: string;
  /** False where the run folder cannot be written, so that edits are refused. */
  readonly writable: boolean;
}

export interface ClusterAnswer {
  readonly cluster: number;
  /** Name by an edit. */
  readonly name?: string;
  readonly size: number;
  /** Mean cosine of the members and their mean feature, -1 to 1; absent without features. */
  readonly cohesion?: number;
  /** Number of members that lie almost as near to another cluster. */
  readonly doubtful: number;
  readonly locked: boolean;
  /** Rows of the most typical members, at most 24, best first. */
  readonly typical: readonly Row[];
}

/** Values of a column or layout, which travel little-endian. */
export type ColumnData = Int32Array | Float32Array | Float64Array;

/** Column of `GET /api/columns/:name`, N values. */
export interface ColumnAnswer {
  readonly name: ColumnName;
  readonly title: string;
  /**
   * `category`: int32, an index into `values`, or -1. `number`: float32, NaN where it is unknown.
   * `date`: float64, days since 1970-01-01 UTC, NaN where it is unknown.
   */
  readonly kind: 'category' | 'number' | 'date';
  /** Names of the categories. Absent for `cluster` and `second`, whose values are numbers. */
  readonly values?: readonly string[];
}

/**
 * `cluster` is the cluster after the edits, with -2 for junk; `order` is the rank in that cluster
 * with the most typical image at 0. `date` is that of the camera, else of the last change of the
 * file, and `dated` tells which.
 */
export type ColumnName =
  | 'cluster'
  | 'confidence'
  | 'margin'
  | 'second'
  | 'order'
  | 'label'
  | 'date'
  | 'dated'
  | 'width'
  | 'height'
  | 'bytes'
  /** Column of a CSV file of the person, by its number. */
  | `csv-${number}`;

/** Value of the column `cluster` for an image that is junk. */
export const JUNK = -2;

/**
 * `GET /api/layouts/:step`, where `:step` is a number or `final`: float32 [N, 2] in -1 to 1, NaN
 * for images without a position. 202 with a {@link JobAnswer} while it is computed; the event `job`
 * tells when to ask again.
 */
export interface LayoutAnswer {
  /** Steps of training; 0 before training. */
  readonly step: number;
  /** Moment in words, such as `after step 120`. */
  readonly title: string;
  /** True for that of the opened clustering's features. */
  readonly final: boolean;
  /** Number of images with a position. */
  readonly images: number;
}

/** `GET /api/paths?rows=1,2,3`, at most 2,000 rows. */
export interface PathAnswer {
  readonly row: Row;
  /** Path relative to the source. */
  readonly path: string;
}

/** `GET /api/why/:row`. */
export interface WhyAnswer {
  readonly row: Row;
  readonly path: string;
  readonly cluster: number;
  readonly confidence: number;
  readonly margin: number;
  /** Second best cluster, and the cosine with its centroid. */
  readonly second?: { readonly cluster: number; readonly similarity: number };
  /** Members of the same cluster that are nearest, best first. */
  readonly nearest: readonly SimilarAnswer[];
  /** Nearest images of all, with their clusters. */
  readonly neighbors: readonly (SimilarAnswer & { readonly cluster: number })[];
  /** Explanation in sentences. */
  readonly text: readonly string[];
}

/** `GET /api/similar/:row?n=60`, and `POST /api/similar` with the bytes of a picture (64 MiB). */
export interface SimilarAnswer {
  readonly row: Row;
  /** Cosine of the features, -1 to 1. */
  readonly similarity: number;
}

/*
 * `GET /api/pictures/:row?side=64|256|1024`: WebP whose longer side is at most `side`, with an
 * ETag by the content of the original.
 * `GET /api/originals/:row`: the file where browsers can show it, else a WebP in full size.
 * Both answer 404 where the source has moved or the image is unreadable.
 */
export const sides = [64, 256, 1024] as const;

/** Change of clusters by a person. The page names images by rows, the file by paths. */
export type EditOperation<Image = Row> =
  /** Names a cluster; an empty name removes it. */
  | { readonly type: 'name'; readonly cluster: number; readonly name: string }
  /** Moves the images of clusters into another, which keeps its name. */
  | { readonly type: 'merge'; readonly clusters: readonly number[]; readonly into: number }
  /** Makes a new cluster of each part. Images that are in no part stay. */
  | {
      readonly type: 'split';
      readonly cluster: number;
      readonly parts: readonly (readonly Image[])[];
    }
  /** Moves images into a cluster, or into a new one. */
  | { readonly type: 'move'; readonly images: readonly Image[]; readonly to: number | 'new' }
  /** Keeps a cluster as it is: other operations that change its members are refused. */
  | { readonly type: 'lock'; readonly cluster: number; readonly locked: boolean }
  /** Marks images as junk, or not. Junk belongs to no cluster. */
  | { readonly type: 'junk'; readonly images: readonly Image[]; readonly junk: boolean }
  /** Decides which images of groups of duplicates stay; a rule decides about the others. */
  | {
      readonly type: 'duplicates';
      readonly keep?: readonly Image[] | undefined;
      readonly move?: readonly Image[] | undefined;
      readonly byRule?: readonly Image[] | undefined;
    };

/** Part of `GET /api/run`, the answer to edits, undo and redo, and the event `edits`. */
export interface EditsAnswer {
  /** Grows with each change. */
  readonly version: number;
  /** Description of the operation that an undo takes back. */
  readonly undo?: string;
  readonly redo?: string;
}

/**
 * `POST /api/edits`: 200 with {@link EditsAnswer}; 409 with it and an error where the version is not
 * the last.
 */
export interface EditsRequest {
  readonly key: string;
  readonly version: number;
  readonly operations: readonly EditOperation[];
}

/** `POST /api/undo` and `POST /api/redo`, answered as edits. */
export interface UndoRequest {
  readonly key: string;
  readonly version: number;
}

/** `POST /api/split`: parts of a cluster by k-means on its features. It changes nothing. */
export interface SplitRequest {
  readonly key: string;
  readonly cluster: number;
  /** Number of parts, from 2 to 20. */
  readonly parts: number;
}
export interface SplitAnswer {
  /** Rows of each part, largest first. */
  readonly parts: readonly (readonly Row[])[];
}

/** `POST /api/takeaway`: 202 with a {@link JobAnswer}. */
export interface TakeAwayRequest {
  readonly key: string;
  /**
   * `folders`: one folder per cluster. `trash`: moves files out of the source, with a list that can
   * be undone. The others are files that the browser downloads: `zip` of thumbnails, `html` a page
   * of its own.
   */
  readonly what: 'folders' | 'trash' | 'csv' | 'json' | 'parquet' | 'zip' | 'html';
  readonly images: 'all' | readonly Row[];
  /** Path of the folder, for `folders` and `trash`. */
  readonly folder?: string;
  /** Way of placing images in `folders`. Default `copy`. */
  readonly by?: 'copy' | 'link';
}

/** `POST /api/restore`: moves the files of a trash folder back. 202 with a {@link JobAnswer}. */
export interface RestoreRequest {
  readonly folder: string;
}

/** `trash` is the take-away into a trash folder, whose files `restore` moves back. */
export type JobKind =
  | 'features'
  | 'train'
  | 'cluster'
  | 'layout'
  | 'takeaway'
  | 'trash'
  | 'restore'
  | 'duplicates'
  | 'outliers';

/** Work in the background. The event `job` has the same fields. `POST /api/jobs/:id/cancel` */
export interface JobAnswer {
  readonly id: number;
  readonly kind: JobKind;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Stable name of what is done now, such as `decode`; absent before the first report. */
  readonly stage?: string;
  /** Line for people, such as `decoding 120 of 3,068 images`; the reason where it failed. */
  readonly text: string;
  readonly done?: number;
  readonly total?: number;
  /** Path of the written folder. */
  readonly folder?: string;
  /** URL of the written file, `/api/downloads/:id`. */
  readonly download?: string;
}

/** `POST /api/open`: opens another run of the listing, or another clustering. The key changes. */
export interface OpenRequest {
  readonly run: string;
  readonly clustering?: string;
}

/** `POST /api/cluster`: clusters the images of the run again. 202 with a {@link JobAnswer}. */
export interface ClusterRequest {
  /** Number of clusters. Default: learned or suggested. */
  readonly k?: number;
}

/** `GET /api/compare?run=NAME`: the opened run and another on the images that both have. */
export interface CompareAnswer {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  /** Number of images that both have. */
  readonly common: number;
  /** Images by cluster of `a` and cluster of `b`, in the order of their lists. */
  readonly matrix: readonly (readonly number[])[];
  /** Pairs of matched clusters. */
  readonly matches: readonly { readonly a: number; readonly b: number; readonly images: number }[];
  readonly nmi: number;
  readonly ari: number;
  /** Images whose clusters are not matched, at most 10,000, with their clusters. */
  readonly moved: readonly { readonly row: Row; readonly a: number; readonly b: number }[];
  /** Number of all images whose clusters are not matched. */
  readonly movedTotal: number;
}

export interface ComparedRun {
  readonly name: string;
  readonly method: string;
  readonly clusters: readonly {
    readonly cluster: number;
    readonly name?: string;
    readonly size: number;
  }[];
  /** Scores of the last evaluation, where there is one. */
  readonly scores: readonly { readonly name: string; readonly value: number }[];
  readonly loss?: {
    readonly steps: readonly number[];
    readonly values: readonly (number | null)[];
  };
}

/**
 * Events of `GET /api/events` (server-sent events) by name. `log` has the id `log:<byte offset>`
 * and is replayed after the header `Last-Event-ID`, or from `?from=<byte offset>`. `?from=end`
 * leaves out the lines before now, which `GET /api/training` has. A comment comes every 15
 * seconds.
 */
export interface EventData {
  /** Event of a training, as a line of events.jsonl. */
  readonly log: { readonly kind: string; readonly step: number; readonly epoch: number } & Readonly<
    Record<string, unknown>
  >;
  readonly edits: EditsAnswer & { readonly key: string };
  readonly job: JobAnswer;
  /** Another run or clustering is open, or it has changed. */
  readonly run: { readonly key: string };
}
