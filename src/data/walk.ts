import { closeSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { openRegularSync, pathOfText, textOfName } from '../formats/index.ts';
import { type Excluder, isLeftOut } from './leftOut.ts';
import { compareNatural } from './natural.ts';
import { systemReason } from './reasons.ts';
import { contentReason, imageExtensions, SNIFF_BYTES } from './sniff.ts';
import type { SkippedImage, StopOptions } from './types.ts';

/** Candidates and rejected files under a folder. Paths are relative to it, with `/`. */
export interface Listing {
  readonly files: string[];
  readonly skipped: SkippedImage[];
  /** Folders that hold no photographs of their own (`isLeftOut`). */
  readonly leftOut: string[];
  /** Number of folders and files that match `exclude`. */
  readonly excluded: number;
}

export interface WalkOptions extends StopOptions {
  /** Leaves out folders and files by their paths. */
  exclude?: Pick<Excluder, 'matches'>;
  /** Receives the number of images found so far, after each folder. */
  onListed?: ((images: number) => void) | undefined;
}

/** Milliseconds of work after which signals are let in. */
const ANSWER_MS = 50;

/**
 * Lists every candidate image under a folder, at any depth, in natural order.
 *
 * Names that begin with a dot are ignored, and folders of thumbnails and trash left out. Links are
 * followed. A folder is listed once, under its real path if that is inside, so that a loop of links
 * ends. A file with the extension of an image is a candidate. The content of every other file
 * decides, whatever its name. Files that are no images are reported, as are unreadable folders.
 *
 * @throws the file system's error when the folder itself cannot be read.
 */
export async function walkImages(
  root: string,
  { exclude, onListed, signal }: WalkOptions = {},
): Promise<Listing> {
  const leftOut: string[] = [];
  let excluded = 0;
  const files: string[] = [];
  const skipped: SkippedImage[] = [];
  const seen = new Set<string>();
  const linked: string[] = []; // followed last, so that a folder's real place wins
  const pending = [''];
  let answered = performance.now();

  /** Lets signals in now and then, also within a folder of many files. */
  async function answer(): Promise<void> {
    if (performance.now() - answered < ANSWER_MS) return;
    await setImmediate();
    signal?.throwIfAborted();
    answered = performance.now();
  }

  for (;;) {
    const folder = pending.pop() ?? linked.shift();
    if (folder === undefined) break;
    try {
      const path = pathOfText(root, folder);
      const { dev, ino } = statSync(path, { bigint: true });
      const identity = `${dev}:${ino}`;
      if (seen.has(identity)) {
        skipped.push({ id: folder, reason: 'link to a folder that is already listed' });
        continue;
      }
      seen.add(identity);
      for (const item of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
        await answer();
        const name = textOfName(item.name);
        const id = folder === '' ? name : `${folder}/${name}`;
        if (!item.isFile() && isLeftOut(name, basename(join(root, folder)))) {
          leftOut.push(id);
          continue;
        }
        if (name.startsWith('.')) continue;
        if (exclude?.matches(id)) {
          excluded++;
          continue;
        }
        if (item.isDirectory()) pending.push(id);
        else if (item.isSymbolicLink()) followLink(id);
        else if (item.isFile()) addFile(id);
        else skipped.push({ id, reason: 'not a regular file' });
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (folder === '') throw error;
      skipped.push({ id: folder, reason: `folder: ${systemReason(error)}` });
    }
    linked.sort(compareNatural);
    onListed?.(files.length);
    signal?.throwIfAborted();
    await answer();
  }
  files.sort(compareNatural);
  skipped.sort((a, b) => compareNatural(a.id, b.id));
  leftOut.sort(compareNatural);
  return { files, skipped, leftOut, excluded };

  function followLink(id: string): void {
    try {
      const target = statSync(pathOfText(root, id));
      if (target.isDirectory()) linked.push(id);
      else if (target.isFile()) addFile(id);
      else skipped.push({ id, reason: 'not a regular file' });
    } catch (error) {
      skipped.push({ id, reason: `link that leads nowhere: ${systemReason(error)}` });
    }
  }

  function addFile(id: string): void {
    const extension = extname(id).toLowerCase();
    const reason = imageExtensions.has(extension)
      ? undefined
      : reasonOfFile(pathOfText(root, id), extension);
    if (reason === undefined) files.push(id);
    else skipped.push({ id, reason });
  }
}

/** Checks the first bytes of a file. Undefined for an image. */
export function reasonOfFile(path: string | Buffer, extension: string): string | undefined {
  try {
    const head = Buffer.alloc(SNIFF_BYTES);
    const file = openRegularSync(path);
    try {
      const count = readSync(file, head, 0, SNIFF_BYTES, 0);
      return contentReason(extension, head.subarray(0, count));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return systemReason(error);
  }
}
