/**
 * Sums of rows per cluster, stored on the engine between assignments: a row that changes its
 * cluster is subtracted from one sum and added to another.
 *
 * Sums are float64, so that a subtracted row leaves an error below 1e-15 of the largest sum that
 * contained it; float32 errors would accumulate. A matrix product, `[K, N]` of ones and zeros by
 * the rows, would need K times as many additions.
 */
import type { Engine } from '../../backends/index.ts';
import { cast, gather, input, mul, reshape, scatterAdd } from '../../tensor/index.ts';
import { gatherSize } from '../blocks.ts';
import type { Features } from '../features.ts';

export interface ClusterSums {
  /** Adds a row to the sum of a cluster. The engine runs when a batch of changes is full. */
  add(row: number, cluster: number): void;
  /** Subtracts a row from the sum of a cluster. */
  remove(row: number, cluster: number): void;
  /** Reads the sums `[K, D]` after all changes. */
  read(): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/**
 * Prepares the sums of K clusters, all zero.
 *
 * The rows are in shared memory and the engine reads them later, so they must not change.
 */
export async function prepareClusterSums(
  engine: Engine,
  { data, count, dimension }: Features,
  k: number,
): Promise<ClusterSums> {
  const size = gatherSize(dimension, 2 * count);
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const clusters = input('clusters', [size], 'int32');
  const signs = input('signs', [size]); // 1 adds, -1 subtracts, 0 pads
  const sums = input('sums', [k, dimension], 'float64');
  const signed = mul(gather(x, rows), reshape(signs, [size, 1])); // [size, D]
  const next = scatterAdd(sums, clusters, cast(signed, 'float64')); // [K, D]
  // Runs on one thread: the caller classifies rows meanwhile, and the order of additions is fixed.
  const executable = await engine.compile(
    { outputs: {}, state: [{ current: sums, next }] },
    { session: { threads: 1 } },
  );

  let batch = emptyBatch(size);
  let length = 0;
  let started: Promise<unknown>[] = [];
  function append(row: number, cluster: number, sign: number): void {
    batch.rows[length] = row;
    batch.clusters[length] = cluster;
    batch.signs[length] = sign;
    if (++length === size) flush();
  }
  function flush(): void {
    const run = executable.run({ x: data, ...batch }, { transfer: true });
    run.catch(() => {}); // `read` reports the error
    started.push(run);
    batch = emptyBatch(size);
    length = 0;
  }
  return {
    add: (row, cluster) => append(row, cluster, 1),
    remove: (row, cluster) => append(row, cluster, -1),
    async read() {
      if (length > 0) flush();
      const before = started;
      started = [];
      await Promise.all(before);
      return (await executable.readState(['sums'])).sums as Float64Array;
    },
    dispose: () => executable.dispose(),
  };
}

/** Allocates a batch of changes; entries that stay zero change nothing. */
function emptyBatch(size: number) {
  return {
    rows: new Int32Array(size),
    clusters: new Int32Array(size),
    signs: new Float32Array(size),
  };
}
