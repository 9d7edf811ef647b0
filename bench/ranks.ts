/**
 * Measures training on ranks of one machine: images per second by number of ranks and threads, and
 * the time and bytes of the exchanges in a step. SimCLR on synthetic images of 32 px.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onRanks } from './mpirun.ts';
import { linesOf, withTemporaryFolder } from './program.ts';
import { writePictures } from './scale.ts';
import { median } from './turns.ts';

interface RankShape {
  ranks: number;
  /** Threads of each rank. */
  threads: number;
  /** Images of a step on all ranks. */
  batch: number;
  norm: 'own' | 'joined';
  /** Channels of the first stage of ResNet-10. */
  width: number;
}

const half = Math.max(1, availableParallelism() >> 1);
const small = { batch: 128, norm: 'own', width: 16 } as const;
const wide = { ...small, width: 64 };

/** Rows of the benchmark; that of `smoke` is for tests. */
export const rankRows: Readonly<Record<string, RankShape>> = {
  'one-process': { ...small, ranks: 1, threads: 2 * half },
  'one-process-half-the-threads': { ...small, ranks: 1, threads: half },
  'two-ranks': { ...small, ranks: 2, threads: half },
  'two-ranks-double-batch': { ...small, ranks: 2, threads: half, batch: 256 },
  'two-ranks-joined-norm': { ...small, ranks: 2, threads: half, norm: 'joined' },
  'wide-one-process': { ...wide, ranks: 1, threads: 2 * half },
  'wide-two-ranks': { ...wide, ranks: 2, threads: half },
  smoke: { ranks: 2, threads: 1, batch: 16, norm: 'own', width: 4 },
};
/** Steps of a run, of which the first are not counted. */
const STEPS = 40;
const IMAGES = 2560;

export interface RankRow extends RankShape {
  name: string;
  imagesPerSecond: number;
  /** Smallest and largest of the rounds. */
  spread: readonly [number, number];
  /** Milliseconds of a step, and of its exchanges with waiting for the other ranks. */
  milliseconds: number;
  exchangeMilliseconds: number;
  /** Bytes that a rank gives to the exchanges of a step, and their number. */
  exchangedBytes: number;
  exchanges: number;
}

type Found = Omit<RankRow, 'name' | 'spread' | keyof RankShape>;

const script = fileURLToPath(new URL('./ranks.process.ts', import.meta.url));

/** Measures rows in alternation. */
export async function benchmarkRanks(
  names: readonly string[],
  { rounds = 3, onProgress = () => {} }: RanksOptions = {},
): Promise<RankRow[]> {
  return withTemporaryFolder(async (folder) => {
    const source = join(folder, 'pictures');
    writePictures(source, IMAGES);
    process.env.LIKENESS_CACHE = join(folder, 'cache');
    const found = new Map(names.map((name) => [name, [] as Found[]]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        onProgress(`round ${round + 1}, ${name} …`);
        const out = join(folder, `${name}-${round}`);
        found.get(name)!.push(await measured(rankRows[name]!, { source, out }));
      }
    }
    return names.map((name) => rowOf(name, found.get(name)!));
  });
}

export interface RanksOptions {
  rounds?: number;
  onProgress?: (what: string) => void;
}

async function measured(
  { ranks, ...shape }: RankShape,
  places: { source: string; out: string },
): Promise<Found> {
  const options = Object.entries({ ...places, ...shape, steps: STEPS }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  if (ranks > 1) return (await onRanks<Found>(ranks, [process.execPath, script, ...options]))[0]!;
  const lines = await linesOf(process.execPath, [script, ...options], process.env);
  return JSON.parse(lines.at(-1)!) as Found;
}

function rowOf(name: string, found: readonly Found[]): RankRow {
  const of = (key: keyof Found) => found.map((one) => one[key]);
  const speeds = of('imagesPerSecond');
  return {
    ...{ name, ...rankRows[name]!, imagesPerSecond: median(speeds) },
    spread: [Math.min(...speeds), Math.max(...speeds)],
    milliseconds: median(of('milliseconds')),
    exchangeMilliseconds: median(of('exchangeMilliseconds')),
    exchangedBytes: median(of('exchangedBytes')),
    exchanges: median(of('exchanges')),
  };
}
