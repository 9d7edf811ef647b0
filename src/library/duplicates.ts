/** Exact and near-duplicates of a source, as programs find and move them. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { type ReporterOptions, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import type { OpenImages } from '../data/index.ts';
import {
  byKeepRule,
  type CachePairs,
  completeLinkage,
  DEFAULT_THRESHOLD,
  DUPLICATE_SIZE,
  type KeepRule,
  keepRules,
  MIN_SIMILARITY,
  pairsOfCache,
  withEqual,
} from '../duplicates/index.ts';
import { readStoredSource } from '../run/index.ts';
import { withImages } from './images.ts';
import { type MeasuredImage, measureImage } from './measureImage.ts';
import { checkOptions, oneOf, path } from './options.ts';
import { checkTrashFolder, type MovedFiles, moveToTrash, restoreTrash } from './trash.ts';

export interface DuplicatesOptions extends ReporterOptions {
  /**
   * Similarity from which two images are duplicates, 0.5 to 1. Default 0.9. A higher one finds
   * fewer and surer groups.
   */
  threshold?: number;
  /** Image of a group that comes first, to be kept. Default `best`. */
  keep?: KeepRule;
  /** Folder, relative to the source, whose images are kept before all others. Default: none. */
  prefer?: string;
  /** Run whose `exclude`, `pages` and `range` are used for its own images. */
  run?: string;
  /** Trash folder that images will be moved to, which is checked before the search. */
  into?: string;
}

/** Image of a group. */
export interface DuplicateImage {
  /** Path relative to the source, or index in a packed file. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Variance of the Laplacian of the gray values. */
  readonly sharpness: number;
  /** Last change, ISO 8601; absent for a record of a packed file. */
  readonly modified?: string;
  readonly bytes: number;
}

export interface DuplicateGroup {
  /** `equal` where all files have the same bytes. */
  readonly kind: 'equal' | 'near';
  /** Image to keep, then the others from best to worst. */
  readonly images: readonly DuplicateImage[];
  /** Two images of the group that are least alike, and their similarity. */
  readonly worst: { readonly a: string; readonly b: string; readonly similarity: number };
}

export interface Duplicates {
  readonly threshold: number;
  readonly keep: KeepRule;
  /** Number of images that were compared. */
  readonly images: number;
  /** Number of images that can be removed: all but the first of each group. */
  readonly removable: number;
  /** Groups by their first image in the order of the source. */
  readonly groups: readonly DuplicateGroup[];
  /** Unreadable images, with reasons. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Groups at another threshold, without comparing images again. The source has to be open. */
  at(threshold: number): Promise<Duplicates>;
}

const thresholdError = `expected a number from ${MIN_SIMILARITY} to 1`;
const threshold = z
  .number({ error: thresholdError })
  .min(MIN_SIMILARITY, { error: thresholdError })
  .max(1, { error: thresholdError });

/**
 * Finds groups of images that show the same picture: equal files, and copies that are encoded
 * again, resized, cropped by a few percent, mirrored, brighter or darker, or with added text.
 *
 * Images are compared as 32 x 32 gray pictures that are laid over each other. The similarity is the
 * mean structural similarity of their windows, at most 1. Every pair of a group is above the
 * threshold (complete linkage). The result depends on the images and options alone.
 *
 * @param images open images, or the path of a source
 * @example
 * const { groups } = await findDuplicates('photos');
 * for (const { images: [kept, ...others] } of groups) console.log(kept.path, others.length);
 * @throws LikenessError `source.*`, `cache.*`, `option.*`; for `into` as {@link moveDuplicates};
 * the signal's reason where it is aborted
 */
