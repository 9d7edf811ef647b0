/**
 * Sorting images into one folder per cluster, as copies or links.
 *
 * Images of packed files become PNG files. So do pages of files of several pictures, such as
 * `scan-2.png` of `scan.tif#2`, because a page can be neither copied nor linked: 8-bit RGB in full
 * size, as likeness sees it.
 *
 * Nothing is ever overwritten. The folder must be empty, or contain exactly the files of an earlier
 * call, unchanged: those are listed in `.likeness-sorted.json` and are replaced.
 */
import { constants, type Dirent } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  readdir,
  realpath,
  rm,
  rmdir,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, parse, relative, resolve, sep } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { isolatedDecoder, type Source } from '../data/index.ts';
import {
  isTemporaryName,
  makeFolder,
  pathOfText,
  readRegularText,
  writeFailure,
  writeFileAtomic,
} from '../formats/index.ts';
import { parseJson } from './json.ts';
import { type SortItem, sortedNames } from './sortNames.ts';

export interface SortOptions {
  /** Folder to sort into; created when missing. */
  readonly into: string;
  /**
   * Way of placing the images: independent copies, or relative symbolic links (hard links where the
   * system refuses those). Default `copy`.
   */
  readonly by?: 'copy' | 'link';
  readonly source: Pick<Source, 'path' | 'kind' | 'entries' | 'read'>;
  /** Id and cluster of each image. */
  readonly items: readonly SortItem[];
  /** Names of clusters, which become names of folders. Default: none. */
  readonly names?: ReadonlyMap<number, string>;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

export interface SortResult {
  readonly folder: string;
  /** Number of cluster folders. */
  readonly clusters: number;
  readonly copied: number;
  readonly linked: number;
  /** Images of packed files, written as files. */
  readonly written: number;
  /** Pages of files of several pictures, written as PNG files. */
  readonly pages: number;
  /** Images that were renamed because another in the cluster has the same name. */
  readonly renamed: number;
  /** Images that cannot be read any more. */
  readonly failed: readonly { id: string; reason: string }[];
}

/**
 * Files of an earlier call by path, with size and modification time where the file was completed.
 */
const listingSchema = z.object({
  likeness: z.literal('sorted images'),
  files: z.record(
    z.string().refine((name) => !name.split('/').includes('..')),
    z.tuple([z.number(), z.number()]).nullable(),
  ),
});
type Listing = z.output<typeof listingSchema>;

const listingName = '.likeness-sorted.json';

/**
 * Sorts images into `<into>/cluster-000`, `cluster-001`, …, and junk into `junk`. A cluster with a
 * name has a folder of that name.
 *
 * @throws LikenessError `sort.inside` when `into` is inside the source, whose images its copies
 * would become, `sort.notEmpty` when it has other files, `write.*` when the disk refuses.
 */
export async function sortInto({
  into,
  by = 'copy',
  source,
  items,
  names: clusterNames = new Map(),
  onProgress,
  signal,
}: SortOptions): Promise<SortResult> {
  await refuseInside(into, source);
  await clearOwn(into);
  await makeFolder(into);
  const packed = source.kind !== 'folder' && source.kind !== 'image';
  const indexOf = new Map(source.entries.map(({ id }, index) => [id, index]));
  const fileOf = (id: string) => source.entries[indexOf.get(id) ?? -1]?.file;
  const names = sortedNames(
    items.map((item) => ({ ...item, id: nameOfPage(item.id, fileOf(item.id)) })),
    { names: clusterNames, ...(packed && source.kind !== 'tar' && { extension: '.png' }) },
  );

  const files: Listing['files'] = Object.fromEntries(names.map((name) => [name, null]));
  // Written first, so that a call that was killed can be repeated.
  await writeListing(into, files);
  for (const folder of new Set(names.map((name) => dirname(name))))
    await makeFolder(join(into, folder));

  let [copied, linked, written, pages, renamed] = [0, 0, 0, 0, 0];
  const failed: { id: string; reason: string }[] = [];
  for (const [done, item] of items.entries()) {
    signal?.throwIfAborted();
    const target = join(into, names[done]!);
    try {
      const file = fileOf(item.id);
      if (file !== undefined) {
        await writePage(target, await readPicture(source, indexOf.get(item.id)!), signal);
        pages++;
      } else if (packed) {
        const index = indexOf.get(item.id);
        if (index === undefined) throw new UnreadableSource('it is not in the source any more');
        await writePicture(target, await readPicture(source, index));
        written++;
      } else {
        const from = source.kind === 'image' ? source.path : pathOfText(source.path, item.id);
        await (by === 'copy' ? placeCopy(from, target) : placeLink(from, target));
        if (by === 'copy') copied++;
        else linked++;
      }
      const own = basename(nameOfPage(item.id, file));
      if (basename(names[done]!) !== own && !packed) renamed++;
      const { size, mtimeMs } = await lstat(target);
      files[names[done]!] = [size, mtimeMs];
    } catch (error) {
      if (!(error instanceof UnreadableSource)) {
        throw error instanceof LikenessError ? error : writeFailure(target, error);
      }
      failed.push({ id: item.id, reason: error.message });
      delete files[names[done]!];
    }
    onProgress?.(done + 1, items.length);
  }
  await writeListing(into, files);
  const clusters = new Set(items.map((item) => item.cluster).filter((cluster) => cluster >= 0))
    .size;
  return { folder: into, clusters, copied, linked, written, pages, renamed, failed };
}

/** Failure of one image of the source; the others go on. */
class UnreadableSource extends Error {}

async function placeCopy(from: string | Buffer, target: string): Promise<void> {
  await requireSource(from);
  await copyFile(from, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const { atime, mtime } = await stat(from);
  await utimes(target, atime, mtime).catch(() => {}); // some disks have no dates
}

async function placeLink(from: string | Buffer, target: string): Promise<void> {
  await requireSource(from);
  // Real paths, because ".." in a relative link is followed from the folder's real place.
  const folder = await realpath(dirname(target));
  const isText = typeof from === 'string';
  const real = isText ? await realpath(from) : await realpath(from, { encoding: 'buffer' });
  try {
    // A path that is no text is linked as a whole.
    await symlink(typeof real === 'string' ? relative(folder, real) : real, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    try {
      await link(real, target);
    } catch {
      throw new LikenessError(
        'sort.link',
        `Could not link ${target} to ${from}: ${reasonOf(error)}. Use ` +
          "`by: 'copy'`, or choose a folder on the same disk.",
      );
    }
  }
}

async function requireSource(from: string | Buffer): Promise<void> {
  try {
    if (!(await stat(from)).isFile()) throw new Error('it is not a file');
  } catch (error) {
    throw new UnreadableSource(reasonOf(error));
  }
}

async function readPicture(source: SortOptions['source'], index: number) {
  try {
    return await source.read(index);
  } catch (error) {
    throw new UnreadableSource(reasonOf(error));
  }
}

/** Name of the file of a page, such as `a/scan-2.png` of `a/scan.tif#2`; the id of other images. */
function nameOfPage(id: string, file: string | undefined): string {
  if (file === undefined) return id;
  const { dir, name } = parse(file);
  return join(dir, `${name}-${id.slice(file.length + 1)}.png`);
}

/** Shorter side above which pages are shrunk, in pixels. */
const MAX_PAGE_SIDE = 16_383;

/** Writes a page as PNG. It is decoded in a child process, as every image. */
async function writePage(
  target: string,
  image: Awaited<ReturnType<Source['read']>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { width, height, pixels } = await isolatedDecoder
    .decode(image, { size: MAX_PAGE_SIDE, signal })
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new UnreadableSource(reasonOf(error));
    });
  await writePicture(target, { kind: 'raw', width, height, channels: 3, pixels });
}

async function writePicture(
  target: string,
  image: Awaited<ReturnType<Source['read']>>,
): Promise<void> {
  const bytes =
    image.kind === 'encoded'
      ? image.bytes
      : await sharp(image.pixels, {
          raw: { width: image.width, height: image.height, channels: image.channels },
        })
          .png({ compressionLevel: 6 })
          .toBuffer();
  await writeFile(target, bytes, { flag: 'wx' });
}

/**
 * Checks that images of a source can be sorted into a folder, before the work that finds clusters.
 *
 * @throws LikenessError `sort.inside`, `sort.notEmpty`, `write.*`
 */
export async function checkSortFolder(into: string, source: SortOptions['source']): Promise<void> {
  await refuseInside(into, source);
  await ownFiles(into);
}

/** Removes the files of an earlier call from `into`; refuses where it has other files. */
async function clearOwn(into: string): Promise<void> {
  const { own, folders } = await ownFiles(into);
  for (const name of own) await rm(join(into, name), { force: true });
  for (const folder of folders) await rmdir(join(into, folder)).catch(() => {});
}

/** Lists the files of an earlier call and their folders; refuses where `into` has other files. */
async function ownFiles(into: string): Promise<{ own: string[]; folders: Iterable<string> }> {
  let listed: Dirent[];
  try {
    // The first write of the listing may have been killed.
    const isTorn = (name: string) => isTemporaryName(name) && name.startsWith(`.${listingName}.`);
    listed = (await readdir(into, { withFileTypes: true })).filter(({ name }) => !isTorn(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { own: [], folders: [] };
    if (code === 'ENOTDIR') {
      throw new LikenessError(
        'sort.notEmpty',
        `into: ${into} is a file; expected a folder. Choose another name.`,
      );
    }
    throw writeFailure(into, error);
  }
  const listing = await readListing(into);
  const names = listed.map(({ name }) => name);
  // Without a listing nothing is ours. With one, only its folders are read, and no links followed.
  if (listing !== undefined) {
    for (const folder of listed.filter((item) => item.isDirectory())) {
      const inside = await readdir(join(into, folder.name));
      names.push(...inside.map((name) => `${folder.name}/${name}`));
    }
  }
  const foreign: string[] = [];
  const own: string[] = [];
  const folders = new Set(
    Object.keys(listing?.files ?? {})
      .map((name) => dirname(name))
      .filter((name) => names.includes(name)),
  );
  for (const name of names.sort()) {
    if (name === listingName || folders.has(name)) continue;
    const entry = listing?.files[name];
    const { size, mtimeMs } = await lstat(join(into, name));
    const changed = entry !== null && (entry?.[0] !== size || entry[1] !== mtimeMs);
    if (entry === undefined || changed) foreign.push(name);
    else own.push(name);
  }
  if (foreign.length > 0 || (listing === undefined && names.length > 0)) {
    const what = foreign[0] ?? names[0];
    const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : '';
    throw new LikenessError(
      'sort.notEmpty',
      `into: ${into} is not empty: "${what}"${more} was not put there, or was changed since. ` +
        'Nothing is ever overwritten; choose a new or empty folder.',
    );
  }
  return { own, folders };
}

async function readListing(into: string): Promise<Listing | undefined> {
  try {
    return listingSchema.parse(parseJson(await readRegularText(join(into, listingName))));
  } catch {
    return undefined;
  }
}

async function writeListing(into: string, files: Listing['files']): Promise<void> {
  const listing: Listing = { likeness: 'sorted images', files };
  await writeFileAtomic(join(into, listingName), `${JSON.stringify(listing, null, 1)}\n`);
}

async function refuseInside(into: string, source: SortOptions['source']): Promise<void> {
  if (into.trim() === '') {
    throw new LikenessError('option.invalid', 'into: received an empty path; expected a folder');
  }
  if (source.kind === 'image') return;
  const target = await realOf(into);
  const root = await realOf(source.path);
  const way = relative(root, target);
  const inside =
    way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(way) !== way);
  if (inside) {
    throw new LikenessError(
      'sort.inside',
      `into: ${into} lies in the source ${source.path}: the sorted images would be taken for ` +
        'images of the source next time. Choose a folder outside it.',
    );
  }
}

/** Resolves the links in a path that may not exist yet. */
async function realOf(path: string): Promise<string> {
  const full = resolve(path);
  try {
    return await realpath(full);
  } catch {
    const parent = dirname(full);
    return parent === full ? full : join(await realOf(parent), basename(full));
  }
}
