/**
 * Files of the embedding projector of TensorBoard: vectors and metadata as tab-separated values,
 * and `projector_config.pbtxt`, which names them.
 *
 * Source: TensorBoard, "Visualizing Data using the Embedding Projector", which describes the files.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { writeFileAtomic } from './atomicFile.ts';
import { readRegularText } from './regularFile.ts';

/** File by which TensorBoard finds the vectors of a folder. */
const CONFIG = 'projector_config.pbtxt';

export interface ProjectorTable {
  /** Names of the columns of the metadata. */
  readonly columns: readonly string[];
  /** Rows of the metadata, in the order of the vectors. */
  readonly rows: Iterable<readonly string[]>;
  /** D */
  readonly dimension: number;
}

/**
 * Writes vectors [N, D], given as arrays of whole rows in order, with their metadata; returns every
 * written file.
 *
 * @param file of the vectors; the metadata go to a file beside it
 * @throws LikenessError `write.exists` where the folder has a configuration of other files,
 * `write.*`, and whatever `vectors` throws
 */
export async function writeProjector(
  file: string,
  { columns, rows, dimension }: ProjectorTable,
  vectors: AsyncIterable<Float32Array>,
): Promise<string[]> {
  const metadata = `${file.replace(/\.tsv$/i, '')}.metadata.tsv`;
  const config = join(dirname(file), CONFIG);
  const text =
    `embeddings {\n  tensor_name: "likeness"\n  tensor_path: ${quoted(basename(file))}\n` +
    `  metadata_path: ${quoted(basename(metadata))}\n}\n`;
  if (existsSync(config) && (await readRegularText(config)) !== text) {
    throw new LikenessError(
      'write.exists',
      `Could not write ${config}: it names other files. Choose a folder of its own for the vectors.`,
    );
  }
  await writeFileAtomic(file, vectorRows(vectors, dimension));
  await writeFileAtomic(metadata, metadataRows(columns, rows));
  await writeFileAtomic(config, text);
  return [file, metadata, config];
}

/** Yields the vectors with enough digits to restore the same float32. */
async function* vectorRows(vectors: AsyncIterable<Float32Array>, dimension: number) {
  for await (const part of vectors) {
    let text = '';
    for (let at = 0; at < part.length; at += dimension) {
      const numbers = Array.from(part.subarray(at, at + dimension), (value) =>
        String(Number(value.toPrecision(9))),
      );
      text += `${numbers.join('\t')}\n`;
    }
    yield text;
  }
}

/** Yields the metadata. The projector takes a header where there are two columns or more. */
function* metadataRows(columns: readonly string[], rows: Iterable<readonly string[]>) {
  if (columns.length > 1) yield `${columns.join('\t')}\n`;
  for (const row of rows) yield `${row.map(cell).join('\t')}\n`;
}

/** Text of one cell, which cannot hold tabs and line breaks. */
function cell(text: string): string {
  return text.replace(/[\t\r\n]/g, ' ') || ' ';
}

/** Text of a field in a text protobuf. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
