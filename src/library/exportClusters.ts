/** Clusters of a run as files for other programs. */
import { dirname, extname, resolve } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { LikenessError } from '../core/errors.ts';
import { version } from '../core/version.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import {
  type ClusteredImage,
  clusteringFolderAt,
  type RunFolder,
  readClustering,
  readClusters,
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
 * Writes the clusters of a run's images: `.csv` as clusters.csv, `.parquet` with the columns id,
 * cluster, confidence and margin, `.json` in the form of COCO's annotations.
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
  const stored = await readClustering(files.clustering);
  const images = await readClusters(files.clusters);
  await makeFolder(dirname(resolve(file)));
  if (format === 'csv') await writeClusters(file, images);
  else await writeFileAtomic(file, format === 'json' ? coco(images, stored) : parquet(images));
  return { file: resolve(file), format, images: images.length, k: stored.k };
}

function parquet(images: readonly ClusteredImage[]): Uint8Array {
  const column = <T>(name: string, type: 'STRING' | 'INT32' | 'FLOAT', data: T[]) => ({
    ...{ name, type, data, nullable: false },
  });
  const buffer = parquetWriteBuffer({
    columnData: [
      column(
        'id',
        'STRING',
        images.map(({ path }) => path),
      ),
      column(
        'cluster',
        'INT32',
        images.map(({ cluster }) => cluster),
      ),
      column(
        'confidence',
        'FLOAT',
        images.map(({ confidence }) => confidence),
      ),
      column(
        'margin',
        'FLOAT',
        images.map(({ margin }) => margin),
      ),
    ],
  });
  return new Uint8Array(buffer);
}

function coco(images: readonly ClusteredImage[], { k, source }: StoredClustering): string {
  const value = {
    info: {
      description: 'clusters of images, found without labels',
      version: `likeness ${version}`,
      ...(source !== undefined && { source }),
    },
    images: images.map(({ path }, i) => ({ id: i + 1, file_name: path })),
    categories: Array.from({ length: k }, (_, cluster) => ({
      ...{ id: cluster + 1, name: `cluster ${cluster}`, supercategory: 'cluster' },
    })),
    annotations: images.map(({ cluster, confidence }, i) => ({
      ...{ id: i + 1, image_id: i + 1, category_id: cluster + 1, iscrowd: 0, score: confidence },
    })),
  };
  return `${JSON.stringify(value)}\n`;
}
