/** A run of a few images for tests: its files are written directly, without an encoder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { normalizeRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { plainPng } from '../data/pictures.cases.ts';
import { encoderSpec } from '../encoders/index.ts';
import {
  runFolderAt,
  writeClustering,
  writeClusters,
  writeEmbeddings,
  writeRunConfig,
} from '../run/index.ts';

export interface TinyRun {
  /** Folder of the run. */
  readonly run: string;
  /** Folder of the images. */
  readonly photos: string;
  readonly ids: readonly string[];
  /** Cluster of each image. */
  readonly clusters: Int32Array;
}

/** Names that a page has to show as text. */
export const hostileNames = [
  '<img src=x onerror=alert(1)>.png',
  'quote" \' and & amp.png',
  'right \u05d0\u05d1 to left.png',
  '%2e%2e%2fetc.png',
] as const;

const D = 8;

/** Writes `count` images in `k` clusters, whose features lie around `k` directions. */
export async function writeTinyRun(
  folder: string,
  {
    count = 24,
    k = 3,
    name = 'tiny',
    names = [],
  }: {
    count?: number;
    k?: number;
    name?: string;
    /** Names of the first images. */
    names?: readonly string[];
  } = {},
): Promise<TinyRun> {
  const [run, photos] = [join(folder, 'runs', name), join(folder, 'photos')];
  const ids = Array.from({ length: count }, (_, i) => {
    const album = ['sea', 'town'][i % 2]!;
    return names[i] ?? `${album}/photo-${String(i).padStart(3, '0')}.png`;
  });
  for (const [i, id] of ids.entries()) {
    await mkdir(dirname(join(photos, id)), { recursive: true });
    await writeFile(
      join(photos, id),
      await plainPng(40 + (i % 60), 30, [(i * 9) % 256, 255 - ((i * 9) % 256), 128]),
    );
  }
  const sorted = [...ids.keys()].sort((a, b) => (ids[a]! < ids[b]! ? -1 : 1));
  const inOrder = sorted.map((i) => ids[i]!);
  const draw = randomAt(1, 'synthetic');
  const clusters = Int32Array.from(inOrder, (_, row) => Math.min(k - 1, row % (k + 1)));
  const data = new Float32Array(count * D);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < D; d++) data[row * D + d] = draw.uniform(-0.2, 0.2);
    data[row * D + clusters[row]!]! += 1;
  }
  const features = normalizeRows({ data, count, dimension: D });
  const centroids = new Float32Array(k * D);
  for (let c = 0; c < k; c++) centroids[c * D + c] = 1;
  const { files } = runFolderAt(run);
  await mkdir(run, { recursive: true });
  await writeRunConfig(runFolderAt(run), {
    ...{ kind: 'features', encoder: encoderSpec.parse({ name: 'patches', settings: {} }) },
    ...{ imageSize: 32, seed: 0, workers: 1, threads: 1, split: 'all', images: count, notes: [] },
    source: { path: photos, name: 'photos', kind: 'folder' },
  });
  await writeClusters(
    files.clusters,
    inOrder.map((path, row) => {
      const margin = row / (count > 90 ? 2 * count : 100);
      return { path, cluster: clusters[row]!, confidence: 0.9 - margin, margin };
    }),
  );
  const { read: _, ...rest } = { read: undefined, ...features };
  await writeEmbeddings(files.embeddings, {
    features: { ...rest, read: async (at, n) => data.slice(at * D, (at + n) * D) },
    ...{ ids: inOrder, clusters, about: { source: 'photos', method: 'patches', step: '0' } },
  });
  await writeClustering(files.clustering, {
    ...{ centroids, k, dimension: D, temperature: 0.1, kReason: 'As a test.', seed: 0 },
    ...{ images: count, step: 0, source: photos, key: `${name} ${k}` },
  });
  return { run, photos, ids: inOrder, clusters };
}
