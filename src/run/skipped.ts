/** skipped.csv: images that could not be used, with reasons. */
import { encodeCsv, writeFileAtomic } from '../formats/index.ts';

export interface SkippedImage {
  readonly id: string;
  readonly reason: string;
}

/** Writes skipped.csv (`path,reason`), also when it is empty: an empty list is a statement too. */
export async function writeSkipped(file: string, skipped: readonly SkippedImage[]): Promise<void> {
  await writeFileAtomic(
    file,
    encodeCsv(
      ['path', 'reason'],
      skipped.map(({ id, reason }) => [id, reason]),
    ),
  );
}
