/**
 * Whole epochs of SwAV on a folder of pictures, ours by the program as users call it and a plain PyTorch script of the same recipe,
 * in turns, each in a process of its own that is alone while it works. Views are made on the way; decoding and compiling are
 * not counted.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from './peer.ts';
import { writePhotos } from './photos.ts';
import { callProgram, linesOf, withTemporaryFolder } from './program.ts';
import { median, pairRatios } from './turns.ts';

export interface EpochRow {
  name: string;
  /** Images per second over a run, ours and the peer's. */
  ours: number;
  peer: number | null;
  formats: Readonly<Record<string, number>>;
  ratio: number | null;
  spread: [number, number] | null;
  /** Largest share of the step time that we waited for views, over the last steps of a run. */
  waiting: number;
  /** Longest pause of one of our threads for garbage collection while it trained, in ms. */
  pause: number;
  /** Largest resident memory of our process, in MB. */
  megabytes: number;
  /** Of the script's, in the same way. */
  peerMegabytes: number | null;
  /** Libraries of the script with their versions. */
  versions: Readonly<Record<string, string>>;
  /** Mean loss of the last epoch, ours and the peer's: draws differ, so that they are close and not equal. */
  losses: [number, number | null];
}

export interface EpochOptions {
  /** Folder with `train/<class>/*.jpg` and `test/<class>/*.jpg`; without it pictures are made up. */
  source?: string;
  /** How many are made up; below some 6,000 our program takes fewer prototypes than the script, and losses do not compare. */
  madeUp?: number;
  epochs: number;
  rounds: number;
  python?: string | null;
}

/** Losses further apart than this share are not of the same recipe. */
const TOLERANCE = 0.05;
const script = fileURLToPath(new URL('./pytorch/swav.py', import.meta.url));

interface Passed {
  imagesPerSecond: number;
  loss: number;
  megabytes: number;
}

interface OwnPassed extends Passed {
  waiting: number;
  pause: number;
}

interface PeerPassed extends Passed {
  versions: Readonly<Record<string, string>>;
}

/** Times the recipe `small-32` of SwAV. */
export async function benchmarkEpoch({
  source,
  madeUp = 20_000,
  ...options
}: EpochOptions): Promise<EpochRow> {
  const name = `swav-small-32-${options.epochs}-epochs`;
  if (source !== undefined) return timed({ ...options, name, source });
  return withTemporaryFolder(async (folder) => {
    const pictures = join(folder, 'pictures');
    await writePhotos(pictures, { width: 32, height: 32 }, madeUp);
    // Their pixels are of no use to anybody later.
    const env = { LIKENESS_CACHE: join(folder, 'cache') };
    return timed({ ...options, name: `${name}-of-${madeUp}-made-up`, source: pictures, env });
  });
}

interface Timed extends Omit<EpochOptions, 'source' | 'madeUp'> {
  name: string;
  source: string;
  env?: Readonly<Record<string, string>>;
}

async function timed({
  name,
  source,
  env,
  epochs,
  rounds,
  python = pythonWith('torch'),
}: Timed): Promise<EpochRow> {
  const [own, theirs]: [OwnPassed[], PeerPassed[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    own.push(await ownRun(source, epochs, round, env));
    if (python) theirs.push(await peerRun(python, source, epochs, round));
  }
  const speeds = (passed: readonly Passed[]) => median(passed.map(({ imagesPerSecond }) => imagesPerSecond));
  const losses = (passed: readonly Passed[]) => median(passed.map(({ loss }) => loss));
  const most = (key: 'waiting' | 'pause' | 'megabytes') => Math.max(...own.map((passed) => passed[key]));
  const row = {
    ...{ name, ours: speeds(own) },
    ...{ waiting: most('waiting'), pause: most('pause'), megabytes: most('megabytes') },
  };
  if (theirs.length === 0) {
    const none = { peer: null, formats: {}, ratio: null, spread: null, peerMegabytes: null, versions: {} };
    return { ...row, ...none, losses: [losses(own), null] };
  }
  const found: [number, number] = [losses(own), losses(theirs)];
  if (!(Math.abs(found[0] / found[1] - 1) < TOLERANCE))
    throw new Error(`our loss ${found[0]} and the script's ${found[1]} are not of the same recipe`);
  const times = (passed: readonly Passed[]) => passed.map(({ imagesPerSecond }) => 1 / imagesPerSecond);
  const ratios = pairRatios(times(own), times(theirs));
  const peer = speeds(theirs);
  return {
    ...{ ...row, peer, formats: { channels_last: peer }, losses: found },
    peerMegabytes: Math.max(...theirs.map(({ megabytes }) => megabytes)),
    versions: theirs[0]!.versions,
    ...{ ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] },
  };
}

async function ownRun(
  source: string,
  epochs: number,
  seed: number,
  env: Readonly<Record<string, string>> = {},
): Promise<OwnPassed> {
  return withTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const settings = ['headNorm=batch', 'measures=none'].flatMap((text) => ['--set', text]);
    const options = [
      '--preset',
      'small-32',
      '--epochs',
      String(epochs),
      '--seed',
      String(seed),
      '--out',
      out,
    ];
    const called = await callProgram(['train', source, ...options, ...settings], env);
    const events = readFileSync(join(out, 'events.jsonl'), 'utf8').trim().split('\n');
    const last = events.map((line) => JSON.parse(line)).findLast(({ kind }) => kind === 'epoch');
    const { batchSize } = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')).settings;
    return {
      ...{ imagesPerSecond: (last.step * batchSize) / last.seconds, loss: last.loss },
      ...{ waiting: last.waiting, pause: called.longestPause(last.seconds), megabytes: called.megabytes },
    };
  });
}

async function peerRun(python: string, source: string, epochs: number, seed: number): Promise<PeerPassed> {
  const recipe = ['--crops', '2x32:.2-1', '--hidden', '256', '--evaluate', 'never'];
  const args = [script, '--data', source, '--epochs', String(epochs), '--seed', String(seed), ...recipe];
  const events = (await linesOf(python, args)).map((line) => JSON.parse(line));
  const { versions } = events.find(({ kind }) => kind === 'start');
  return { ...events.findLast(({ kind }) => kind === 'epoch'), versions };
}
