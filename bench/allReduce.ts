/**
 * Benchmarks the sum of arrays over ranks by message size, beside mpi4py on the same MPI library.
 * Both alternate, each time as processes of their own.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { onRanks } from './mpirun.ts';
import { pythonWith } from './peer.ts';
import { median, pairRatios } from './turns.ts';

export interface AllReduceRow {
  /** Message size, such as `64 kB`. */
  name: string;
  bytes: number;
  ranks: number;
  milliseconds: number;
  peerMilliseconds: number | null;
  /** Median over rounds of the peer's time divided by ours. */
  ratio: number | null;
  spread: readonly [number, number] | null;
  versions: Readonly<Record<string, string>>;
}

/** Message sizes in bytes: up to the gradients of ResNet-18 with 64 channels. */
export const allReduceSizes: Readonly<Record<string, number>> = {
  '256 B': 256,
  '4 kB': 2 ** 12,
  '64 kB': 2 ** 16,
  '1 MB': 2 ** 20,
  '16 MB': 2 ** 24,
  '45 MB': 45_000_000,
};
/** Bytes that a size moves in a round, at most so many calls. */
const MOVED = 2 ** 30;
const MOST_CALLS = 200;

const own = fileURLToPath(new URL('./allReduce.process.ts', import.meta.url));
const peer = fileURLToPath(new URL('./mpi4py/all_reduce.py', import.meta.url));

interface Timed {
  readonly bytes: number;
  readonly milliseconds: number;
  readonly version?: string;
}

/** Benchmarks all sizes. */
export async function benchmarkAllReduce({
  sizes = allReduceSizes,
  ranks = Math.max(2, availableParallelism()),
  rounds = 5,
  python = pythonWith('mpi4py'),
}: {
  sizes?: Readonly<Record<string, number>>;
  ranks?: number;
  rounds?: number;
  python?: string | null | undefined;
} = {}): Promise<AllReduceRow[]> {
  const bytes = Object.values(sizes);
  const times = bytes.map((size) => Math.max(5, Math.min(MOST_CALLS, Math.floor(MOVED / size))));
  const options = ['--bytes', bytes.join(','), '--times', times.join(',')];
  const ours: Timed[][] = [];
  const theirs: Timed[][] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await onRanks<Timed>(ranks, [process.execPath, own, ...options]));
    if (python) theirs.push(await onRanks<Timed>(ranks, [python, peer, ...options]));
  }
  return Object.entries(sizes).map(([name, size], i): AllReduceRow => {
    const at = (all: readonly Timed[][]) => all.map((round) => round[i]!.milliseconds);
    const ratios = theirs.length > 0 ? pairRatios(at(ours), at(theirs)) : undefined;
    const { version } = theirs[0]?.[i] ?? {};
    return {
      ...{ name, bytes: size, ranks, milliseconds: median(at(ours)) },
      peerMilliseconds: theirs.length > 0 ? median(at(theirs)) : null,
      ratio: ratios ? median(ratios) : null,
      spread: ratios ? [Math.min(...ratios), Math.max(...ratios)] : null,
      versions: { ...(version !== undefined && { mpi4py: version }) },
    };
  });
}
