/**
 * images.csv: the images that a run learns from, with a hash of the pixels of each.
 *
 * config.json has a hash of the names and one of the contents, by which another folder is
 * recognized. The file names the first difference.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import type { ImageIdentities } from '../data/index.ts';
import {
  csvChunks,
  csvPath,
  decodeCsv,
  pathOfCsv,
  readRegularText,
  writeFileAtomic,
} from '../formats/index.ts';
import type { RunFolder } from './files.ts';
import { type SkippedImage, writeSkipped } from './skipped.ts';

/** Hashes of the images of a run, as config.json stores them. */
export interface ImageListHash {
  /** SHA-256 of the ids. */
  names: string;
  /** SHA-256 of the ids and the hash of each image. */
  contents: string;
  /** Version of the decoder whose pixels were hashed. */
  decoder: string;
}

const columns = ['path', 'hash'] as const;

/** Hashes names and contents. */
export function hashOfImages({ ids, hashes, decoder }: ImageIdentities): ImageListHash {
  const names = createHash('sha256');
  const contents = createHash('sha256');
  for (const [i, id] of ids.entries()) {
    names.update(`${id}\0`);
    contents.update(`${id}\0${hashes[i]}\n`);
  }
  return { names: names.digest('hex'), contents: contents.digest('hex'), decoder };
}

/** Writes images.csv. @throws LikenessError `write.*` */
export async function writeImageList(
  file: string,
  { ids, hashes }: ImageIdentities,
): Promise<void> {
  await writeFileAtomic(file, csvChunks(columns, rowsOf(ids, hashes)));
}

/**
 * Writes images.csv and skipped.csv where they are missing, as after a kill between them and
 * config.json. Runs of before the images were stored get no images.csv.
 *
 * @throws LikenessError `write.*`
 */
export async function writeMissingLists(
  { files }: RunFolder,
  {
    config,
    identities,
    skipped,
  }: {
    config: { readonly listing?: ImageListHash };
    identities: ImageIdentities;
    skipped: readonly SkippedImage[];
  },
): Promise<void> {
  if (config.listing && !existsSync(files.images)) await writeImageList(files.images, identities);
  if (!existsSync(files.skipped)) await writeSkipped(files.skipped, skipped);
}

function* rowsOf(ids: readonly string[], hashes: readonly string[]) {
  for (const [i, id] of ids.entries()) yield [csvPath(id), hashes[i]];
}

/** Reads images.csv; undefined where it cannot be read or is not the list of `config`. */
async function readImageList(
  file: string,
  stored: ImageListHash,
): Promise<Pick<ImageIdentities, 'ids' | 'hashes'> | undefined> {
  try {
    const [, ...rows] = decodeCsv(await readRegularText(file), file);
    const list = {
      ids: rows.map(([id]) => pathOfCsv(id ?? '')),
      hashes: rows.map(([, hash]) => hash ?? ''),
    };
    return hashOfImages({ ...list, decoder: '' }).contents === stored.contents ? list : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the ids of images.csv, in the order of the training. @throws as `readRegularText` */
export async function readImageIds(file: string): Promise<string[]> {
  const [, ...rows] = decodeCsv(await readRegularText(file), file);
  return rows.map(([id]) => pathOfCsv(id ?? ''));
}

export interface ImageCheck {
  folder: RunFolder;
  config: { readonly images: number; readonly listing?: ImageListHash };
  /** Path of the source as it is given now. */
  source: string;
  reporter: Reporter;
}

/**
 * Compares the images that a run would go on with with those that it was started with.
 *
 * The folder may have another path. Runs of before the images were stored are compared by number,
 * and runs of another decoder by name; a note tells so.
 *
 * @throws LikenessError `resume.source` with the first difference
 */
export async function requireSameImages(
  now: ImageIdentities,
  { folder, config, source, reporter }: ImageCheck,
): Promise<void> {
  const difference = await differenceOf(now, { folder, config, reporter });
  if (difference === undefined) return;
  throw new LikenessError(
    'resume.source',
    `${source}: ${difference}; expected the ${plural(config.images, 'image')} that ` +
      `${folder.path} was started with. Restore them, or start a new run for a changed folder.`,
  );
}

/** Tells the first difference from the images that a run was started with, in words. */
export async function differenceOf(
  now: ImageIdentities,
  { folder, config, reporter }: Omit<ImageCheck, 'source'>,
): Promise<string | undefined> {
  const { listing, images } = config;
  const found = `found ${showCount(now.ids.length)} usable images`;
  if (listing === undefined) {
    if (now.ids.length !== images) return found;
    const message =
      'this run has no list of its images, as those of earlier versions. Their number is compared';
    reporter.note({ code: 'resume.images', message });
    return undefined;
  }
  const hash = hashOfImages(now);
  const isSameDecoder = hash.decoder === listing.decoder;
  if (hash.names === listing.names && (!isSameDecoder || hash.contents === listing.contents)) {
    if (isSameDecoder) return undefined;
    const message =
      'the images were decoded or hashed by another version when the run was started. Their names ' +
      'are compared';
    reporter.note({ code: 'resume.images', message });
    return undefined;
  }
  const before = await readImageList(folder.files.images, listing);
  if (before) return firstDifference(before, now, isSameDecoder);
  return now.ids.length === images ? 'found other images' : found;
}

type List = Pick<ImageIdentities, 'ids' | 'hashes'>;

function firstDifference(before: List, now: List, comparesContents: boolean): string {
  const known = new Map(before.ids.map((id, i) => [id, before.hashes[i]!]));
  const present = new Map(now.ids.map((id, i) => [id, now.hashes[i]!]));
  const added = now.ids.filter((id) => !known.has(id));
  const missing = before.ids.find((id) => !present.has(id));
  if (missing !== undefined) {
    const renamed = added.find((id) => present.get(id) === known.get(missing));
    return renamed === undefined ? `"${missing}" is missing` : `"${missing}" is now "${renamed}"`;
  }
  if (added.length > 0) return `"${added[0]}" is new`;
  const changed = now.ids.find((id) => known.get(id) !== present.get(id));
  if (comparesContents && changed !== undefined) return `"${changed}" has other content`;
  return 'the order of the images has changed';
}
