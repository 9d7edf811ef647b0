/** clusters.csv: the cluster of each image with its confidence. */
import { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  csvChunks,
  csvPath,
  decodeCsv,
  pathOfCsv,
  readRegularText,
  writeFileAtomic,
} from '../formats/index.ts';
import { fraction, rows as rowNumbers } from './limits.ts';
import { clusterAgain, clusterFirst } from './nextSteps.ts';

export interface ClusteredImage {
  /** Id of the image: its path relative to the source. */
  readonly path: string;
  /** 0 to K-1. */
  readonly cluster: number;
  /** Probability of the cluster, 0 to 1. */
  readonly confidence: number;
  /** Lead over the second-best cluster, at least 0. */
  readonly margin: number;
  /** Nearest prototype; undefined where the method has none. */
  readonly prototype?: number;
}

const columns = ['path', 'cluster', 'confidence', 'margin', 'prototype'] as const;

/** Six decimals, the same on every machine; -0 is written as 0. */
export function fixed(value: number): string {
  const text = value.toFixed(6);
  return text === '-0.000000' ? '0.000000' : text;
}

/** Yields the text of clusters.csv in pieces, with rows in the given order. */
function clustersCsv(images: Iterable<ClusteredImage>): Iterable<string> {
  return csvChunks(columns, rowsOf(images));
}

/** Writes clusters.csv. @throws LikenessError for numbers that are not finite, and `write.*`. */
export async function writeClusters(file: string, images: Iterable<ClusteredImage>): Promise<void> {
  await writeFileAtomic(file, clustersCsv(images));
}

/**
 * Reads clusters.csv; columns may be in any order, and further ones are ignored.
 *
 * @throws LikenessError `clusters.missing` or `clusters.malformed`, naming the line.
 */
export async function readClusters(file: string): Promise<ClusteredImage[]> {
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    throw new LikenessError(
      'clusters.missing',
      `Could not read ${file}: ${reasonOf(error)}. ${clusterFirst}`,
      { cause: error },
    );
  }
  const [header = [], ...rows] = decodeCsv(text, file);
  const at = Object.fromEntries(columns.map((name) => [name, header.indexOf(name)]));
  const missing = columns.filter((name) => name !== 'prototype' && at[name]! < 0);
  if (missing.length > 0) {
    throw new LikenessError(
      'clusters.malformed',
      `${file} lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}; it has ` +
        `${header.join(', ') || 'none'}. ${clusterAgain}`,
    );
  }
  return rows.map((row, index) => {
    const cells = Object.fromEntries(
      columns.flatMap((name) =>
        row[at[name]!] || name === 'path' ? [[name, row[at[name]!]]] : [],
      ),
    );
    const result = rowSchema.safeParse(cells);
    if (result.success) return result.data;
    const name = String(result.error.issues[0]!.path[0]) as (typeof columns)[number];
    throw new LikenessError(
      'clusters.malformed',
      `${file}, record ${index + 2}: "${cells[name] ?? ''}" is not ${expected[name]} for ${name}. ` +
        clusterAgain,
    );
  });
}

const numeric = <S extends z.ZodType<number, number>>(schema: S) =>
  z.string().transform(Number).pipe(schema);
const rowSchema = z.object({
  path: z.string().transform(pathOfCsv),
  cluster: numeric(rowNumbers()),
  confidence: numeric(fraction()),
  margin: numeric(z.number().nonnegative()),
  prototype: numeric(rowNumbers()).optional(),
});
const expected: Readonly<Record<(typeof columns)[number], string>> = {
  path: 'a path',
  cluster: 'a number from 0',
  confidence: 'a number from 0 to 1',
  margin: 'a number from 0',
  prototype: 'a number from 0',
};

function* rowsOf(images: Iterable<ClusteredImage>) {
  for (const { path, cluster, confidence, margin, prototype } of images) {
    if (!Number.isFinite(confidence) || !Number.isFinite(margin)) {
      throw new LikenessError(
        'clusters.values',
        `"${path}" has confidence ${confidence} and margin ${margin}; both must be finite. The ` +
          'features may hold NaN; inspect the run.',
      );
    }
    yield [csvPath(path), cluster, fixed(confidence), fixed(margin), prototype];
  }
}
