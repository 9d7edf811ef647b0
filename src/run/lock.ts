/**
 * Lock files: they name the process that is writing, so that each part of a run has one writer.
 *
 * run.lock is of the training, clusters.lock of the clusters in a folder, and evaluation.lock of
 * the scores. They are independent: a run is clustered and evaluated while it is trained.
 *
 * A lock whose process has ended is stale and is taken over. A process is identified by its number,
 * its start time and the machine's boot (on Linux), because numbers are used again after a restart.
 */
import { readFileSync, rmSync } from 'node:fs';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import { onEarlyEnd } from '../core/ending.ts';
import { LikenessError } from '../core/errors.ts';
import {
  readRegularText,
  removeAbandoned,
  reserveTemporary,
  WRITE_FLAGS,
  writeFailure,
} from '../formats/index.ts';
import type { RunFolder } from './files.ts';
import { parseJson } from './json.ts';

export interface RunLock {
  /** Removes the lock; safe to call twice and from an exit handler. */
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

const holderSchema = z.object({ pid: z.int().positive(), host: z.string(), started: z.string() });

/** Lock files of this process. Its number in any other lock file is from an earlier process. */
const owned = new Set<string>();

/** A lock file, and the words of the error for who comes second. */
interface Place {
  readonly file: string;
  /** Says what is being done, such as `runs/a is being written`. */
  readonly busy: string;
  /** Way to go on without waiting. */
  readonly otherwise: string;
}

/**
 * Takes the lock of a run.
 *
 * @throws LikenessError `run.locked` while another process, or this one, has it.
 */
export function lockRun({ path, files }: RunFolder): Promise<RunLock> {
  const otherwise = ', or choose another folder with `out`';
  return lockPlace({ file: files.lock, busy: `${path} is being written`, otherwise });
}

/**
 * Takes the lock of the clusters in a run folder, or in that of a clustering with a name.
 *
 * @throws LikenessError `run.locked` while another process, or this one, writes them.
 */
export function lockClusters({ files }: RunFolder): Promise<RunLock> {
  const busy = `The clustering in ${dirname(files.clusters)} is being written`;
  const otherwise = ', or give this clustering a `name` of its own';
  return lockPlace({ file: files.clustersLock, busy, otherwise });
}

/**
 * Takes the lock of the scores of a run.
 *
 * @throws LikenessError `run.locked` while another process, or this one, measures them.
 */
export function lockEvaluation({ path, files }: RunFolder): Promise<RunLock> {
  return lockPlace({
    ...{ file: files.evaluationLock, busy: `${path} is being evaluated`, otherwise: '' },
  });
}

/** Does work under a lock, and releases it afterwards. */
export async function holding<T>(taken: Promise<RunLock>, work: () => Promise<T>): Promise<T> {
  const lock = await taken;
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function lockPlace(place: Place): Promise<RunLock> {
  const { file } = place;
  await removeAbandoned(file);
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
  } satisfies Holder);
  for (let tries = 0; tries < 5; tries++) {
    if (await claim(file, mine)) {
      owned.add(file);
      const forget = onEarlyEnd(() => rmSync(file, { force: true }));
      return {
        release() {
          forget();
          if (!owned.delete(file)) return;
          rmSync(file, { force: true });
        },
      };
    }
    const found = await readRegularText(file).catch(() => undefined);
    if (found === undefined) continue; // released in between
    const holder = parse(found);
    if (holder === undefined || (await alive(holder, file))) throw lockedBy(place, holder);
    await takeAway(file, found);
  }
  throw lockedBy(place, undefined);
}

/**
 * Removes the locks that killed processes have left; one whose process lives, or whose holder
 * cannot be told, stays.
 */
export async function clearStaleLocks({ files }: RunFolder): Promise<void> {
  for (const file of [files.lock, files.clustersLock, files.evaluationLock]) {
    const found = await readRegularText(file).catch(() => undefined);
    const holder = found === undefined ? undefined : parse(found);
    if (found === undefined || holder === undefined || (await alive(holder, file))) continue;
    await takeAway(file, found);
  }
}

/** Returns true while a process writes to the run; also where its holder cannot be told. */
export async function isLocked({ files: { lock } }: RunFolder): Promise<boolean> {
  const found = await readRegularText(lock).catch(() => undefined);
  if (found === undefined) return false;
  const holder = parse(found);
  return holder === undefined || (await alive(holder, lock));
}

/** Puts a complete lock file in place; false where there is one already. */
async function claim(file: string, content: string): Promise<boolean> {
  const { temporary, release } = reserveTemporary(file);
  try {
    await writeFile(temporary, content, { flag: WRITE_FLAGS });
    try {
      await link(temporary, file); // fails when the name is taken, and never leaves half a file
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // File systems without hard links: exclusive creation is the next best.
      await writeFile(file, content, { flag: 'wx' });
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeFailure(file, error);
  } finally {
    await rm(temporary, { force: true });
    release();
  }
}

/** Removes a stale lock, and puts it back where another process took it in the meantime. */
async function takeAway(file: string, stale: string): Promise<void> {
  const { temporary: aside, release } = reserveTemporary(file);
  try {
    await rename(file, aside);
    if ((await readRegularText(aside)) !== stale) await link(aside, file).catch(() => {});
  } catch {
    // Another process was first.
  } finally {
    await rm(aside, { force: true });
    release();
  }
}

async function alive(holder: Holder, file: string): Promise<boolean> {
  if (holder.host !== hostname()) return true; // cannot be known from here
  if (holder.pid === process.pid && !owned.has(file)) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return holder.started === startOf(holder.pid);
}

/** Identifies a process beside its number: boot and start time on Linux, nothing elsewhere. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted after the command name, which may contain spaces and brackets.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}

function parse(text: string): Holder | undefined {
  try {
    return holderSchema.parse(parseJson(text));
  } catch {
    // Not ours, or damaged.
    return undefined;
  }
}

function lockedBy({ file, busy, otherwise }: Place, holder: Holder | undefined): LikenessError {
  const elsewhere = holder !== undefined && holder.host !== hostname();
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid}${elsewhere ? ` on ${holder.host}` : ''}`;
  const next =
    holder === undefined || elsewhere
      ? `If that process has ended, delete ${file} and try again.`
      : `Wait until it has ended or stop it${otherwise}.`;
  return new LikenessError('run.locked', `${busy} by ${who}. ${next}`);
}
