/**
 * Features in a temporary file while they are worked on: written once, in order, and read in parts.
 */
import type { Rows } from '../cluster/index.ts';
import { bytesOf, openScratchFile } from '../formats/index.ts';

/** Rows [n, D] in a temporary file. */
export interface FeatureFile extends Rows {
  /** Removes the file. */
  close(): Promise<void>;
}

/**
 * Writes rows [n, D], which arrive in arrays one after the other, to a temporary file beside
 * `path`.
 *
 * The file is removed where the source of the rows fails.
 *
 * @throws LikenessError `write.*`
 */
export async function writeFeatureFile(
  path: string,
  parts: AsyncIterable<Float32Array>,
  dimension: number,
): Promise<FeatureFile> {
  const file = await openScratchFile(path);
  let values = 0;
  try {
    for await (const part of parts) {
      await file.append(bytesOf(part));
      values += part.length;
    }
  } catch (error) {
    await file.remove();
    throw error;
  }
  const bytes = Float32Array.BYTES_PER_ELEMENT * dimension;
  return {
    count: values / dimension,
    dimension,
    async read(start, rows) {
      const data = new Float32Array(rows * dimension); // [rows, D]
      await file.read(start * bytes, bytesOf(data));
      return data;
    },
    close: () => file.remove(),
  };
}