export async function findDuplicates(
  images: OpenImages | string,
  options: DuplicatesOptions = {},
): Promise<Duplicates> {
  const shape = { threshold: threshold.optional(), keep: oneOf(keepRules) };
  checkOptions({ ...shape, prefer: path(), run: path(), into: path() }, options);
  const { threshold: least = DEFAULT_THRESHOLD, keep = 'best', run, into } = options;
  const prefer = options.prefer?.replace(/\/+$/, '');
  const reporter = reporterOf(options);
  const stored = run === undefined ? undefined : await readStoredSource(run);
  return withImages(
    images,
    async (opened) => {
      if (into !== undefined) await checkTrashFolder(into, opened.source);
      const cache = await opened.pixels({ size: DUPLICATE_SIZE, range: stored?.range, reporter });
      const found = await pairsOfCache(cache, reporter);
      const indices = new Map(opened.source.entries.map(({ id }, index) => [id, index]));
      const measured = new Map<number, MeasuredImage>();
      const source = await opened.ranged({ range: stored?.range, reporter });
      const measure = async (positions: readonly number[]) => {
        const missing = positions.filter((position) => !measured.has(position));
        const advance = beginStage(reporter, {
          ...{ stage: 'measure', text: 'measuring duplicates', unit: 'image' },
          total: missing.length,
        });
        for (const [i, position] of missing.entries()) {
          const index = indices.get(cache.entries[position]!.id)!;
          measured.set(position, await measureImage(source, index, reporter));
          advance(i + 1);
        }
        return positions.map((position) => measured.get(position)!);
      };
      const about: About = {
        ...{ found, keep, prefer, measure, images: cache.count },
        skipped: cache.skipped
          .filter(({ damaged }) => damaged)
          .map(({ id, reason }) => ({ path: id, reason })),
      };
      return duplicatesAt(about, least);
    },
    { reporter, stored },
  );
}

interface About extends Pick<Duplicates, 'images' | 'keep' | 'skipped'> {
  readonly found: CachePairs;
  readonly prefer: string | undefined;
  measure(positions: readonly number[]): Promise<MeasuredImage[]>;
}

async function duplicatesAt(about: About, least: number): Promise<Duplicates> {
  const { found, keep, prefer, measure, ...rest } = about;
  const groups: DuplicateGroup[] = [];
  for (const { members, worst } of withEqual(completeLinkage(found.pairs, least), found.equal)) {
    const measured = await measure(members);
    const at = new Map(members.map((position, i) => [position, measured[i]!.id]));
    const isEqual = measured.every(({ hash }) => hash === measured[0]!.hash);
    groups.push({
      kind: isEqual ? 'equal' : 'near',
      images: byKeepRule(measured, keep, { prefer }).map(described),
      worst: { a: at.get(worst.a)!, b: at.get(worst.b)!, similarity: worst.similarity },
    });
  }
  return {
    ...{ ...rest, threshold: least, keep, groups },
    removable: groups.reduce((sum, { images }) => sum + images.length - 1, 0),
    at: (other) => {
      const { success } = threshold.safeParse(other);
      if (success) return duplicatesAt(about, other);
      const message = `threshold: received ${String(other)}; ${thresholdError}`;
      throw new LikenessError('option.invalid', message);
    },
  };
}

function described({ id, modified, ...facts }: MeasuredImage): DuplicateImage {
  const { width, height, sharpness, bytes } = facts;
  return {
    ...{ path: id, width, height, sharpness, bytes },
    ...(modified !== undefined && { modified: new Date(modified).toISOString() }),
  };
}

/**
 * Moves all but the first image of each group out of a folder into a trash folder, with their
 * subfolders and dates, and with a list by which {@link restoreDuplicates} moves them back.
 *
 * @param images open images of a folder, or its path
 * @param groups groups of {@link findDuplicates}
 * @param folder trash folder, outside the source
 * @throws LikenessError `trash.source` for a source that is no folder, `trash.pages`,
 * `sort.inside`, `sort.notEmpty`, `write.*`
 */
export async function moveDuplicates(
  images: OpenImages | string,
  groups: readonly Pick<DuplicateGroup, 'images'>[],
  folder: string,
  options: ReporterOptions = {},
): Promise<MovedFiles> {
  checkOptions({}, options);
  const reporter = reporterOf(options);
  return withImages(images, async ({ source }) => {
    const ids = groups.flatMap((group) => group.images.slice(1).map((image) => image.path));
    return moveToTrash(source, ids, folder, reporter);
  });
}

/**
 * Moves the files of a trash folder back to where they were. A file whose place is taken stays.
 *
 * @throws LikenessError `json.missing`, `json.malformed` for a folder that is no trash folder,
 * `write.*`
 */
export async function restoreDuplicates(
  folder: string,
  options: ReporterOptions = {},
): Promise<MovedFiles> {
  checkOptions({}, options);
  return restoreTrash(folder, reporterOf(options));
}
