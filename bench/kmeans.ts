/**
 * Benchmarks k-means beside scikit-learn with the same rows, initial centroids and number of
 * iterations. A row counts only where both reach the same objective.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../src/backends/index.ts';
import {
  distinctRows,
  type Features,
  featuresOf,
  kmeans,
  selectRows,
} from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import { encodeNpy } from '../src/formats/index.ts';
import { measured } from './memory.ts';
import { type PeerOptions, pythonWith, withPeer } from './peer.ts';
import { withTemporaryFolder } from './program.ts';
import { median, pairRatios } from './turns.ts';

interface Shape {
  rows: number;
  dimension: number;
  k: number;
  iterations: number;
}

/** Rows of the benchmark; `smoke` is for tests. */
export const kmeansRows: Record<string, Shape> = {
  '50k-k1000': { rows: 50_000, dimension: 128, k: 1000, iterations: 20 },
  '1m-k1000': { rows: 1_000_000, dimension: 128, k: 1000, iterations: 20 },
  smoke: { rows: 600, dimension: 8, k: 12, iterations: 5 },
};

export interface KmeansRow extends Shape {
  name: string;
  seconds: number;
  /**
   * Seconds of scikit-learn's Lloyd iterations, and of its mini-batch variant, which reaches
   * another objective.
   */
  peerSeconds: number | null;
  miniBatchSeconds: number | null;
  /** Median over pairs of the peer's time divided by ours. Above 1, we are faster. */
  ratio: number | null;
  spread: [number, number] | null;
  objective: number;
  /** Relative difference of the objectives, and the excess of the mini-batch variant over ours. */
  objectiveDifference: number | null;
  miniBatchExcess: number | null;
  /** Peak resident memory of the process, rows included. */
  megabytes: number | null;
  peerMegabytes: number | null;
  miniBatchMegabytes: number | null;
  /** Versions of the peer's libraries. */
  versions: Readonly<Record<string, string>>;
}

/**
 * Iterations of the warm-up fit, in which libraries load and allocate. The third iteration is like
 * all later ones.
 */
const WARMING_ITERATIONS = 3;
/** Largest difference of objectives that count as the same computation. */
const TOLERANCE = 1e-3;

/** Benchmarks one row. */
export async function benchmarkKmeans(
  name: string,
  { rounds = 3, python = pythonWith('sklearn') }: { rounds?: number; python?: string | null } = {},
): Promise<KmeansRow> {
  const shape = kmeansRows[name]!;
  const threads = availableParallelism();
  const features = groupedRows(shape);
  const start = selectRows(
    features,
    distinctRows(shape.rows, shape.k, randomAt(0, 'synthetic', 0, 0, 2)),
  ).data;
  return withTemporaryFolder(async (folder) => {
    const [rowsFile, startFile] = ['rows', 'start'].map((file) => join(folder, `${file}.npy`));
    if (!python)
      return { name, ...shape, ...(await takeTurns({ features, start, shape, rounds })) };
    writeFileSync(
      rowsFile!,
      encodeNpy({ shape: [shape.rows, shape.dimension], data: features.data }),
    );
    writeFileSync(startFile!, encodeNpy({ shape: [shape.k, shape.dimension], data: start }));
    const options = { rows: rowsFile!, start: startFile!, iterations: shape.iterations, threads };
    const peer = { python, script: './sklearn/kmeans.py', options };
    return { name, ...shape, ...(await takeTurns({ features, start, shape, peer, rounds })) };
  });
}

/**
 * Draws rows around twice as many centers as clusters, close enough to overlap, so that no
 * iteration converges.
 */
function groupedRows({ rows, dimension, k }: Shape): Features {
  const random = randomAt(0, 'synthetic', 0, 0, 1);
  const centers = new Float32Array(2 * k * dimension).map(() => random.normal());
  const data = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const from = random.integer(2 * k) * dimension;
    for (let d = 0; d < dimension; d++)
      data[row * dimension + d] = centers[from + d]! + random.normal();
  }
  return featuresOf(data, dimension);
}

interface Turns {
  features: Features;
  start: Float32Array;
  shape: Shape;
  peer?: PeerOptions & { python: string };
  rounds: number;
}

interface Fitted extends Pick<KmeansRow, 'versions'> {
  seconds: number;
  objective: number;
  iterations: number;
  megabytes: number;
}

/** Times both. Engine and peer are opened for a round, warmed up by a short fit, and closed. */
async function takeTurns({ features, start, shape, peer, rounds }: Turns) {
  const options = { start, iterations: shape.iterations, tolerance: 0 };
  const ours: { seconds: number; megabytes: number | null; objective: number }[] = [];
  const theirs: Fitted[] = [];
  const ask = (kind: 'lloyd' | 'miniBatch', { python, ...of }: NonNullable<Turns['peer']>) =>
    withPeer(python, of, async (running) => {
      await running.ask({ fit: kind, iterations: WARMING_ITERATIONS });
      const fitted = (await running.ask({ fit: kind })) as unknown as Omit<Fitted, 'versions'>;
      return { ...fitted, versions: running.versions };
    });
  for (let round = 0; round < rounds; round++) {
    const engine = await openEngine();
    await kmeans(features, shape.k, { ...options, engine, iterations: WARMING_ITERATIONS });
    const { result, ...cost } = await measured(() =>
      kmeans(features, shape.k, { ...options, engine }),
    );
    await engine.close();
    ours.push({ ...cost, objective: result.objective });
    if (peer) theirs.push(await ask('lloyd', peer));
  }
  const seconds = ours.map((turn) => turn.seconds);
  const { objective } = ours[0]!;
  const own = { seconds: median(seconds), objective, megabytes: ours.at(-1)!.megabytes };
  if (!peer) {
    const none = {
      peerSeconds: null,
      ratio: null,
      spread: null,
      objectiveDifference: null,
      versions: {},
    };
    const noMiniBatch = { miniBatchSeconds: null, miniBatchExcess: null, miniBatchMegabytes: null };
    return { ...own, ...none, ...noMiniBatch, peerMegabytes: null };
  }
  const objectiveDifference = Math.abs(theirs[0]!.objective / objective - 1);
  if (!(objectiveDifference < TOLERANCE)) {
    throw new Error(`our objective ${objective} and scikit-learn's ${theirs[0]!.objective} differ`);
  }
  const peerMegabytes = theirs.at(-1)!.megabytes;
  const miniBatch = await ask('miniBatch', peer);
  const ratios = pairRatios(
    seconds,
    theirs.map((turn) => turn.seconds),
  );
  return {
    ...own,
    peerSeconds: median(theirs.map((turn) => turn.seconds)),
    miniBatchSeconds: miniBatch.seconds,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)] as [number, number],
    objectiveDifference,
    miniBatchExcess: miniBatch.objective / objective - 1,
    peerMegabytes,
    miniBatchMegabytes: miniBatch.megabytes,
    versions: miniBatch.versions,
  };
}
