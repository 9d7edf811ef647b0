/**
 * Squared distances of rows to their own centroids on the engine, `sum_d (x_d - c_d)²`.
 *
 * A sum of squared differences has a small relative error (`distanceRounding`). The expansion
 * `|x|² - 2 x·c + |c|²` cancels where the distance is small and would not.
 */
import type { Engine } from '../../backends/index.ts';
import { gather, input, mul, sub, sum, type Tensor } from '../../tensor/index.ts';
import { blocksOf, gatherSize, runBlocks } from '../blocks.ts';
import { type Features, sharedValues } from '../features.ts';

export interface CentroidDistances {
  /** Rows of a full batch. */
  readonly size: number;
  /** Copies centroids `[K, D]` for later runs. No run may be in progress. */
  write(centroids: Float32Array): void;
  /** Computes squared distances `[M]` of rows to centroids, both given by index. */
  run(rows: Int32Array, clusters: Int32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Largest relative error of a float32 squared distance between vectors of dimension D. */
export const distanceRounding = (dimension: number) => (dimension + 4) * 2 ** -24;

/** Compiles the distances for batches of rows. The rows are in shared memory. */
export async function prepareCentroidDistances(
  engine: Engine,
  { data, count, dimension }: Features,
  k: number,
): Promise<CentroidDistances> {
  const size = gatherSize(dimension, count);
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const c = input('c', [k, dimension]);
  const clusters = input('clusters', [size], 'int32');
  const squares = squaredDistance(gather(x, rows), gather(c, clusters)); // [size]
  const executable = await engine.compile({ outputs: { squares } }, { session: { threads: 1 } });
  // Shared memory, as for the rows: the engine's thread reads it without a copy.
  const current = sharedValues(k * dimension);
  const padded = (values: Int32Array) => {
    const full = new Int32Array(size);
    full.set(values);
    return full;
  };
  return {
    size,
    write: (centroids) => current.set(centroids),
    async run(rows, clusters) {
      const given = { x: data, c: current, rows: padded(rows), clusters: padded(clusters) };
      const { squares } = await executable.run(given, { transfer: true });
      return (squares as Float32Array).subarray(0, rows.length);
    },
    dispose: () => executable.dispose(),
  };
}

/** Squared distances `[M]` between the rows of two matrices `[M, D]`, row by row. */
function squaredDistance(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  return sum(mul(difference, difference), { axes: [1] });
}

/**
 * Computes the squared distance of each row to its own centroid: centroids `[K, D]`, result `[N]`.
 */
export async function squaredDistancesToOwn(
  engine: Engine,
  features: Features,
  { centroids, assignments }: { centroids: Float32Array; assignments: Int32Array },
): Promise<Float32Array> {
  const { count, dimension } = features;
  const blocks = blocksOf(count, dimension);
  const x = input('x', [blocks.size, dimension]);
  const c = input('c', [centroids.length / dimension, dimension]);
  const clusters = input('clusters', [blocks.size], 'int32');
  const executable = await engine.compile({
    outputs: { squares: squaredDistance(x, gather(c, clusters)) },
    state: [{ current: c }],
  });
  try {
    await executable.writeState({ c: centroids });
    const all = new Float32Array(count);
    const measured = runBlocks(features, blocks, ({ start, rows, data }) => {
      const own = new Int32Array(blocks.size);
      own.set(assignments.subarray(start, start + rows));
      return executable.run({ x: data, clusters: own }, { transfer: true });
    });
    for await (const { start, rows, result } of measured) {
      all.set((result.squares as Float32Array).subarray(0, rows), start);
    }
    return all;
  } finally {
    await executable.dispose();
  }
}
