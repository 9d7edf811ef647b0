/**
 * Benchmarks whole epochs of SwAV on a folder of images: our program as users call it, beside a
 * plain PyTorch script of the same recipe in both of its memory formats. Each runs alone in a
 * process of its own and renders views during training. Decoding and compiling are not counted.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formats } from './formats.ts';
import { pythonWith } from './peer.ts';
import { writeSplits } from './photos.ts';
import { callProgram, linesOf, withTemporaryFolder } from './program.ts';
import { type RunLine, trainedIn } from './trained.ts';
import { median, pairRatios } from './turns.ts';

interface Recipe {
  preset: string;
  /** Largest number of steps. Default: all steps of the epochs. */
  maxSteps?: number;
  /** Options of the script for the same recipe. Absent where it has none. */
  peer?: readonly string[];
}

/** Rows of the benchmark. `multicrop-64` has no peer and shows the cost of many views. */
export const epochRows: Readonly<Record<string, Recipe>> = {
  'small-32': { preset: 'small-32', peer: ['--crops', '2x32:.2-1', '--hidden', '256'] },
  'multicrop-64': { preset: 'multicrop-64', maxSteps: 200 },
};

export interface EpochRow {
  name: string;
  /** Images per second over a run, ours and those of the faster format of the peer. */
  ours: number;
  peer: number | null;
  /** Images per second by format of the peer. */
  formats: Readonly<Record<string, number>>;
  ratio: number | null;
  spread: [number, number] | null;
  /** Largest fraction of the step time spent waiting for views. */
  waiting: number;
  /** Longest garbage collection of one of our threads during training, in ms. */
  pause: number;
  /** Peak resident memory of our process, in MB. */
  megabytes: number;
  /** Peak resident memory of the script, in MB. */
  peerMegabytes: number | null;
  /** Versions of the script's libraries. */
  versions: Readonly<Record<string, string>>;
  /**
   * Mean loss of the last epoch, ours and the peer's. Random draws differ, so they agree only
   * approximately.
   */
  losses: [number | null, number | null];
}

export interface EpochOptions {
  /** Folder with `train/<class>/*.jpg` and `test/<class>/*.jpg`. Default: synthetic images. */
  source?: string;
  /**
   * Number of synthetic images. Below some 6,000 our program uses fewer prototypes than the script,
   * and the losses are not comparable.
   */
  madeUp?: number;
  epochs: number;
  rounds: number;
  python?: string | null;
}

/** Largest relative difference of the losses of one recipe. */
const TOLERANCE = 0.05;
const script = fileURLToPath(new URL('./pytorch/swav.py', import.meta.url));

interface Passed {
  imagesPerSecond: number;
  /** Mean loss of the last epoch; null where a run ended within its first. */
  loss: number | null;
  megabytes: number;
}

interface OwnPassed extends Passed {
  waiting: number;
  pause: number;
}

interface PeerPassed extends Passed {
  versions: Readonly<Record<string, string>>;
}

/** Benchmarks one row. */
export async function benchmarkEpoch(
  name: string,
  { source, madeUp = 20_000, ...options }: EpochOptions,
): Promise<EpochRow> {
  const work = { name, recipe: epochRows[name]!, ...options };
  if (source !== undefined) return timed({ ...work, source });
  return withTemporaryFolder(async (folder) => {
    const pictures = join(folder, 'pictures');
    await writeSplits(pictures, { width: 32, height: 32 }, madeUp);
    // Nobody needs the cached pixels of synthetic images.
    const env = { LIKENESS_CACHE: join(folder, 'cache') };
    return timed({ ...work, name: `${name}-of-${madeUp}-synthetic`, source: pictures, env });
  });
}

/** Source, environment and length of the runs. */
interface Work {
  source: string;
  epochs: number;
  env?: Readonly<Record<string, string>>;
}

