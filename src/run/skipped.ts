/** skipped.csv: images that could not be used, with reasons. */
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  csvPath,
  decodeCsv,
  encodeCsv,
  pathOfCsv,
  readRegularText,
  writeFileAtomic,
} from '../formats/index.ts';

export interface SkippedImage {
  readonly id: string;
  readonly reason: string;
}

const columns = ['path', 'reason'] as const;

/** Writes skipped.csv. An empty list is written too, because it says that nothing was skipped. */
export async function writeSkipped(file: string, skipped: readonly SkippedImage[]): Promise<void> {
  await writeFileAtomic(
    file,
    encodeCsv(
      columns,
      skipped.map(({ id, reason }) => [csvPath(id), reason]),
    ),
  );
}

/** Reads skipped.csv. @throws LikenessError `skipped.missing`, `skipped.malformed` */
export async function readSkipped(file: string): Promise<SkippedImage[]> {
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    throw new LikenessError(
      'skipped.missing',
      `Could not read ${file}: ${reasonOf(error)}. Check the path.`,
      { cause: error },
    );
  }
  const [header = [], ...rows] = decodeCsv(text, file);
  if (columns.some((name, i) => header[i] !== name)) {
    throw new LikenessError(
      'skipped.malformed',
      `${file} has the columns ${header.join(', ') || 'none'}; expected ${columns.join(', ')}. ` +
        'Restore the file.',
    );
  }
  return rows.map(([id = '', reason = '']) => ({ id: pathOfCsv(id), reason }));
}
