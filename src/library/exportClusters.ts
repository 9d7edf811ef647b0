/** Clusters of a run as files for other programs. */
import { dirname, extname, resolve } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { LikenessError } from '../core/errors.ts';
import { version } from '../core/version.ts';
import { csvChunks, csvPath, csvText, makeFolder, writeFileAtomic } from '../formats/index.ts';
import {
  changesClusters,
  clusteringFolderAt,
  type EditedClustering,
  fixed,
  JUNK,
  type RunFolder,
  readEditedClusters,
  type StoredClustering,
  writeClusters,
} from '../run/index.ts';
import { checkClusteringName } from './clusteringPlace.ts';

/** Extensions of files of clusters. */
export const clusterFormats = ['csv', 'parquet', 'json'] as const;
export type ClusterFormat = (typeof clusterFormats)[number];

/** Clusters in a file. */
export interface ExportedClusters {
  /** Absolute path. */
  readonly file: string;
  readonly format: ClusterFormat;
  /** Number of images. */
  readonly images: number;
  /** Number of clusters. */
  readonly k: number;
}

/** Finds the format by the file's extension; undefined for other files. */
export function clusterFormatOf(file: string): ClusterFormat | undefined {
  const extension = extname(file).slice(1).toLowerCase();
  return clusterFormats.find((name) => name === extension);
}

/**
 * Writes the clusters of a run's images after the edits of a person: `.csv` as clusters.csv,
 * `.parquet` with the columns id, cluster, confidence and margin, `.json` in the form of COCO's
 * annotations.
 *
 * Edited clusters have two more columns, `name` and `junk`. Junk is in no cluster: the cell is
 * empty in CSV, -2 in Parquet, and there is no annotation in COCO's form.
 *
 * In COCO's form categories are clusters, `image_id` and `category_id` count from 1, and `score` is
 * the confidence. An annotation is of a whole image, so it has no box.
 *
 * @throws LikenessError `export.format`, `clusters.*`, `clustering.*`, `write.*`
 */
export async function exportClusters(
  folder: RunFolder,
  file: string,
  { clustering }: { clustering?: string | undefined } = {},
): Promise<ExportedClusters> {
  const format = clusterFormatOf(file);
  if (!format) {
    throw new LikenessError(
      'export.format',
      `file: received ${JSON.stringify(file)}; expected a name that ends in ` +
        `${clusterFormats.map((name) => `.${name}`).join(', ')}`,
    );
  }
  if (clustering !== undefined) checkClusteringName(clustering);
  const { files } = clustering === undefined ? folder : clusteringFolderAt(folder, clustering);
  const found = await readEditedClusters({ files });
  await makeFolder(dirname(resolve(file)));
  await writeClustersAs(file, format, found);
  const k = found.edited.numbers.length;
  return { file: resolve(file), format, images: found.images.length, k };
}

/** Dates of images in ISO 8601, empty for an image without one. */
type Dates = readonly string[];

/**
 * Writes clusters with their edits as a file of a format.
 *
 * @param dates dates of the images for a column `date`, and `date_captured` in COCO's form
 * @throws LikenessError `write.*`
 */
export async function writeClustersAs(
  file: string,
  format: ClusterFormat,
  found: EditedClustering & { readonly dates?: Dates | undefined },
): Promise<void> {
  const { images, stored, operations, dates } = found;
  if (format === 'csv') {
    if (!changesClusters(operations) && !dates) await writeClusters(file, images);
    else await writeFileAtomic(file, editedCsv(found, dates));
  } else if (format === 'json') await writeFileAtomic(file, coco(found, stored, dates));
  else await writeFileAtomic(file, parquet(found, dates));
}

/** Yields clusters.csv with names and junk where there are edits; junk is in no cluster. */
function editedCsv(
  { images, edited, operations }: EditedClustering,
  dates: Dates | undefined,
): Iterable<string> {
  const { clusters, names } = edited;
  const isEdited = changesClusters(operations);
  const rows = images.map(({ path, confidence, margin }, i) => {
    const cluster = clusters[i]!;
    return [
      ...[csvPath(path), cluster === JUNK ? undefined : cluster],
      ...[fixed(confidence), fixed(margin)],
      ...(isEdited ? [csvText(names.get(cluster) ?? ''), cluster === JUNK ? 1 : 0] : []),
      ...(dates ? [dates[i]] : []),
    ];
  });
  const columns = ['path', 'cluster', 'confidence', 'margin'];
  const more = [...(isEdited ? ['name', 'junk'] : []), ...(dates ? ['date'] : [])];
  return csvChunks([...columns, ...more], rows);
}

/** Columns of a Parquet file, with `name` and `junk` where there are edits; -2 is junk. */
function parquet(
  { images, edited, operations }: EditedClustering,
  dates: Dates | undefined,
): Uint8Array {
  const column = <T>(name: string, type: 'STRING' | 'INT32' | 'FLOAT' | 'BOOLEAN', data: T[]) => ({
    ...{ name, type, data, nullable: false },
  });
  const clusters = Array.from(edited.clusters);
  const paths = images.map(({ path }) => path);
  const confidence = images.map((image) => image.confidence);
  const margin = images.map((image) => image.margin);
  const names = clusters.map((cluster) => edited.names.get(cluster) ?? '');
  const junk = clusters.map((cluster) => cluster === JUNK);
  const buffer = parquetWriteBuffer({
    columnData: [
      column('id', 'STRING', paths),
      column('cluster', 'INT32', clusters),
      column('confidence', 'FLOAT', confidence),
      column('margin', 'FLOAT', margin),
      ...(changesClusters(operations)
        ? [column('name', 'STRING', names), column('junk', 'BOOLEAN', junk)]
        : []),
      ...(dates ? [column('date', 'STRING', [...dates])] : []),
    ],
  });
  return new Uint8Array(buffer);
}

/** Builds COCO's form. Junk has no annotation. */
function coco(
  { images, edited }: EditedClustering,
  { source }: StoredClustering,
  dates: Dates | undefined,
): string {
  const { numbers, names, clusters } = edited;
  const annotations = images.flatMap(({ confidence }, i) =>
    clusters[i] === JUNK
      ? []
      : [{ image_id: i + 1, category_id: clusters[i]! + 1, iscrowd: 0, score: confidence }],
  );
  const value = {
    info: {
      description: 'clusters of images, found without labels',
      version: `likeness ${version}`,
      ...(source !== undefined && { source }),
    },
    images: images.map(({ path }, i) => ({
      ...{ id: i + 1, file_name: path },
      ...(dates?.[i] && { date_captured: dates[i] }),
    })),
    categories: numbers.map((cluster) => ({
      id: cluster + 1,
      name: names.get(cluster) ?? `cluster ${cluster}`,
      supercategory: 'cluster',
    })),
    annotations: annotations.map((annotation, i) => ({ id: i + 1, ...annotation })),
  };
  return `${JSON.stringify(value)}\n`;
}
