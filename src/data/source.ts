import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { irregularKind } from '../formats/index.ts';
import { type ClassFilter, classFilterOf, requireClasses, withClasses } from './classes.ts';
import { withLabelFile, withoutLabels } from './labelFile.ts';
import type { LabelChoice } from './labeling.ts';
import { excluderOf, withoutExcluded } from './leftOut.ts';
import { compareNatural } from './natural.ts';
import { withPages } from './pages.ts';
import { plural } from './reasons.ts';
import { unreadableSource } from './records.ts';
import { imageExtensions } from './sniff.ts';
import { cifarKind, openCifar } from './source-cifar.ts';
import { type FolderOptions, openFolder, openImage } from './source-folder.ts';
import { isIdx, openIdx } from './source-idx.ts';
import { isStl, openStl } from './source-stl.ts';
import { openTar } from './source-tar.ts';
import { isTinyImagenet, openTinyImagenet } from './source-tiny-imagenet.ts';
import type { Source, SourceChoices, StopOptions, ValueRange } from './types.ts';
import { reasonOfFile } from './walk.ts';
import { withRange } from './withRange.ts';

/** Folders that the archives of packed data sets unpack to. Also found from the folder above. */
const packedFolders = ['cifar-10-batches-bin', 'cifar-100-binary', 'stl10_binary'];

const KINDS =
  'a folder of images, CIFAR-10/100 or STL-10 binary files, IDX files, .tar archives, or one ' +
  'image file';

export interface SourceOptions extends StopOptions {
  /** Glob patterns of folders and files that are left out, relative to the source. */
  exclude?: readonly string[];
  /** Accepts patterns of `exclude` that match nothing, as those of an earlier call. */
  lenient?: boolean;
  /**
   * Source of the labels: folders in any case, none, or a CSV file with the columns path and label.
   * Default: the data set's own, or folders that look like classes.
   */
  labels?: LabelChoice;
  /**
   * Names of classes, folders or labels, whose images alone are read, or of a list such as
   * `imagenet-10`. Default: all images.
   */
  classes?: readonly string[] | undefined;
  /** Receives the number of images found so far, after each folder. */
  onListed?: ((images: number) => void) | undefined;
  /**
   * `all` reads every picture of a TIFF, GIF or WebP file of several as an image of its own, such
   * as `scan.tif#2`. Default `first`.
   */
  pages?: 'first' | 'all' | undefined;
  /**
   * Values that become black and white in images of more than 8 bits per sample, for all images.
   * Default: from a sample of the images (`openImages`).
   */
  range?: ValueRange | undefined;
}

/**
 * Opens a set of images and detects its kind:
 *
 * - a folder of image files, flat or with one folder per class, at any depth;
 * - CIFAR-10 and CIFAR-100 (binary version), STL-10 (binary version), IDX files (MNIST,
 *   Fashion-MNIST);
 * - a `.tar` archive of images, or a folder of such archives;
 * - a single image file, or one picture of a file of several, such as `scan.tif#2`.
 *
 * The order of the entries depends on names only, never on the file system.
 *
 * @throws LikenessError `source.missing`, `source.unreadable`, `source.irregular`,
 * `source.unknown`, `source.empty`, `source.ambiguous`, `source.damaged`, `option.invalid`,
 * `labels.*`
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const absolute = resolve(path);
  const { exclude: patterns = [], labels, onListed, pages, range, signal } = options;
  const classes = options.classes && classFilterOf(options.classes);
  const exclude = patterns.length > 0 ? excluderOf(patterns) : undefined;
  const folders = labels === 'folders' ? 'folders' : 'none';
  const ways: FolderOptions = {
    exclude,
    classes,
    onListed,
    signal,
    ...(labels !== undefined && { labels: folders }),
  };
  const paged = pageOf(absolute);
  const found = statOf(path, paged?.file ?? absolute);
  const irregular = irregularKind(found);
  if (irregular) {
    throw new LikenessError(
      'source.irregular',
      `source: ${absolute} is ${irregular}. Expected ${KINDS}; copy the images to a folder.`,
    );
  }
  const opened = await (found.isDirectory()
    ? openDirectory(absolute, ways)
    : paged
      ? openImage(paged.file, paged.page)
      : openFile(absolute, ways));
  const chosen = classes && opened.kind !== 'folder' ? withClasses(opened, classes) : opened;
  const filtered = exclude && opened.kind !== 'folder' ? withoutExcluded(chosen, exclude) : chosen;
  const choices: SourceChoices = {
    ...(exclude && { exclude: patterns }),
    ...(classes && { classes: classes.given }),
    ...(labels !== undefined && { labels: isFile(labels) ? resolve(labels) : labels }),
  };
  const source = { ...filtered, choices };
  if (classes && !options.lenient) await checkClasses(opened, classes);
  const unused = options.lenient ? [] : (exclude?.unused() ?? []);
  if (source.entries.length > 0 && unused.length === 0) {
    const labeled = labeledSource({ ...source, location: absolute }, labels);
    const isAll = pages === 'all' && paged === undefined;
    const whole = isAll ? await withPages(labeled, { signal }) : labeled;
    return range ? withRange(whole, range) : whole;
  }
  await source.close();
  if (unused.length > 0) {
    throw new LikenessError(
      'option.invalid',
      `exclude: "${unused[0]}" matches nothing in ${absolute}. Expected a pattern of paths ` +
        'relative to the source, such as "thumbs/**" or "*_small.*"; quote it for the shell.',
    );
  }
  const examples = source.skipped.slice(0, 3).map(({ id, reason }) => `${id}: ${reason}`);
  const left = source.notes?.filter(({ code }) => code !== 'images.labels') ?? [];
  const seen =
    left.length > 0
      ? left.map(({ message }) => message).join('; ')
      : examples.length > 0
        ? `found ${plural(source.skipped.length, 'other file')}, such as ${examples.join('; ')}`
        : 'it is empty';
  throw new LikenessError(
    'source.empty',
    `source: no images in ${absolute} (${seen}). Expected ${KINDS}; check the path.`,
  );
}

/** Gives a source the labels that were chosen. */
function labeledSource(source: Source, labels: LabelChoice | undefined): Source {
  if (labels === undefined || labels === 'folders') return source;
  return isFile(labels) ? withLabelFile(source, labels) : withoutLabels(source);
}

