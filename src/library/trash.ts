/** A trash folder: files that were moved out of a source, with a list that moves them back. */

import { constants } from 'node:fs';
import { copyFile, lstat, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import type { Source } from '../data/index.ts';
import { makeFolder, pathOfText, writeFailure } from '../formats/index.ts';
import { checkSortFolder, readJson, writeJson } from '../run/index.ts';

const listName = '.likeness-trash.json';
const isInside = (id: string) => !id.split('/').includes('..') && !id.startsWith('/');
const schema = z.strictObject({
  likeness: z.literal('trash'),
  /** Absolute path of the folder that the files were in. */
  source: z.string(),
  /** Paths relative to that folder, and to the trash folder. */
  files: z.array(z.string().refine(isInside)),
});

const remedy = 'Restore it, or move the files of the folder back by hand.';

export interface MovedFiles {
  /** Absolute path of the trash folder. */
  readonly folder: string;
  /** Number of moved files. */
  readonly moved: number;
}

/**
 * Moves files of a folder source into a trash folder, with their subfolders and dates. The list is
 * written first, so that a move that was interrupted can be taken back.
 *
 * @throws LikenessError `sort.inside` for a folder in the source, `sort.notEmpty`,
 * `trash.pages` for a page of a file of several pictures, `write.*`
 */
export async function moveToTrash(
  source: Source,
  ids: readonly string[],
  folder: string,
  reporter: Reporter,
): Promise<MovedFiles> {
  const into = resolve(folder);
  const fileOf = new Map(source.entries.map(({ id, file }) => [id, file]));
  const page = ids.find((id) => fileOf.get(id) !== undefined);
  if (page !== undefined) {
    throw new LikenessError(
      'trash.pages',
      `"${page}" is a page of a file with other pictures, which cannot be moved alone. Choose ` +
        'images with a file of their own.',
    );
  }
  const paths = ids.map((id) => {
    const path = pathOfText(source.path, id);
    if (typeof path !== 'string') throw unnamed(id);
    return path;
  });
  await checkSortFolder(into, source);
  await makeFolder(into);
  await writeJson(join(into, listName), { likeness: 'trash', source: source.path, files: ids });
  let moved = 0;
  for (const [i, id] of ids.entries()) {
    reporter.signal.throwIfAborted();
    if (await move(paths[i]!, join(into, id))) moved++;
    count(reporter, 'moving', i + 1, ids.length);
  }
  return { folder: into, moved };
}

/**
 * Moves the files of a trash folder back to where they were. A file whose place is taken stays.
 *
 * @throws LikenessError `json.missing`, `json.malformed` for a folder that is no trash folder,
 * `write.*`
 */
export async function restoreTrash(folder: string, reporter: Reporter): Promise<MovedFiles> {
  const from = resolve(folder);
  const { source, files } = await readJson(join(from, listName), schema, remedy);
  let moved = 0;
  for (const [i, id] of files.entries()) {
    reporter.signal.throwIfAborted();
    if (await move(join(from, id), join(source, id))) moved++;
    count(reporter, 'restoring', i + 1, files.length);
  }
  const left = await filesIn(from);
  if (left === 0) await rm(from, { recursive: true, force: true });
  return { folder: source, moved };
}

/** Moves a file; false where it is gone, or where something is at its new place. */
async function move(from: string, to: string): Promise<boolean> {
  if (!(await exists(from)) || (await exists(to))) return false;
  await makeFolder(dirname(to));
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw writeFailure(to, error);
    // Another disk: copied with its dates, and removed once the copy is complete.
    const { atime, mtime } = await stat(from);
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await utimes(to, atime, mtime);
    await rm(from);
  }
  return true;
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Counts the files in a folder and its subfolders, without the list. */
async function filesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory() && entry.name !== listName).length;
}

function unnamed(id: string): LikenessError {
  return new LikenessError(
    'trash.name',
    `"${id}" has a name that is no text, which the list of the trash folder cannot hold. Rename it.`,
  );
}

function count(reporter: Reporter, what: string, done: number, total: number): void {
  const text = `${what} ${showCount(done)} of ${plural(total, 'file')}`;
  reporter.progress({ stage: 'trash', text, done, total });
}
