/** The hierarchy of a clustering, for methods that learn one. */
import { rm } from 'node:fs/promises';
import { learnedTree } from '../methods/index.ts';
import { type Run, type StoredHierarchy, writeHierarchy } from '../run/index.ts';

/**
 * Stores the tree of prototypes beside the clusters; removes that of an earlier clustering where
 * the method has none.
 *
 * @param leaves nearest prototype of the finest level of each image, [N]
 */
export async function storeHierarchy(
  run: Run,
  leaves: Int32Array | undefined,
): Promise<StoredHierarchy | undefined> {
  const { hierarchy: file } = run.folder.files;
  const tree =
    run.kind === 'trained' && leaves ? learnedTree(run.config.settings, run.state) : undefined;
  if (!tree || !leaves) {
    await rm(file, { force: true });
    return undefined;
  }
  const stored = { step: run.step, ...tree, leaves };
  await writeHierarchy(file, stored);
  return stored;
}