/** Tells if labels come from a file. */
const isFile = (labels: LabelChoice) => labels !== 'folders' && labels !== 'none';

/** File and page of a path such as `scan.tif#2`, where no file has this name itself. */
function pageOf(path: string): { file: string; page: number } | undefined {
  const [, file, page] = /^(.+)#([1-9]\d{0,4})$/.exec(path) ?? [];
  if (file === undefined || statSync(path, { throwIfNoEntry: false })) return undefined;
  return statSync(file, { throwIfNoEntry: false })?.isFile()
    ? { file, page: Number(page) }
    : undefined;
}

function statOf(path: string, absolute: string): Stats {
  if (path === '')
    throw new LikenessError('source.missing', `source: the path is empty. Expected ${KINDS}.`);
  try {
    return statSync(absolute);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw unreadableSource(absolute, error);
    }
    let exists = dirname(absolute);
    while (!statSync(exists, { throwIfNoEntry: false }) && dirname(exists) !== exists)
      exists = dirname(exists);
    throw new LikenessError(
      'source.missing',
      `source: ${absolute} does not exist (${exists} does). Expected ${KINDS}; check the spelling.`,
      { cause: error },
    );
  }
}

/** Refuses classes that no image has, and closes the source. */
async function checkClasses(opened: Source, classes: ClassFilter): Promise<void> {
  try {
    requireClasses(opened, classes);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openDirectory(path: string, ways: FolderOptions): Promise<Source> {
  let names: string[];
  try {
    names = readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .sort(compareNatural);
  } catch (error) {
    throw unreadableSource(path, error);
  }
  const cifar = cifarKind(names);
  if (cifar) return openCifar(path, names, cifar);
  if (isStl(names)) return openStl(path, names);
  if (isTinyImagenet(names)) return openTinyImagenet(path, ways);
  if (names.some(isIdx)) return openIdx(path, names);
  if (
    names.includes('data_batch_1') ||
    (names.includes('train') && names.includes('meta') && !isFolder(path, 'train'))
  ) {
    throw new LikenessError(
      'source.unknown',
      `source: ${path} holds the Python version of CIFAR, whose pickle files are not read. ` +
        'Expected the binary version (.bin files); fetch cifar-10-binary.tar.gz or ' +
        'cifar-100-binary.tar.gz instead.',
    );
  }
  const packed = packedFolders.find((name) => names.includes(name));
  if (packed && names.every((name) => name === packed || !isFolder(path, name))) {
    return openDirectory(join(path, packed), ways);
  }
  const shards = names.filter((name) => /\.tar$/i.test(name) && !isFolder(path, name));
  const isPicture = (name: string): boolean => imageExtensions.has(extname(name).toLowerCase());
  if (shards.length > 0 && !names.some((name) => isPicture(name) || isFolder(path, name))) {
    return openTar(path, { shards, ...ways });
  }
  return openFolder(path, ways);
}

function isFolder(path: string, name: string): boolean {
  return statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function openFile(path: string, ways: FolderOptions): Promise<Source> {
  const extension = extname(path).toLowerCase();
  if (imageExtensions.has(extension)) return openImage(path);
  if (extension === '.tar') return openTar(path, ways);
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (isIdx(name)) return openIdx(path, [], name);
  if (extension === '.bin') {
    throw new LikenessError(
      'source.unknown',
      `source: ${path} is one file of a packed data set. Expected its folder; use ` +
        `${dirname(path)}.`,
    );
  }
  if (/\.(tgz|tar\.\w+|zip|gz|xz|bz2|zst|7z|rar)$/i.test(path)) {
    throw new LikenessError(
      'source.unknown',
      `source: ${path} is a compressed archive, from which single images cannot be read. ` +
        `Expected ${KINDS}; unpack it and name the folder.`,
    );
  }
  const reason = reasonOfFile(path, extension);
  if (reason === undefined) return openImage(path);
  throw new LikenessError(
    'source.unknown',
    `source: ${path} is a file of another kind (${reason}). Expected ${KINDS}.`,
  );
}
