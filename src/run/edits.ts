/**
 * edits.json: the changes of a person to a clustering, and decisions about duplicates, beside its
 * clusters.csv.
 *
 * `done` are applied in order; `undone` are those that a redo applies again, last first. The file
 * is of the clustering with its key: edits of another one are not applied.
 */

import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeFailure, writeFileAtomic } from '../formats/index.ts';
import { applyEdits, type EditedClusters, type FoundClusters } from './applyEdits.ts';
import { readClustering, type StoredClustering } from './clustering.ts';
import { type ClusteredImage, readClusters } from './clusters.ts';
import type { RunFolder } from './files.ts';
import { hashOfJson, isMissing, readJson } from './json.ts';
import { steps } from './limits.ts';
import { type Operation, operations } from './operations.ts';

const FORMAT = 'likeness edits 1';
const schema = z.strictObject({
  format: z.literal(FORMAT),
  /** Key of the clustering. */
  key: z.string(),
  /** Grows with each change. */
  version: steps(),
  done: operations(),
  undone: operations(),
});

const remedy =
  'Restore it, or remove it to go on with the clusters as they were found, without corrections.';

export type StoredEdits = Readonly<Omit<z.output<typeof schema>, 'format'>>;

/** Edits of a clustering that nobody has changed. */
export function noEdits(key: string): StoredEdits {
  return { key, version: 0, done: [], undone: [] };
}

/** Key of a clustering for its edits; that of old files is made from their facts. */
export function editsKeyOf(
  stored: Pick<StoredClustering, 'key' | 'k' | 'seed' | 'images' | 'step'>,
) {
  const { key, k, seed, images, step } = stored;
  return key ?? hashOfJson({ k, seed, images, step });
}

/** Reads edits.json; undefined where there is none. @throws LikenessError `json.malformed` */
export async function readEdits(file: string): Promise<StoredEdits | undefined> {
  const found = await readJson(file, schema, remedy).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { format: _, ...edits } = found;
  return edits;
}

/** Writes edits.json. @throws LikenessError `write.*` */
export async function writeEdits(file: string, edits: StoredEdits): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify({ format: FORMAT, ...edits })}\n`);
}

/** Removes edits.json where it exists. @throws LikenessError `write.*` */
export async function removeEdits(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw writeFailure(file, error);
  });
}

/** Clusters of a run's images after their edits. */
export interface EditedClustering {
  readonly stored: StoredClustering;
  /** Images in the order of clusters.csv, with the clusters that were found. */
  readonly images: readonly ClusteredImage[];
  readonly edited: EditedClusters;
  /** Edits that were applied; none where nobody has changed anything. */
  readonly operations: readonly Operation[];
}

/**
 * Reads the clusters of a run with their edits.
 *
 * @throws LikenessError `clusters.*`, `clustering.*`, `json.malformed`, `edits.*`
 */
export async function readEditedClusters({
  files,
}: Pick<RunFolder, 'files'>): Promise<EditedClustering> {
  const stored = await readClustering(files.clustering);
  const images = await readClusters(files.clusters);
  const found = {
    ids: images.map(({ path }) => path),
    clusters: images.map(({ cluster }) => cluster),
    k: stored.k,
  };
  return { stored, images, ...(await applyStoredEdits(files, stored, found)) };
}

/**
 * Applies the edits of a clustering to its images.
 *
 * @throws LikenessError `json.malformed`, `edits.*`
 */
export async function applyStoredEdits(
  files: Pick<RunFolder['files'], 'edits'>,
  stored: Parameters<typeof editsKeyOf>[0],
  found: FoundClusters,
): Promise<Pick<EditedClustering, 'edited' | 'operations'>> {
  const edits = await readEdits(files.edits);
  const operations = edits?.key === editsKeyOf(stored) ? edits.done : [];
  return { edited: applyEdits(found, operations), operations };
}
