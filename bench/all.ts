/**
 * Runs all benchmarks of docs/performance.md, each in a process of its own to keep their memory
 * apart. After each benchmark its rows go to docs/results and the pages are rewritten, so an
 * interruption loses at most the current row.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stored } from '../docs/stored.ts';
import { isSameMachine, type MeasuredRows, storeBenchmark } from '../docs/storeResult.ts';
import { missingLibraries } from './javascript.ts';
import { pythonWith } from './peer.ts';
import { resultFile } from './report.ts';

/** Peers of the benchmarks; a benchmark without a peer has no rounds. */
const peers = {
  step: 'torch',
  swav: 'torch',
  inference: 'torch',
  vit: 'torchvision',
  javascript: 'javascript',
  epoch: 'torch',
  views: 'torchvision',
  decode: 'torchvision',
  profile: null,
  settings: null,
  kmeans: 'sklearn',
  clustering: 'torch',
  patches: 'sklearn',
  phases: null,
  growth: null,
  scale: null,
} as const;

export type BenchmarkName = keyof typeof peers;

/** Benchmarks of other pages, which run only on request. */
const elsewhere: readonly BenchmarkName[] = ['phases', 'growth', 'scale'];

/** Names of all benchmarks, in the order in which they run. */
export const benchmarkNames = Object.keys(peers) as BenchmarkName[];

export interface AllOptions {
  /** Default: those of docs/performance.md. */
  only?: readonly BenchmarkName[];
  /** Rounds. Default: those of each benchmark. */
  rounds?: number;
  /** Other load on the machine. */
  state: string;
  /** Folder of images for the epochs. Default: synthetic images. */
  pictures?: string;
  onProgress(what: string): void;
  /** Access to processes and files, which tests replace. */
  world?: World;
}

export interface World {
  /** Runs a script of the repository in Node; true where it succeeded. */
  run(script: string, args: readonly string[]): Promise<boolean>;
  /** Reason for which the peer of a benchmark is missing. */
  missing(name: BenchmarkName): string | undefined;
  /** Deletes the output of an earlier run. */
  clear(name: BenchmarkName): void;
  /** Stores the rows that a benchmark has written, even after a failure. */
  keep(name: BenchmarkName, by: { command: string; state: string }): void;
  /** Set when the user interrupts the run. */
  isStopped(): boolean;
}

/**
 * Runs the benchmarks and returns the names of those with a failure. A benchmark without its peer
 * is skipped and its stored rows stay, because our figures alone would say less.
 */
export async function benchmarkAll({
  only = benchmarkNames.filter((name) => !elsewhere.includes(name)),
  rounds,
  state,
  pictures,
  onProgress,
  world = openWorld(),
}: AllOptions): Promise<BenchmarkName[]> {
  const failed: BenchmarkName[] = [];
  for (const name of only) {
    const missing = world.missing(name);
    if (missing !== undefined) {
      onProgress(`${name}: left out, ${missing}`);
      continue;
    }
    const turns = rounds !== undefined && peers[name] !== null ? ['--rounds', String(rounds)] : [];
    const withPictures = name === 'epoch' && pictures !== undefined;
    onProgress(`\n${name}`);
    world.clear(name);
    const args = [name, ...(withPictures ? [resolve(pictures)] : []), ...turns];
    if (!(await world.run('bench/main.ts', args))) failed.push(name);
    // A stored command contains no path of the machine.
    const shown = [name, ...(withPictures ? [basename(pictures)] : []), ...turns];
    world.keep(name, { command: `npm run bench -- ${shown.join(' ')}`, state });
    await world.run('docs/generate.ts', []);
    if (world.isStopped()) break;
  }
  return failed;
}

const root = new URL('../', import.meta.url);

function openWorld(): World {
  let isStopped = false;
  let end = () => {};
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isStopped = true;
      end();
    });
  }
  return {
    run(script, args) {
      const child = spawn(process.execPath, [fileURLToPath(new URL(script, root)), ...args], {
        stdio: 'inherit',
      });
      end = () => child.kill();
      return new Promise((settle, reject) => {
        child.once('error', reject);
        child.once('close', (code) => settle(code === 0));
      });
    },
    missing: missingPeer,
    clear: (name) => rmSync(resultFile(name), { force: true }),
    keep: keepLeft,
    isStopped: () => isStopped,
  };
}

function missingPeer(name: BenchmarkName): string | undefined {
  const peer = peers[name];
  if (peer === null) return undefined;
  if (peer !== 'javascript')
    return pythonWith(peer)
      ? undefined
      : `python3 has no ${peer}: install it, on Debian by apt-get`;
  const missing = missingLibraries();
  return missing.length === 0 ? undefined : `run npm install --no-save ${missing.join(' ')}`;
}

/**
 * Stores the rows. Other stored rows of the same machine stay; those of another machine are
 * dropped.
 */
function keepLeft(name: BenchmarkName, by: { command: string; state: string }): void {
  const file = resultFile(name);
  if (!existsSync(file)) return;
  const found = JSON.parse(readFileSync(file, 'utf8')) as MeasuredRows;
  if (found.rows.length === 0) return;
  const before = stored<MeasuredRows>(name);
  storeBenchmark(name, file, { ...by, add: before !== undefined && isSameMachine(before, found) });
}
