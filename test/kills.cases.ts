/**
 * A campaign of kills: commands are ended at seeded moments, repeated as a person would, and their
 * files compared with those of an uninterrupted command. For tests only.
 */
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomAt } from '../src/core/random.ts';
import { differences, readResults } from './killResults.cases.ts';
import { type Subject, trainingOf } from './killSubjects.cases.ts';
import { type Ended, openWorkplace, type Started, writeTextures } from './likeness.cases.ts';

/** Results of the kills of one command. */
export interface KillRow {
  readonly command: string;
  readonly method: string;
  /** Times that the command was begun anew. */
  runs: number;
  /** Signals that ended it, of which a run gets one or two. */
  kills: number;
  /** Runs whose files are equal to those of an uninterrupted one. */
  equal: number;
  different: number;
  hangs: number;
  crashes: number;
}

export type FaultKind = 'different' | 'hangs' | 'crashes';

export interface KillFault {
  readonly number: number;
  readonly command: string;
  readonly method: string;
  readonly kind: FaultKind;
  /** Moments of the kills, and what went wrong after them. */
  readonly message: string;
}

export interface KillReport {
  readonly rows: readonly KillRow[];
  readonly kills: number;
  readonly faults: readonly KillFault[];
}

export interface KillOptions {
  /** Kills after which the campaign ends. */
  count: number;
  seed: number;
  subjects: readonly Subject[];
  /** `changes` kills at changes of files alone, in an order that no clock decides. Default: all. */
  moments?: 'all' | 'changes';
  /** Called after each run. `place` has the files of a run with a fault. */
  onRun?(told: { kills: number; how: string; fault?: KillFault; place: string }): void;
}

/** Milliseconds until a command that does not end hangs: after a signal, and in all. */
const ANSWER_MS = 20_000;
const LIMIT_MS = 180_000;
const IMAGES = 48;
const hook = new URL('./killAt.process.cases.ts', import.meta.url).href;
/** Names in the workplace that are no results. */
const given = ['pictures', 'trained', 'caches', 'changes'];

/** An uninterrupted command. */
interface Whole {
  results: Map<string, Buffer>;
  milliseconds: number;
  /** Changes of files by its process. */
  changes: number;
}

