/** All images of the clusters of a report, beyond the examples. */
import { openEmbeddings } from '../run/index.ts';

/** Most characters of ids that are listed. clusters.csv lists every image in any case. */
const MAX_CHARACTERS = 8_000_000;

/**
 * Reads the ids of all images by the number of their cluster, in the order of the source.
 *
 * @returns undefined where the file holds no ids, another number of images than the report, or so
 * many that a page should not list them
 * @throws LikenessError `safetensors.missing`, `embeddings.malformed`
 */
export async function readMembers(
  file: string,
  { images, clusters: k }: { images: number; clusters: number },
): Promise<string[][] | undefined> {
  const { ids, clusters, close } = await openEmbeddings(file);
  await close();
  if (ids?.length !== images || clusters.some((cluster) => cluster >= k)) return undefined;
  if (ids.reduce((sum, id) => sum + id.length, 0) > MAX_CHARACTERS) return undefined;
  const members: string[][] = Array.from({ length: k }, () => []);
  for (const [i, id] of ids.entries()) members[clusters[i]!]!.push(id);
  return members;
}
