/** Features of a clustering, read back from the run's embeddings.safetensors. */
import { isDeepStrictEqual } from 'node:util';
import type { Rows } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { openEmbeddings, type RunFolder } from '../run/index.ts';

/** Identity of a clustering: its images and their clusters, [N]. */
export interface ClusteredIds {
  readonly ids: readonly string[];
  readonly clusters: Int32Array;
}

/**
 * Opens the features [N, D] of a clustering, rows of length 1, for as long as `work` takes.
 *
 * @throws LikenessError `clustering.replaced` where the file is of another clustering,
 * `safetensors.*`, `embeddings.malformed`
 */
export async function withStoredFeatures<T>(
  { path, files }: RunFolder,
  { ids, clusters }: ClusteredIds,
  work: (features: Rows) => Promise<T>,
): Promise<T> {
  const stored = await openEmbeddings(files.embeddings);
  try {
    // Files with very many ids are stored without them.
    if (isDeepStrictEqual(stored.clusters, clusters) && isDeepStrictEqual(stored.ids ?? ids, ids)) {
      return await work(stored.features);
    }
  } finally {
    await stored.close();
  }
  throw new LikenessError(
    'clustering.replaced',
    `${path} was clustered again since. Write the report of the later clustering.`,
  );
}
