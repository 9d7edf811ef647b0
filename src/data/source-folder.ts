import * as fs from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { openRegularSync, pathOfText, READ_FLAGS, requireRegular } from '../formats/index.ts';
import { type ClassFilter, classesNote } from './classes.ts';
import { MAX_FILE_BYTES } from './decode.ts';
import { fingerprintFiles } from './fingerprint.ts';
import { layoutOf } from './layout.ts';
import { type Excluder, excludedText, leftOutText } from './leftOut.ts';
import { unreadable, unusable } from './reasons.ts';
import { SNIFF_BYTES } from './sniff.ts';
import type { EncodedImage, Source, SourceNote, StopOptions } from './types.ts';
import { walkImages } from './walk.ts';

export interface FolderOptions extends StopOptions {
  exclude?: Excluder;
  /** Lists images of these classes alone, which are folders of their paths. */
  classes?: ClassFilter | undefined;
  /**
   * Path of an image in which labels and split are looked for; undefined for an image that is left
   * out. Default: its own.
   */
  layoutPath?: (id: string) => string | undefined;
  /** Takes folders for labels in any case, or never. */
  labels?: 'folders' | 'none';
  /** Receives the number of images found so far, after each folder. */
  onListed?: ((images: number) => void) | undefined;
}

/** Opens a folder of image files. `layoutOf` derives labels and splits from the folders inside. */
export async function openFolder(
  path: string,
  { exclude, classes, layoutPath = (id) => id, labels, onListed, signal }: FolderOptions = {},
): Promise<Source> {
  const { skipped, leftOut, excluded, ...walked } = await walkImages(path, {
    exclude,
    onListed,
    signal,
  });
  const listed = walked.files.flatMap((id) => {
    const place = layoutPath(id);
    return place !== undefined && (classes?.matchesPath(place) ?? true) ? [{ id, place }] : [];
  });
  const files = listed.map(({ id }) => id);
  const places = listed.map(({ place }) => place);
  const { entries, labelNames, labeling } = layoutOf(places, { labels, ids: files });
  const notes: SourceNote[] = [];
  const left = leftOutText(leftOut);
  if (left !== undefined) notes.push({ code: 'images.leftOut', message: left });
  if (classes) notes.push(classesNote(files.length, classes));
  if (excluded > 0) notes.push({ code: 'images.excluded', message: excludedText(excluded) });
  if (labeling !== undefined) notes.push({ code: 'images.labels', message: labeling });
  return {
    path,
    name: basename(path) || path,
    kind: 'folder',
    entries,
    labelNames,
    skipped,
    notes,
    fingerprint: (stop) =>
      fingerprintFiles(
        'folder',
        files.map((id) => [id, pathOfText(path, id)] as const),
        stop,
      ),
    read: (index) => readImageFile(pathOfText(path, files[index]!)),
    head: (index, size) => readHead(pathOfText(path, files[index]!), size),
    bytes: (index) => fs.statSync(pathOfText(path, files[index]!), { throwIfNoEntry: false })?.size,
    close: async () => {},
  };
}

/**
 * Opens an image file as a source of one image.
 *
 * @param page number of the picture in a file of several, from 1, which ends the id as in `a.tif#2`
 */
export function openImage(path: string, page?: number): Source {
  const name = page === undefined ? basename(path) : `${basename(path)}#${page}`;
  return {
    path,
    name,
    kind: 'image',
    entries: [{ id: name }],
    skipped: [],
    fingerprint: () => fingerprintFiles('image', [[name, path]]),
    read: async () => ({ ...(await readImageFile(path)), ...(page !== undefined && { page }) }),
    close: async () => {},
  };
}

/**
 * Files up to this size are read on this thread, in a few microseconds if the system has them in
 * memory. Handing them to other threads takes longer, and those are busy with decoding. After a
 * slow read the next files are read on other threads, several at a time.
 */
const LARGEST_HERE = 2 ** 20;
const LONG_MS = 1;
const LEFT_AFTER_LONG = 64;
let left = 0;

/**
 * Reads an image file.
 *
 * @throws LikenessError `image.unreadable`, or `image.unusable` above `MAX_FILE_BYTES`.
 */
export async function readImageFile(path: string | Buffer): Promise<EncodedImage> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = (left > 0 ? undefined : readHere(path)) ?? (await readElsewhere(path));
  } catch (error) {
    throw unreadable(error);
  }
  if (!bytes) throw tooManyBytes();
  return { kind: 'encoded', bytes };
}

/** Reads the first bytes of a file. @throws LikenessError `image.unreadable` */
function readHead(path: string | Buffer, size: number = SNIFF_BYTES): Uint8Array {
  try {
    const file = openRegularSync(path);
    try {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, fs.readSync(file, bytes, 0, size, 0));
    } finally {
      fs.closeSync(file);
    }
  } catch (error) {
    throw unreadable(error);
  }
}

/** Reads a file synchronously. Undefined for a large file. */
function readHere(path: string | Buffer): Uint8Array | undefined {
  const begun = performance.now();
  const file = openRegularSync(path);
  try {
    const { size } = fs.fstatSync(file);
    if (size > LARGEST_HERE) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    let done = 0;
    for (let count = -1; done < size && count !== 0; done += count) {
      count = fs.readSync(file, bytes, done, size - done, done);
    }
    return bytes.subarray(0, done);
  } finally {
    fs.closeSync(file);
    if (performance.now() - begun > LONG_MS) left = LEFT_AFTER_LONG;
  }
}

// node:fs/promises takes nearly twice as long for a small file.
const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
const read = promisify(fs.read);
const close = promisify(fs.close);

/** Reads a file on other threads. Undefined above `MAX_FILE_BYTES`. */
async function readElsewhere(path: string | Buffer): Promise<Uint8Array | undefined> {
  left = Math.max(0, left - 1);
  const file = await open(path, READ_FLAGS);
  try {
    const found = await fstat(file);
    requireRegular(found);
    const { size } = found;
    if (size > MAX_FILE_BYTES) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    let done = 0;
    for (let count = -1; done < size && count !== 0; done += count) {
      count = (await read(file, bytes, done, size - done, done)).bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await close(file);
  }
}

export function tooManyBytes(): Error {
  return unusable(`file larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
}
