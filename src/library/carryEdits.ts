/** Edits of a person over a new clustering of the same images. */
import type { Clustering } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import {
  type EditedClustering,
  editsKeyOf,
  keepEdits,
  type RunFolder,
  readEditedClusters,
  readEdits,
  removeEdits,
  type StoredClustering,
  type StoredEdits,
  writeEdits,
} from '../run/index.ts';
import type { ImageSet } from './clusterFiles.ts';

/** Clusters with their edits before they are replaced. */
export interface EditsBefore {
  edits: StoredEdits;
  clusters: EditedClustering;
}

/**
 * Reads the edits of the clusters that a new clustering will replace; undefined where there are
 * none, or where they do not belong to these clusters.
 *
 * @throws LikenessError for a damaged edits.json, which would be lost otherwise
 */
export async function editsBefore(folder: RunFolder): Promise<EditsBefore | undefined> {
  const edits = await readEdits(folder.files.edits);
  if (edits === undefined) return undefined;
  const clusters = await readEditedClusters(folder).catch((error: unknown) => {
    if (error instanceof LikenessError) return undefined;
    throw error;
  });
  if (!clusters || editsKeyOf(clusters.stored) !== edits.key) return undefined;
  return { edits, clusters };
}

/**
 * Keeps names, locks and junk of the clusters before, and tells so in a note. The edits before go
 * to edits.before.json.
 *
 * @throws LikenessError `write.*`
 */
export async function carryEdits(
  { files }: RunFolder,
  before: EditsBefore | undefined,
  made: { stored: StoredClustering; set: ImageSet; clustering: Clustering; reporter: Reporter },
): Promise<void> {
  if (!before) return;
  const { stored, set, clustering, reporter } = made;
  const key = editsKeyOf(stored);
  if (before.edits.key === key) return; // the same clusters
  const { images, edited, operations: done } = before.clusters;
  const ids = images.map(({ path }) => path);
  const found = { ids: set.ids, clusters: clustering.assignment.assignments, k: stored.k };
  const { operations, text } = keepEdits({ ids, edited, operations: done }, found);
  await writeEdits(files.editsBefore, before.edits);
  if (operations.length === 0) await removeEdits(files.edits);
  else await writeEdits(files.edits, { key, version: 1, done: [...operations], undone: [] });
  if (text !== undefined) reporter.note({ code: 'cluster.edits', message: text });
}
