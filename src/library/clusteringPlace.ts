/** Place of a clustering in a run: that of the run's own images, or one with a name. */
import { dirname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath, plural } from '../core/text.ts';
import { identitiesOf, indicesOfSplit, type OpenImages, type PixelCache } from '../data/index.ts';
import { makeFolder } from '../formats/index.ts';
import {
  clusteringFolderAt,
  hashOfImages,
  isMissing,
  type Run,
  type RunFolder,
  readClustering,
  type StoredClustering,
  slugOf,
} from '../run/index.ts';

/** Files of a clustering. */
export interface ClusteringPlace {
  /** The run folder with the files of the clustering. */
  folder: RunFolder;
  /** Absent for the clustering of the run's own images. */
  name?: string;
}

/** Names that are folders on every system. */
const NAME = /^[\p{Letter}\p{Number}][\p{Letter}\p{Number}._-]{0,59}$/u;

/** Refuses names that are no folder names. @throws LikenessError `option.invalid` */
export function checkClusteringName(name: string): void {
  if (NAME.test(name)) return;
  throw new LikenessError(
    'option.invalid',
    `name: received ${JSON.stringify(name)}; expected letters, digits, ".", "_" and "-", of which ` +
      'the first is a letter or digit, at most 60',
  );
}

/**
 * Chooses the place of a clustering.
 *
 * The run's own images have the files of the run folder. Another source gets a folder of its name
 * in `clusterings`, so that it does not replace them.
 */
export async function clusteringPlace(
  run: Run,
  images: OpenImages,
  { cache, name, reporter }: { cache: PixelCache; name?: string | undefined; reporter: Reporter },
): Promise<ClusteringPlace> {
  const { path } = images.source;
  const own =
    name === undefined && (isOwn(run, images, cache) || (await isFirstOfImported(run, path)));
  const place: ClusteringPlace = own ? { folder: run.folder } : await namedPlace(run, name, path);
  if (name === undefined && place.name !== undefined) {
    const message =
      `${images.path} is not the source of ${displayPath(run.folder.path)}: its clusters get the ` +
      `name "${place.name}", and those of the run stay`;
    reporter.note({ code: 'cluster.place', message });
  }
  await makeFolder(dirname(place.folder.files.clustering));
  return place;
}

/** Tells which clusters new ones of a source will replace. */
export async function noteReplaced(
  folder: RunFolder,
  { path }: OpenImages['source'],
  reporter: Reporter,
): Promise<void> {
  const before = await storedAt(folder);
  if (!before) return;
  const { k, images, source = path } = before;
  const of = source === path ? '' : ` (of ${source})`;
  const message = `replaces ${plural(k, 'cluster')} of ${plural(images, 'image')}${of}`;
  reporter.note({ code: 'cluster.replaces', message });
}

/**
 * Returns true for the first images that an imported run clusters: it was made from no images, so
 * the files of the run folder are theirs.
 */
async function isFirstOfImported({ config, folder }: Run, source: string): Promise<boolean> {
  if (config.images > 0) return false;
  const before = await storedAt(folder);
  return before === undefined || before.source === source;
}

/** Compares a source with the run's images, which may have been moved. */
function isOwn({ config }: Run, { source }: OpenImages, cache: PixelCache): boolean {
  if (source.path === config.source.path) return true;
  if (config.listing === undefined) return false;
  const indices = indicesOfSplit(cache, config.split);
  if (indices.length !== config.images) return false;
  return hashOfImages(identitiesOf(cache, indices)).contents === config.listing.contents;
}

async function namedPlace(
  { folder }: Run,
  name: string | undefined,
  source: string,
): Promise<Required<ClusteringPlace>> {
  if (name !== undefined) return { folder: clusteringFolderAt(folder, name), name };
  for (let copy = 1; ; copy++) {
    const own = copy === 1 ? slugOf(source) : `${slugOf(source)}-${copy}`;
    const place = { folder: clusteringFolderAt(folder, own), name: own };
    const before = await storedAt(place.folder);
    if (before === undefined || before.source === source) return place;
  }
}

/** Reads a clustering; undefined where there is none. A damaged one counts as none. */
async function storedAt({ files }: RunFolder): Promise<StoredClustering | undefined> {
  return readClustering(files.clustering).catch((error: unknown) => {
    if (error instanceof LikenessError) return undefined;
    throw error;
  });
}

/**
 * Reads the clustering of a name, or that of the run's own images.
 *
 * @throws LikenessError `clustering.malformed`, `safetensors.malformed` for a damaged file
 */
export function storedClustering(
  folder: RunFolder,
  name: string | undefined,
): Promise<StoredClustering | undefined> {
  if (name !== undefined) checkClusteringName(name);
  const { files } = name === undefined ? folder : clusteringFolderAt(folder, name);
  return readClustering(files.clustering).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}
