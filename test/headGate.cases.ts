/** Trains a head on features in memory, as a run does, and gives the cluster of each image. */
import type { Engine } from '../src/backends/index.ts';
import { type Features, featuresOf, nearestNeighbors } from '../src/cluster/index.ts';
import { openHeads } from '../src/encoders/heads.ts';
import { standardizationOf, standardized } from '../src/encoders/index.ts';
import { headSettings, methodNamed, methodProgram, viewsOf } from '../src/methods/index.ts';
import { openFeatureLoader } from '../src/train/featureLoader.ts';
import { trainMethod } from '../src/train/index.ts';

export interface HeadOptions {
  method: string;
  k: number;
  seed: number;
  /** Default: those of the recipe. */
  steps?: number;
}

/** The clusters that a head with its default settings gives rows `[N, D]`. */
export async function headClustersOf(
  engine: Engine,
  features: Features,
  { method: name, k, seed, steps }: HeadOptions,
): Promise<Int32Array> {
  const { count: N, dimension: D } = features;
  const { settings } = headSettings(
    { method: { name }, run: { seed }, ...(steps && { schedule: { maxSteps: steps } }) },
    { dimension: D, size: 32, images: N, k },
  );
  const rows = standardized(features.data, standardizationOf(features));
  const { batchSize } = settings.data;
  const indices = Uint32Array.from({ length: N }, (_, i) => i);
  const { pairs } = methodNamed(name);
  const count = Math.max(1, Math.min(20, Math.floor(N / (2 * k))));
  const { indices: neighbors } = await nearestNeighbors(engine, features, features, {
    k: count,
    exclude: 'self',
  });
  const origin =
    pairs === 'neighbors'
      ? ({ kind: 'neighbors', rows, neighbors, count } as const)
      : ({ kind: 'views', rows, views: 1 } as const);
  const groups = viewsOf(settings).crops.map((crop) => ({ count: crop.count, origin }));
  const { training } = await trainMethod({
    engine,
    method: methodProgram(settings, { images: N }),
    loader: openFeatureLoader({ indices, dimension: D, groups, batchSize, seed }),
    batchSize,
    seed,
    budget: { epochs: settings.schedule.epochs },
    ...(steps && { maxSteps: steps }),
    async *evaluationImages({ batchSize: size }) {
      for (let start = 0; start < N; start += size) {
        const images = indices.slice(start, start + size);
        yield { images, pixels: rows.slice(start * D, (start + images.length) * D) };
      }
    },
    onEvent() {},
  });
  const heads = openHeads({ engine, settings, state: training.state });
  const { data, dimension } = await heads.assign!(featuresOf(rows, D));
  await heads.close();
  return Int32Array.from({ length: N }, (_, i) => {
    const row = data.subarray(i * dimension, (i + 1) * dimension);
    return row.indexOf(Math.max(...row));
  });
}
