/** Part of the protocol between page and server: search, duplicates and outliers. */
import type { Row } from './row.ts';

/**
 * `GET /api/search?q=...&folder=...`: rows whose path or cluster's name has all words, in order.
 * With a folder, those of its images and of the folders in it, all of them without words.
 */
export interface SearchAnswer {
  readonly rows: readonly Row[];
  /** Number of all hits; `rows` has at most 100,000. */
  readonly total: number;
  /**
   * Folders that narrow the search: with words those whose path has all of them, otherwise those
   * that lie directly in `folder`. At most 60, those with most hits first.
   */
  readonly folders: readonly FolderAnswer[];
}

export interface FolderAnswer {
  /** Path relative to the source, without a slash at its end. */
  readonly path: string;
  /** Number of images in the folder and in the folders in it. */
  readonly images: number;
}

/**
 * Lowest similarity from which images count as duplicates on the page. Below it nearly all further
 * pairs are wrong.
 */
export const LEAST_ALIKE = 0.8;

/** Rules by which the image of a group to keep is chosen, as in `likeness duplicates`. */
export const duplicateRules = [
  ...(['best', 'sharpest', 'oldest', 'newest', 'largest', 'first'] as const),
] as const;
export type DuplicateRule = (typeof duplicateRules)[number];

/**
 * `GET /api/duplicates?threshold=0.9&keep=best&prefer=FOLDER`: groups of duplicates. 202 with a
 * {@link JobAnswer} while the images are compared, and `null` before that: `POST /api/duplicates`
 * starts to compare them, 202 with a job. The comparison is stored.
 */
export interface DuplicatesAnswer {
  readonly key: string;
  /** Lowest threshold that can be asked for. */
  readonly least: number;
  readonly threshold: number;
  readonly keep: DuplicateRule;
  /** Folder whose images are kept before all others. */
  readonly prefer?: string;
  /** Number of images that were compared. */
  readonly compared: number;
  /** Groups of files with the same bytes. The threshold does not matter for them. */
  readonly exact: readonly DuplicateGroupAnswer[];
  /** Groups of images that show the same picture in different files, by complete linkage. */
  readonly near: readonly DuplicateGroupAnswer[];
  /** Number of images of all groups whose files were moved or removed since. */
  readonly gone: number;
  /** True where files have changed since, so that comparing again may find other groups. */
  readonly changed: boolean;
  /** Images that a person decided to keep. */
  readonly kept: readonly Row[];
  /** Images that a person decided to move. */
  readonly moved: readonly Row[];
}

export interface DuplicateGroupAnswer {
  /** Images of the group, the one to keep first. */
  readonly rows: readonly Row[];
  /** Two images that are least alike, and their similarity, 0 to 1. */
  readonly worst: { readonly a: Row; readonly b: Row; readonly similarity: number };
}

/** `GET /api/duplicates/images`: facts about the images of all groups, by row. */
export interface DuplicateImageAnswer {
  readonly row: Row;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Detail in relative units: variance of the Laplacian times measured pixels. */
  readonly detail: number;
  readonly bytes: number;
  /** Last change in milliseconds since 1970; absent for a record of a packed file. */
  readonly modified?: number;
  /** Date of the camera in milliseconds since 1970; absent where there is none. */
  readonly taken?: number;
  /** True for a page of a file of several, which cannot be moved alone. */
  readonly isPage: boolean;
}

/**
 * `GET /api/outliers`: images by falling distance to their k-th most similar image, at most 1,000.
 * 202 with a {@link JobAnswer} while the distances are computed.
 */
export interface OutliersAnswer {
  readonly key: string;
  /** k, the number of the neighbor whose distance counts. */
  readonly neighbor: number;
  /** Number of all images. */
  readonly total: number;
  /** Median of the distances of all images. */
  readonly median: number;
  readonly images: readonly {
    readonly row: Row;
    /** 1 - cosine with the k-th most similar image, 0 to 2. */
    readonly distance: number;
    /** Most similar image. */
    readonly nearest?: Row;
  }[];
}