/** Kills commands in turn until there were so many kills. */
export async function killCampaign(options: KillOptions): Promise<KillReport> {
  const { count, seed, subjects, moments: asked = 'all', onRun } = options;
  const workplace = openWorkplace();
  const at = (...path: string[]) => join(workplace.path, ...path);
  const rows = subjects.map(
    ({ command, method }): KillRow => ({
      ...{ command, method, runs: 0, kills: 0, equal: 0, different: 0, hangs: 0, crashes: 0 },
    }),
  );
  const faults: KillFault[] = [];
  const wholes = new Map<Subject, Whole>();
  let kills = 0;

  /** Decoded images that an uninterrupted command has left. */
  const cacheOf = (subject: Subject) => at('caches', String(subjects.indexOf(subject)));

  /** Empties the workplace for a command. */
  function clear(subject: Subject, { cached }: { cached: boolean }): void {
    const { from } = subject;
    for (const name of readdirSync(workplace.path)) {
      if (!given.includes(name)) rmSync(at(name), { recursive: true, force: true });
    }
    if (from) cpSync(at(from), at('run'), { recursive: true });
    if (cached) {
      cpSync(cacheOf(subject), at('cache'), { recursive: true });
    }
  }
  const results = () => {
    const found = readResults(workplace.path, given);
    // Other processes may be writing these, so that they stay for an hour.
    for (const path of found.keys()) if (path.includes('.unfinished-')) found.delete(path);
    return found;
  };

  /** Makes the run that a command starts from, unless it is there. */
  async function prepare({ from, method }: Subject): Promise<void> {
    if (from === undefined || existsSync(at(from))) return;
    rmSync(at('run'), { recursive: true, force: true });
    const args =
      method === 'patches'
        ? ['start', 'pictures', '--encoder', 'patches', '--out', 'run', '-k', '3']
        : trainingOf(method, 'run');
    requireSuccess(await workplace.run(...args));
    cpSync(at('run'), at(from), { recursive: true });
  }

  /** Runs a command without a kill. */
  async function uninterrupted(subject: Subject): Promise<Whole> {
    clear(subject, { cached: false });
    const start = performance.now();
    const env = { KILL_COUNT: at('changes') };
    const started = workplace.startWith({ options: ['--import', hook], env }, ...subject.args);
    requireSuccess(await started.ended);
    const milliseconds = performance.now() - start;
    const changes = Number(readFileSync(at('changes'), 'utf8'));
    return { results: results(), milliseconds, changes };
  }

  async function wholeOf(subject: Subject): Promise<Whole> {
    const known = wholes.get(subject);
    if (known) return known;
    await prepare(subject);
    const whole = await uninterrupted(subject);
    if (existsSync(at('cache'))) cpSync(at('cache'), cacheOf(subject), { recursive: true });
    wholes.set(subject, whole);
    return whole;
  }

  /** Refuses a command whose files differ between two uninterrupted runs. */
  async function requireRepeatable(subject: Subject, whole: Whole): Promise<void> {
    const other = differences((await uninterrupted(subject)).results, whole.results);
    if (other.length === 0) return;
    throw new Error(`${subject.args.join(' ')}: differs without a kill: ${other.join(', ')}`);
  }

  /** Ends a command once; undefined where it ended before. */
  async function killOnce(
    subject: Subject,
    whole: Whole,
    random: Random,
  ): Promise<{ how: string; killed: boolean; fault?: string; kind?: FaultKind }> {
    const args = repeated(subject, at('run'));
    const kind = random.uniform();
    if (asked === 'changes' || kind < 0.5) {
      const n = 1 + random.integer(whole.changes);
      const env = { KILL_AT: String(n) };
      const started = workplace.startWith({ options: ['--import', hook], env }, ...args);
      const ended = await within(started, LIMIT_MS);
      const how = `SIGKILL at change ${n} of ${whole.changes}`;
      if (ended === undefined) return { how, killed: false, kind: 'hangs', fault: 'did not end' };
      return { how, ...judge(ended, 'SIGKILL') };
    }
    const signal = kind < 0.75 ? 'SIGKILL' : kind < 0.875 ? 'SIGTERM' : 'SIGINT';
    const delay = Math.round(whole.milliseconds * (0.08 + 0.92 * random.uniform()));
    const how = `${signal} after ${delay} of ${Math.round(whole.milliseconds)} ms`;
    const started = workplace.start(...args);
    const ended = await within(started, delay, signal);
    if (ended === undefined) {
      return { how, killed: true, kind: 'hangs', fault: `did not end after ${signal}` };
    }
    return { how, ...judge(ended, signal) };
  }

  async function one(number: number): Promise<void> {
    const index = number % subjects.length;
    const [subject, row] = [subjects[index]!, rows[index]!];
    const whole = await wholeOf(subject);
    const random = randomAt(seed, 'synthetic', number);
    const decodes = [...whole.results.keys()].some((path) => path.startsWith('cache/'));
    clear(subject, { cached: random.uniform() < 0.5 && decodes });
    const times = random.uniform() < 0.25 ? 2 : 1;
    const moments: string[] = [];
    let found: { kind: FaultKind; fault: string } | undefined;
    row.runs++;
    for (let i = 0; i < times && !found; i++) {
      const { how, killed, kind, fault } = await killOnce(subject, whole, random);
      moments.push(killed || kind ? how : `${how} (ended before)`);
      if (killed) {
        row.kills++;
        kills++;
      }
      if (kind && fault) found = { kind, fault };
      if (!killed) break;
    }
    found ??= await finish(subject, whole);
    if (found) row[found.kind]++;
    else row.equal++;
    const how = moments.join(', then ');
    const fault: KillFault | undefined = found && {
      ...{ number, command: subject.command, method: subject.method, kind: found.kind },
      message: `${how}: ${found.fault}`,
    };
    if (fault) faults.push(fault);
    onRun?.({ kills, how, ...(fault && { fault }), place: workplace.path });
    if (found?.kind === 'different') await requireRepeatable(subject, whole);
  }

  /** Repeats a command to its end and compares its files. */
  async function finish(
    subject: Subject,
    whole: Whole,
  ): Promise<{ kind: FaultKind; fault: string } | undefined> {
    const ended = await within(workplace.start(...repeated(subject, at('run'))), LIMIT_MS);
    if (ended === undefined) return { kind: 'hangs', fault: 'the repeated command did not end' };
    if (ended.code !== 0 || hasTrace(ended)) {
      return { kind: 'crashes', fault: `the repeated command: ${ended.stderr.slice(-600)}` };
    }
    const left = await processesLeft(workplace.path);
    if (left.length > 0) return { kind: 'hangs', fault: `processes ${left} are left` };
    const other = differences(results(), whole.results);
    return other.length > 0 ? { kind: 'different', fault: other.join(', ') } : undefined;
  }

  try {
    await writeTextures(at('pictures'), IMAGES);
    // Every run ends in a kill, but for the few that end before it.
    for (let number = 0; kills < count && number < 3 * count + 50; number++) await one(number);
  } finally {
    workplace.remove();
  }
  return { rows, kills, faults };
}

