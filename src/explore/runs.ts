/** Runs in the working folder, for the list of the page. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import {
  isRunFolder,
  openRunFolder,
  type RunConfig,
  type RunFolder,
  readClustering,
  readRunConfig,
} from '../run/index.ts';
import { stateOf } from './openedRun.ts';
import type { RunListing } from './protocol.ts';

/** A run of the list. */
export interface FoundRun {
  readonly listing: RunListing;
  readonly folder: RunFolder;
  readonly config: RunConfig;
}

/** Most folders that are looked at. */
const MAX_FOLDERS = 2000;

/**
 * Finds the runs in a folder and in its folder `runs`, last changed first. Folders that cannot be
 * read as a run are left out.
 *
 * @param also path of a run elsewhere, such as the one that is open
 */
export async function findRuns(cwd: string, also?: string): Promise<FoundRun[]> {
  const folders = [...(await foldersIn(cwd)), ...(await foldersIn(join(cwd, 'runs')))];
  const paths = new Set(
    [cwd, ...folders, ...(also === undefined ? [] : [also])].map((path) => resolve(path)),
  );
  const found = await Promise.all([...paths].map((path) => readRun(path, cwd)));
  const runs = found.filter((run) => run !== undefined);
  return runs.sort((a, b) => (a.listing.changed < b.listing.changed ? 1 : -1));
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .slice(0, MAX_FOLDERS)
    .map(({ name }) => join(path, name));
}

async function readRun(path: string, cwd: string): Promise<FoundRun | undefined> {
  if (!(await isRunFolder(path))) return undefined;
  try {
    const folder = await openRunFolder(path);
    const config = await readRunConfig(folder);
    const stored = await readClustering(folder.files.clustering).catch(() => undefined);
    const { config: file, clusters, events } = folder.files;
    const times = await Promise.all(
      [file, clusters, events].map((name) =>
        stat(name).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    const inside = relative(cwd, path);
    const isInside = inside !== '' && !inside.startsWith(`..${sep}`) && inside !== '..';
    const listing: RunListing = {
      name: folder.name,
      path: isInside ? inside : path,
      method: config.kind === 'trained' ? config.settings.method.name : nameOf(config),
      images: config.images,
      ...(stored && { clusters: stored.k }),
      state: await stateOf(folder, config.kind),
      changed: new Date(Math.max(...times)).toISOString(),
    };
    return { listing, folder, config };
  } catch (error) {
    if (error instanceof LikenessError) return undefined;
    throw error;
  }
}

function nameOf({ encoder }: Extract<RunConfig, { kind: 'features' }>): string {
  return encoder.name === 'model' ? encoder.settings.model : encoder.name;
}
