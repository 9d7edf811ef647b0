/**
 * hierarchy.safetensors: the tree of prototypes that a method has learned, with the place of each
 * clustered image in it.
 *
 * Tensors `leaves` [N], the prototype of level 0 of each image in the order of clusters.csv, and
 * `parents.<l>` [K_l], the prototype of level l + 1 of each prototype of level l. Level 0 is the
 * finest.
 */
import { z } from 'zod';
import { encodeSafetensors, type StoredTensor, writeFileAtomic } from '../formats/index.ts';
import { rows, steps } from './limits.ts';
import { clusterAgain } from './nextSteps.ts';
import { integersOf, maxTensorBytes, metadataJson, readTensors } from './tensorFile.ts';

export interface StoredHierarchy {
  /** Step of the checkpoint that it is from. */
  readonly step: number;
  /** Number K_l of prototypes of each level, finest first. */
  readonly counts: readonly number[];
  /** Prototype of level 0 of each image, [N]. */
  readonly leaves: Int32Array;
  /** Parent of each prototype, [K_l], for all levels but the last. */
  readonly parents: readonly Int32Array[];
}

/** Most levels of a tree. */
const MAX_LEVELS = 16;
const FORMAT = 'likeness hierarchy 1';
const schema = z.object({
  step: steps(),
  images: rows(),
  counts: z.array(rows().min(1)).min(1).max(MAX_LEVELS),
});
const kind = {
  code: 'hierarchy',
  format: FORMAT,
  maxBytes: maxTensorBytes.clusters,
  remedy: clusterAgain,
};

/** Writes the tree. @throws LikenessError `write.*` */
export async function writeHierarchy(
  file: string,
  { step, counts, leaves, parents }: StoredHierarchy,
): Promise<void> {
  const integers = (data: Int32Array): StoredTensor => ({
    ...{ dtype: 'int32', shape: [data.length], data },
  });
  const tensors = Object.fromEntries([
    ['leaves', integers(leaves)],
    ...parents.map((level, l): [string, StoredTensor] => [`parents.${l}`, integers(level)]),
  ]);
  const about = JSON.stringify({ step, images: leaves.length, counts });
  await writeFileAtomic(file, encodeSafetensors(tensors, { format: FORMAT, hierarchy: about }));
}

/** Reads the tree. @throws LikenessError `hierarchy.missing`, `hierarchy.malformed` */
export async function readHierarchy(file: string): Promise<StoredHierarchy> {
  const decoded = await readTensors(file, kind);
  const { images, ...about } = metadataJson(file, decoded.metadata.hierarchy, schema, kind);
  const { counts } = about;
  const leaves = integersOf(file, decoded, {
    ...{ name: 'leaves', count: images, below: counts[0]!, kind },
  });
  const parents = counts
    .slice(0, -1)
    .map((count, l) =>
      integersOf(file, decoded, { name: `parents.${l}`, count, below: counts[l + 1]!, kind }),
    );
  return { ...about, leaves, parents };
}
