/** A trash folder: files that were moved out of a source, with a list that moves them back. */

import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dirname } from 'node:path/posix';
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import type { Source } from '../data/index.ts';
import { isPathText, makeFolder, pathOfText, writeFailure } from '../formats/index.ts';
import { checkSortFolder, readJson, writeJson } from '../run/index.ts';

const listName = '.likeness-trash.json';
const schema = z.strictObject({
  likeness: z.literal('trash'),
  /** Absolute path of the folder that the files were in. */
  source: z.string(),
  /**
   * Ids of the files, which are their paths below that folder and, as they are written, below the
   * trash folder.
   */
  files: z.array(z.string().refine(isPathText, 'expected the path of a file below the folder')),
});

const remedy = 'Restore it, or move the files of the folder back by hand.';

export interface MovedFiles {
  /** Absolute path of the trash folder. */
  readonly folder: string;
  /** Number of moved files. */
  readonly moved: number;
}

/**
 * Checks that files of a source can be moved into a trash folder.
 *
 * @throws LikenessError `trash.source` for a source that is no folder, `sort.inside` for a folder
 * in the source, `sort.notEmpty`, `write.*`
 */
export async function checkTrashFolder(folder: string, source: Source): Promise<void> {
  if (source.kind !== 'folder') {
    throw new LikenessError(
      'trash.source',
      `images: received ${source.name}, which is no folder; expected a folder of images, whose ` +
        'files can be moved',
    );
  }
  await checkSortFolder(resolve(folder), source);
}

/**
 * Moves files of a folder source into a trash folder, with their subfolders and dates. The list is
 * written first, so that a move that was interrupted can be taken back.
 *
 * @throws LikenessError as {@link checkTrashFolder}, and `trash.pages` for a page of a file of
 * several pictures
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
  await checkTrashFolder(into, source);
  await makeFolder(into);
  await writeJson(join(into, listName), { likeness: 'trash', source: source.path, files: ids });
  let moved = 0;
  for (const [i, id] of ids.entries()) {
    reporter.signal.throwIfAborted();
    if (await move(inSource(source.path, id), inTrash(into, id))) moved++;
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
    if (await move(inTrash(from, id), inSource(source, id))) moved++;
    count(reporter, 'restoring', i + 1, files.length);
  }
  const left = await filesIn(from);
  if (left === 0) await rm(from, { recursive: true, force: true });
  return { folder: source, moved };
}

/** A file and its folder, which are bytes where a name is no text. */
interface Place {
  readonly file: string | Buffer;
  readonly folder: string | Buffer;
  /** Path as text, for errors. */
  readonly text: string;
}

/** Place of a file in the source, where its names are those that the system gave. */
function inSource(source: string, id: string): Place {
  const folder = pathOfText(source, dirname(id));
  return { file: pathOfText(source, id), folder, text: join(source, id) };
}

/** Place of a file in the trash folder, where its names are their texts. */
function inTrash(trash: string, id: string): Place {
  const file = join(trash, id);
  return { file, folder: join(trash, dirname(id)), text: file };
}

/** Moves a file; false where it is gone, or where something is at its new place. */
async function move({ file: from }: Place, { file: to, folder, text }: Place): Promise<boolean> {
  if (!(await exists(from)) || (await exists(to))) return false;
  if (typeof folder === 'string') await makeFolder(folder);
  else await mkdir(folder, { recursive: true });
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw writeFailure(text, error);
    // Another disk: copied with its dates, and removed once the copy is complete.
    const { atime, mtime } = await stat(from);
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await utimes(to, atime, mtime);
    await rm(from);
  }
  return true;
}

const exists = (path: string | Buffer) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Counts the files in a folder and its subfolders, without the list. */
async function filesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory() && entry.name !== listName).length;
}

function count(reporter: Reporter, what: string, done: number, total: number): void {
  const text = `${what} ${showCount(done)} of ${plural(total, 'file')}`;
  reporter.progress({ stage: 'trash', text, done, total });
}
