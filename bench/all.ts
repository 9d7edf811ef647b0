/**
 * All benchmarks of docs/performance.md, one after the other, each in a process of its own, so that
 * none counts the memory of another. After each its rows are kept in docs/results and the pages are
 * made anew: what ends the run early loses at most the row that is being measured.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSameMachine, keepBenchmark, type MeasuredRows } from '../docs/keeping.ts';
import { kept } from '../docs/kept.ts';
import { missingLibraries } from './javascript.ts';
import { pythonWith } from './peer.ts';
import { resultFile } from './report.ts';

/** What a benchmark is measured beside; those beside nothing have no turns. */
const peers = {
  step: 'torch',
  swav: 'torch',
  inference: 'torch',
  javascript: 'javascript',
  epoch: 'torch',
  views: 'torchvision',
  decode: 'torchvision',
  profile: null,
  settings: null,
  kmeans: 'sklearn',
  clustering: 'torch',
  phases: null,
  growth: null,
  scale: null,
} as const;

export type BenchmarkName = keyof typeof peers;

/** Those whose results stand on other pages and that are run only where they are asked for. */
const elsewhere: readonly BenchmarkName[] = ['phases', 'growth', 'scale'];

/** The benchmarks that can be asked for, in the order in which they run. */
export const benchmarkNames = Object.keys(peers) as BenchmarkName[];

export interface AllOptions {
  /** Default: those of docs/performance.md. */
  only?: readonly BenchmarkName[];
  /** How often peers take turns; by default as often as each benchmark has it. */
  rounds?: number;
  /** What else the machine does meanwhile. */
  state: string;
  /** Folder of pictures for the epochs; by default they are made up. */
  pictures?: string;
  onProgress(what: string): void;
  /** How processes and files are reached; tests have another. */
  world?: World;
}

export interface World {
  /** Runs a script of the repository in Node to its end; true where it ended well. */
  run(script: string, args: readonly string[]): Promise<boolean>;
  /** Why a benchmark's peer is not there. */
  missing(name: BenchmarkName): string | undefined;
  /** Forgets what an earlier run left to be kept. */
  clear(name: BenchmarkName): void;
  /** Keeps the rows that a benchmark has left, whether it ended well or not. */
  keep(name: BenchmarkName, by: { command: string; state: string }): void;
  /** Whether somebody wants the run to end. */
  isStopped(): boolean;
}

/**
 * Runs them and gives the names of those that failed, wholly or in a row. One whose peer is not
 * installed is left out, and what was kept of it stays: it says more than our figures alone.
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
    // A kept command names no path of the machine.
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
    return pythonWith(peer) ? undefined : `python3 has no ${peer}: install it, on Debian by apt-get`;
  const missing = missingLibraries();
  return missing.length === 0 ? undefined : `run npm install --no-save ${missing.join(' ')}`;
}

/** Rows of the same machine that were not measured again stay; those of another go. */
function keepLeft(name: BenchmarkName, by: { command: string; state: string }): void {
  const file = resultFile(name);
  if (!existsSync(file)) return;
  const found = JSON.parse(readFileSync(file, 'utf8')) as MeasuredRows;
  if (found.rows.length === 0) return;
  const before = kept<MeasuredRows>(name);
  keepBenchmark(name, file, { ...by, add: before !== undefined && isSameMachine(before, found) });
}
