/**
 * Squared distances of rows, each to one centroid, on the engine: `sum_d (x_d - c_d)²`. As a sum of squares of differences it is exact but for
 * the rounding of float32, a small part of itself (`roundingOf`); `|x|² - 2 x·c + |c|²` would not be.
 */
import type { Engine } from '../../runtime/index.ts';
import { gather, input, mul, sub, sum, type Tensor } from '../../tensor/index.ts';
import { blocksOf, chosenAtOnce, runBlocks } from '../blocks.ts';
import { type Features, sharedValues } from '../features.ts';

export interface OwnDistances {
  /** Most rows at once. */
  readonly size: number;
  /** Copies centroids `[K, D]` for what follows, while nothing is on its way. */
  write(centroids: Float32Array): void;
  /** Squared distances `[M]` of rows to the centroids of their clusters, both given by their numbers. */
  run(rows: Int32Array, clusters: Int32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** How far a squared distance of D values can be from its true value, as a part of it. */
export const roundingOf = (dimension: number) => (dimension + 4) * 2 ** -24;

/** Compiles the distances of some of these rows, which lie in shared memory. */
export async function prepareOwnDistances(
  engine: Engine,
  { data, count, dimension }: Features,
  k: number,
): Promise<OwnDistances> {
  const size = chosenAtOnce(dimension, count);
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const c = input('c', [k, dimension]);
  const clusters = input('clusters', [size], 'int32');
  const squares = squaredDistance(gather(x, rows), gather(c, clusters)); // [size]
  const executable = await engine.compile({ outputs: { squares } }, { session: { threads: 1 } });
  /** Seen by the engine where it is, like the rows. */
  const current = sharedValues(k * dimension);
  const filled = (values: Int32Array) => {
    const full = new Int32Array(size);
    full.set(values);
    return full;
  };
  return {
    size,
    write: (centroids) => current.set(centroids),
    async run(rows, clusters) {
      const given = { x: data, c: current, rows: filled(rows), clusters: filled(clusters) };
      const { squares } = await executable.run(given, { transfer: true });
      return (squares as Float32Array).subarray(0, rows.length);
    },
    dispose: () => executable.dispose(),
  };
}

/** Rows of two matrices `[M, D]` in pairs, `[M]`. */
function squaredDistance(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  return sum(mul(difference, difference), { axes: [1] });
}

/** Squared distance of each row to the centroid `[K, D]` that it is assigned to, `[N]`. */
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
      const of = new Int32Array(blocks.size);
      of.set(assignments.subarray(start, start + rows));
      return executable.run({ x: data, clusters: of }, { transfer: true });
    });
    for await (const { start, rows, result } of measured) {
      all.set((result.squares as Float32Array).subarray(0, rows), start);
    }
    return all;
  } finally {
    await executable.dispose();
  }
}
