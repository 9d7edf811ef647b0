/**
 * Sums of rows per cluster, kept on the engine from one assignment to the next: a row that changes its cluster is taken out of one sum
 * and added to another.
 *
 * In double precision, so that what is taken out leaves nothing behind: below 1e-15 of the largest sum that a row was part of. (A product
 * of matrices, `[K, N]` of ones and zeros by the rows, would need K times the additions, and single precision leaves errors that add up.)
 */
import type { Engine } from '../../runtime/index.ts';
import { cast, gather, input, mul, reshape, scatterAdd } from '../../tensor/index.ts';
import { chosenAtOnce } from '../blocks.ts';
import type { Features } from '../features.ts';

export interface ClusterSums {
  /** Adds a row to the sum of a cluster. The engine goes to work when many have come together. */
  add(row: number, cluster: number): void;
  /** Takes a row out of the sum of a cluster. */
  remove(row: number, cluster: number): void;
  /** `[K, D]`, with all that was added and taken out. */
  read(): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Sums of K clusters, all zero. The rows lie in shared memory and are read when the engine comes to them: they must not change. */
export async function prepareClusterSums(
  engine: Engine,
  { data, count, dimension }: Features,
  k: number,
): Promise<ClusterSums> {
  const size = chosenAtOnce(dimension, 2 * count);
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const clusters = input('clusters', [size], 'int32');
  const signs = input('signs', [size]); // 1: add, -1: take out, 0: nothing
  const sums = input('sums', [k, dimension], 'float64');
  const signed = mul(gather(x, rows), reshape(signs, [size, 1])); // [size, D]
  const next = scatterAdd(sums, clusters, cast(signed, 'float64')); // [K, D]
  // On one thread rows are added whole; beside it, other threads tell rows apart.
  const executable = await engine.compile(
    { outputs: {}, state: [{ current: sums, next }] },
    { session: { threads: 1 } },
  );

  let waiting = noted(size);
  let length = 0;
  let done: Promise<unknown>[] = [];
  function note(row: number, cluster: number, sign: number): void {
    waiting.rows[length] = row;
    waiting.clusters[length] = cluster;
    waiting.signs[length] = sign;
    if (++length === size) begin();
  }
  function begin(): void {
    const run = executable.run({ x: data, ...waiting }, { transfer: true });
    run.catch(() => {}); // looked at when the sums are read
    done.push(run);
    waiting = noted(size);
    length = 0;
  }
  return {
    add: (row, cluster) => note(row, cluster, 1),
    remove: (row, cluster) => note(row, cluster, -1),
    async read() {
      if (length > 0) begin();
      const before = done;
      done = [];
      await Promise.all(before);
      return (await executable.readState(['sums'])).sums as Float64Array;
    },
    dispose: () => executable.dispose(),
  };
}

/** Room for what is to be added; what stays zero changes nothing. */
function noted(size: number) {
  return { rows: new Int32Array(size), clusters: new Int32Array(size), signs: new Float32Array(size) };
}
