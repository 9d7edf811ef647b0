/** Making and opening run folders. A run is never overwritten. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { irregularKind, isTemporaryName, makeFolder, writeFailure } from '../formats/index.ts';
import { type RunFolder, runFileNames, runFolderAt } from './files.ts';
import { lockRun, type RunLock } from './lock.ts';

export interface NewRunOptions {
  /** Folder of the run; without it the next free `<root>/<date>-<method>-<source>`. */
  readonly out?: string;
  /** Folder of runs with default names. Default `runs`. */
  readonly root?: string;
  /** Date for the default name, `YYYY-MM-DD`. */
  readonly date: string;
  readonly method: string;
  /** Path or name of the source. */
  readonly source: string;
  /** Default `trained`, which makes a folder of checkpoints. */
  readonly kind?: 'trained' | 'features';
}

/**
 * Builds the default name of a run, such as `2025-03-01-swav-holiday-photos`, safe as a folder
 * name.
 */
export function runName({
  date,
  method,
  source,
}: Pick<NewRunOptions, 'date' | 'method' | 'source'>): string {
  return `${date}-${method}-${slugOf(source)}`;
}

/** Builds a name for the images of a source that is safe as a folder name. */
export function slugOf(source: string): string {
  const slug = basename(resolve(source))
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return slug || 'images';
}

/**
 * Refuses a folder that holds anything, before long work that would end in it. A folder that does
 * not exist is free.
 *
 * @throws LikenessError `run.exists`, and `write.*` for a file or an unreadable folder
 */
export async function requireFree(out: string): Promise<void> {
  const inside = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw writeFailure(out, error);
  });
  const names = inside.filter((name) => !isTemporaryName(name) && !isClaim(name));
  if (names.includes(runFileNames.config)) throw holdsRun(out);
  const checkpoints = await readdir(join(out, runFileNames.checkpoints)).catch(() => []);
  if (checkpoints.length > 0) names.push(runFileNames.checkpoints);
  if (names.length === 0) return;
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  throw new LikenessError(
    'run.exists',
    `${out} is not empty (it has "${names.sort()[0]}"${more}). Choose a new or empty folder ` +
      'with `out`.',
  );
}

/**
 * Makes the folder of a new run.
 *
 * A default name that is taken gets `-2`, `-3`, …; an `out` that is not empty is refused.
 *
 * @throws LikenessError `run.exists` when `out` is not empty, `write.*` when the folder cannot be
 * made.
 */
export async function createRunFolder(options: NewRunOptions): Promise<RunFolder> {
  const { out, root = 'runs' } = options;
  if (out !== undefined) {
    await makeFolder(out);
    await requireFree(out);
    return withCheckpoints(out, options);
  }
  await makeFolder(root);
  const name = runName(options);
  for (let copy = 1; ; copy++) {
    const path = join(root, copy === 1 ? name : `${name}-${copy}`);
    try {
      await mkdir(path); // claims the name: only one process can make it
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw writeFailure(path, error);
    }
    return withCheckpoints(path, options);
  }
}

/**
 * Makes the folder of a new run and takes its lock, so that of two processes that begin at once one
 * is refused before it writes anything.
 *
 * @throws LikenessError as {@link createRunFolder}, and `run.locked`
 */
export async function claimRunFolder(
  options: NewRunOptions,
): Promise<{ folder: RunFolder; lock: RunLock }> {
  const folder = await createRunFolder(options);
  const lock = await lockRun(folder);
  if (!(await isRunFolder(folder.path))) return { folder, lock };
  lock.release();
  throw holdsRun(folder.path);
}

function holdsRun(path: string): LikenessError {
  return new LikenessError(
    'run.exists',
    `${path} already holds a run. Add \`resume\` to continue it, or choose another ` +
      'folder with `out`.',
  );
}

/** Names that another process makes before it writes a run; the lock decides between them. */
function isClaim(name: string): boolean {
  return name.startsWith(runFileNames.lock) || name === runFileNames.checkpoints;
}

/** Makes the folder of checkpoints for a run that trains. */
async function withCheckpoints(
  path: string,
  { kind = 'trained' }: Pick<NewRunOptions, 'kind'>,
): Promise<RunFolder> {
  const run = runFolderAt(path);
  if (kind === 'trained') await makeFolder(run.files.checkpoints);
  return run;
}

/** Removes a folder whose run was stopped before it wrote config.json, and no other folder. */
export async function clearLeftovers(path: string): Promise<void> {
  const names = await readdir(path).catch(() => []);
  const inside = await readdir(join(path, runFileNames.checkpoints)).catch(() => []);
  const isEmpty = names.every((name) => name === runFileNames.checkpoints || name.startsWith('.'));
  if (isEmpty && inside.length === 0) await rm(path, { recursive: true, force: true });
}

/**
 * Opens the run in an existing folder.
 *
 * @throws LikenessError `run.missing` when there is no such folder or no config.json in it.
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  if (path.trim() === '') {
    const reason = 'run: received an empty path; expected the folder of a run';
    throw new LikenessError('run.missing', reason);
  }
  const run = runFolderAt(path);
  const folder = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'the folder does not exist' : reasonOf(error);
    throw new LikenessError(
      'run.missing',
      `There is no run at ${path}: ${reason}. Check the path.`,
      {
        cause: error,
      },
    );
  });
  if (!folder.isDirectory()) {
    throw new LikenessError(
      'run.missing',
      `${path} is a file; expected the folder of a run. Give the folder that holds config.json.`,
    );
  }
  const { config } = runFileNames;
  const found = await stat(join(path, config)).catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'ENOENT' ? `it has no ${config}` : `${config}: ${reasonOf(error)}`;
    throw new LikenessError(
      'run.missing',
      `${path} is not a run: ${reason}. Give the folder of a run.`,
      {
        cause: error,
      },
    );
  });
  if (!found.isFile()) {
    throw new LikenessError(
      'run.missing',
      `${path} is not a run: its ${config} is ${irregularKind(found) ?? 'a folder'}, not a regular ` +
        'file. Give the folder of a run.',
    );
  }
  return run;
}

/** Returns true for a folder with a config.json. */
export async function isRunFolder(path: string): Promise<boolean> {
  const config = await stat(join(path, runFileNames.config)).catch(() => undefined);
  return config?.isFile() ?? false;
}
