/**
 * Benchmarks Sinkhorn codes and exact nearest neighbors beside PyTorch, after both have computed
 * the same numbers. The peer is idiomatic PyTorch: whole matrices for Sinkhorn, blocks of queries
 * for the neighbors.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../src/backends/index.ts';
import { featuresOf, nearestNeighbors, sharedValues, sinkhorn } from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import { encodeNpy } from '../src/formats/index.ts';
import { input, slice } from '../src/tensor/index.ts';
import { ownContender, peerContender } from './contenders.ts';
import { differenceOf, openPeer, pythonWith, withPeer } from './peer.ts';
import { onStage } from './stage.ts';
import { type Contender, type Standing, takeTurns } from './turns.ts';

interface Sizes {
  work: 'sinkhorn' | 'neighbors';
  /** Samples by prototypes, or queries and bank. */
  rows: number;
  columns: number;
  dimension?: number;
  k?: number;
}

/** Rows of the benchmark; those of `smoke` are for tests. */
export const clusteringRows: Readonly<Record<string, Sizes>> = {
  'sinkhorn-4096x3000': { work: 'sinkhorn', rows: 4096, columns: 3000 },
  'neighbors-10000-of-50000x256-k200': {
    ...{ work: 'neighbors', rows: 10_000, columns: 50_000, dimension: 256, k: 200 },
  },
  smoke: { work: 'sinkhorn', rows: 64, columns: 32 },
  'smoke-neighbors': { work: 'neighbors', rows: 64, columns: 96, dimension: 8, k: 4 },
};

export interface ClusteringRow
  extends Pick<Standing, 'ratio' | 'spread' | 'megabytes' | 'peerMegabytes' | 'versions'> {
  name: string;
  seconds: number;
  peerSeconds: number | null;
  /** Largest difference of the compared results, relative to the largest of them. */
  difference: number | null;
}

/** Largest difference of results that count as the same computation. */
const TOLERANCE = 1e-4;
const EPSILON = 0.05;
const ITERATIONS = 3;
/** Compared rows of the results. */
const COMPARED = 8;

/** Benchmarks one row. */
export async function benchmarkClustering(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<ClusteringRow> {
  const sizes = clusteringRows[name]!;
  return onStage(async ({ threads, folder, withEngine }) => {
    let difference: number | null = null;
    const peers: Contender[] = [];
    if (python) {
      const { work, k = 0 } = sizes;
      const files: Record<string, string> = {};
      for (const [label, rows, columns] of matricesOf(sizes)) {
        files[label] = join(folder, `${label}.npy`);
        const data = noise(label, rows, columns);
        writeFileSync(files[label], encodeNpy({ shape: [rows, columns], data }));
      }
      const options = { work, k, threads, epsilon: EPSILON, iterations: ITERATIONS, ...files };
      const of = { script: './pytorch/clustering.py', options };
      const own = await withEngine(async (engine) => (await ownOf(engine, sizes)).first());
      const { first: theirs } = (await withPeer(python, of, (peer) =>
        peer.ask({ first: COMPARED }),
      )) as {
        first: number[];
      };
      difference = differenceOf(own, theirs);
      if (!(difference < TOLERANCE))
        throw new Error(`${name}: our results differ from PyTorch's by ${difference}`);
      peers.push(peerContender({ name: 'PyTorch', open: () => openPeer(python, of) }));
    }
    const own = ownContender({ module: './clustering.ts', args: { sizes }, threads });
    const {
      ours,
      peer,
      peers: _,
      ratio,
      spread,
      ...rest
    } = await takeTurns(own, peers, { rounds });
    const peerSeconds = peer && peer.milliseconds / 1000;
    return { name, seconds: ours / 1000, peerSeconds, ratio, spread, difference, ...rest };
  });
}

/** Prepares the work; each call runs it once. */
export async function prepare(
  engine: Engine,
  { sizes }: { sizes: Sizes },
): Promise<() => Promise<unknown>> {
  return (await ownOf(engine, sizes)).once;
}

/** Names and shapes of the operands. */
function matricesOf({ work, rows, columns, dimension = 1 }: Sizes): [string, number, number][] {
  if (work === 'sinkhorn') return [['scores', rows, columns]];
  return [
    ['queries', rows, dimension],
    ['bank', columns, dimension],
  ];
}

function noise(label: string, rows: number, columns: number): Float32Array {
  const random = randomAt(0, 'synthetic', label.length);
  return new Float32Array(rows * columns).map(() => 0.2 * random.normal());
}

interface Own {
  once(): Promise<unknown>;
  /** Leading rows of the result. */
  first(): Promise<ArrayLike<number>>;
}

function ownOf(engine: Engine, sizes: Sizes): Promise<Own> {
  return sizes.work === 'sinkhorn' ? ownSinkhorn(engine, sizes) : ownNeighbors(engine, sizes);
}

/**
 * Compiles Sinkhorn. As in a training step, scores are read in place and codes stay on the engine,
 * except for the compared rows.
 */
async function ownSinkhorn(engine: Engine, { rows, columns }: Sizes): Promise<Own> {
  const scores = sharedValues(rows * columns);
  scores.set(noise('scores', rows, columns));
  const T = input('T', [rows, columns]);
  const codes = sinkhorn(T, { epsilon: EPSILON, iterations: ITERATIONS });
  const first = slice(codes, { starts: [0, 0], ends: [COMPARED, columns] });
  const executable = await engine.compile({ outputs: { first } });
  const once = () => executable.run({ T: scores });
  return { once, first: async () => (await once()).first as Float32Array };
}

async function ownNeighbors(engine: Engine, sizes: Sizes): Promise<Own> {
  const { dimension = 1, k = 1 } = sizes;
  const [queries, bank] = matricesOf(sizes).map((matrix) =>
    featuresOf(noise(...matrix), dimension),
  );
  const once = () => nearestNeighbors(engine, queries!, bank!, { k });
  return { once, first: async () => (await once()).similarities.subarray(0, COMPARED * k) };
}
