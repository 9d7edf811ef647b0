/** Features in a temporary file while they are worked on: written once, in order, and read in parts. */
import type { Rows } from '../cluster/index.ts';
import { bytesOf, openScratchFile } from '../formats/index.ts';

export interface KeptFeatures extends Rows {
  /** Removes the file. */
  close(): Promise<void>;
}

/**
 * Keeps rows [n, D], which come in arrays one after the other, in a temporary file beside `path`. What makes them may fail:
 * the file is gone then.
 *
 * @throws LikenessError `write.*`
 */
export async function keepFeatures(
  path: string,
  parts: AsyncIterable<Float32Array>,
  dimension: number,
): Promise<KeptFeatures> {
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
      const data = new Float32Array(rows * dimension);
      await file.read(start * bytes, bytesOf(data));
      return data;
    },
    close: () => file.remove(),
  };
}