async function timed({
  name,
  recipe,
  rounds,
  python = pythonWith('torch'),
  ...work
}: Work & Omit<EpochOptions, 'source'> & { name: string; recipe: Recipe }): Promise<EpochRow> {
  const { source, epochs } = work;
  const compared = python && recipe.peer ? formats : [];
  const own: OwnPassed[] = [];
  const theirs = new Map<string, PeerPassed[]>(compared.map((format) => [format, []]));
  for (let seed = 0; seed < rounds; seed++) {
    own.push(await ownRun(recipe, { ...work, seed }));
    for (const [format, passed] of theirs) {
      const length = ['--epochs', String(epochs), '--seed', String(seed)];
      passed.push(
        await peerRun(python!, ['--data', source, ...recipe.peer!, '--format', format, ...length]),
      );
    }
  }
  const most = (key: 'waiting' | 'pause' | 'megabytes') =>
    Math.max(...own.map((passed) => passed[key]));
  const length = recipe.maxSteps === undefined ? `${epochs}-epochs` : `${recipe.maxSteps}-steps`;
  const row = {
    ...{ name: `swav-${name}-${length}`, ours: speedOf(own) },
    ...{ waiting: most('waiting'), pause: most('pause'), megabytes: most('megabytes') },
  };
  const speeds = [...theirs].map(([format, passed]) => [format, speedOf(passed)] as const);
  const best = speeds.toSorted(([, a], [, b]) => b - a)[0];
  if (!best) {
    const none = {
      peer: null,
      formats: {},
      ratio: null,
      spread: null,
      peerMegabytes: null,
      versions: {},
    };
    return { ...row, ...none, losses: [lossOf(own), null] };
  }
  const peer = theirs.get(best[0])!;
  const losses: [number, number] = [lossOf(own)!, lossOf(peer)!];
  if (!(Math.abs(losses[0] / losses[1] - 1) < TOLERANCE))
    throw new Error(
      `our loss ${losses[0]} and the script's ${losses[1]} are not of the same recipe`,
    );
  const times = (passed: readonly Passed[]) =>
    passed.map(({ imagesPerSecond }) => 1 / imagesPerSecond);
  const ratios = pairRatios(times(own), times(peer));
  return {
    ...{ ...row, peer: best[1], formats: Object.fromEntries(speeds), losses },
    versions: peer[0]!.versions,
    ...{ ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] },
    peerMegabytes: Math.max(...peer.map(({ megabytes }) => megabytes)),
  };
}

function speedOf(passed: readonly Passed[]): number {
  return median(passed.map(({ imagesPerSecond }) => imagesPerSecond));
}

function lossOf(passed: readonly Passed[]): number | null {
  const known = passed.map(({ loss }) => loss).filter((loss) => loss !== null);
  return known.length === 0 ? null : median(known);
}

async function ownRun(
  { preset, maxSteps }: Recipe,
  { source, epochs, env = {}, seed }: Work & { seed: number },
): Promise<OwnPassed> {
  return withTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const limit = maxSteps === undefined ? [] : [`maxSteps=${maxSteps}`];
    const settings = ['measures=none', ...limit].flatMap((text) => ['--set', text]);
    const options = [
      '--preset',
      preset,
      '--epochs',
      String(epochs),
      '--seed',
      String(seed),
      '--out',
      out,
    ];
    const called = await callProgram(['train', source, ...options, ...settings], env);
    const lines = readFileSync(join(out, 'events.jsonl'), 'utf8').trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as RunLine & { loss?: number });
    const { steps, seconds, waiting, span } = trainedIn(events);
    const { batchSize } = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')).settings.data;
    return {
      imagesPerSecond: (steps * batchSize) / seconds,
      loss: events.findLast(({ kind }) => kind === 'epoch')?.loss ?? null,
      ...{ waiting, pause: called.longestPause(span), megabytes: called.megabytes },
    };
  });
}

async function peerRun(python: string, options: readonly string[]): Promise<PeerPassed> {
  const lines = await linesOf(python, [script, ...options, '--evaluate', 'never']);
  const events = lines.map((line) => JSON.parse(line));
  const { versions } = events.find(({ kind }) => kind === 'start');
  return { ...events.findLast(({ kind }) => kind === 'epoch'), versions };
}