/** The command as a person gives it after a kill: a training that has begun is resumed. */
function repeated({ command, args }: Subject, run: string): readonly string[] {
  const resumes = command === 'train' && existsSync(join(run, 'config.json'));
  return resumes ? [...args, '--resume'] : args;
}

/**
 * Waits for the end of a command. Sends it a signal after some time, and undefined where it does
 * not end then either; it is killed first.
 */
async function within(
  { process, ended }: Started,
  milliseconds: number,
  signal?: NodeJS.Signals,
): Promise<Ended | undefined> {
  const timers: NodeJS.Timeout[] = [];
  const after = (time: number) =>
    new Promise<undefined>((settle) => timers.push(setTimeout(() => settle(undefined), time)));
  try {
    let first = await Promise.race([ended, after(milliseconds)]);
    if (first === undefined && signal) {
      process.kill(signal);
      first = await Promise.race([ended, after(ANSWER_MS)]);
    }
    if (first === undefined) process.kill('SIGKILL');
    return first;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Judges the end of a command that was to be killed. */
function judge(
  ended: Ended,
  by: 'SIGKILL' | 'SIGTERM' | 'SIGINT',
): { killed: boolean; kind?: FaultKind; fault?: string } {
  const code = { SIGKILL: 137, SIGTERM: 143, SIGINT: 130 }[by];
  const killed = ended.signal === by || ended.code === code;
  if (hasTrace(ended) || !(killed || ended.code === 0)) {
    const text = `code ${ended.code}, ${ended.signal}: ${ended.stderr.slice(-600)}`;
    return { killed, kind: 'crashes', fault: text };
  }
  return { killed };
}

function hasTrace({ stdout, stderr }: Ended): boolean {
  return /^\s+at |internal error/m.test(stdout + stderr);
}

function requireSuccess(ended: Ended): void {
  if (ended.code !== 0 || hasTrace(ended)) throw new Error(ended.stderr || `code ${ended.code}`);
}

/** Numbers of processes that still work in a folder some seconds later. Linux alone tells them. */
async function processesLeft(folder: string): Promise<number[]> {
  for (let tries = 0; ; tries++) {
    const left = workingIn(folder);
    if (left.length === 0 || tries === 50) return left;
    await sleep(100);
  }
}

function workingIn(folder: string): number[] {
  if (!existsSync('/proc/self')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false;
      }
    });
}

/** Formats the rows as a table of Markdown, with sums. */
export function killTable(rows: readonly KillRow[]): string {
  const columns = ['runs', 'kills', 'equal', 'different', 'hangs', 'crashes'] as const;
  const sums = columns.map((name) => rows.reduce((sum, row) => sum + row[name], 0));
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['command', 'method', 'runs', 'kills', 'byte-equal', 'different', 'hangs', 'crashes']),
    line(['---', '---', ...columns.map(() => '--:')]),
    ...rows.map((row) => line([row.command, row.method, ...columns.map((name) => row[name])])),
    line(['all', '', ...sums]),
  ].join('\n');
}
