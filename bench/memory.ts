/** How much memory a piece of work takes at most. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Runs the work and gives its result, its seconds and the largest resident memory of this process
 * meanwhile, in MB; null where the system does not let it be measured from the start of the work
 * (only Linux does).
 */
export async function measured<T>(
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number; megabytes: number | null }> {
  const isReset = resetPeak();
  const begun = performance.now();
  const result = await work();
  const seconds = (performance.now() - begun) / 1000;
  return { result, seconds, megabytes: isReset ? largestResident() : null };
}

/**
 * Lets this process's largest resident memory be counted from now on; false where the system
 * cannot.
 */
export function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

/** Largest resident memory of a process so far, in MB; null where the system does not tell. */
export function largestResident(pid: number | 'self' = 'self'): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1024;
  } catch {
    return null;
  }
}

/**
 * Largest resident memory of a process and of those that it has started and that still run, in MB;
 * null where the system does not tell. Of a child only what it does not share counts: what it was
 * forked with is its parent's.
 */
export function largestOfFamily(pid: number): number | null {
  const own = largestResident(pid);
  if (own === null) return null;
  const children = childrenOf(pid).map((child) => (largestOfFamily(child) ?? 0) - sharedBy(child));
  return children.reduce((sum, megabytes) => sum + Math.max(0, megabytes), own);
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** Memory that a process shares with others now, in MB; 0 where the system does not tell. */
function sharedBy(pid: number): number {
  try {
    const found = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Shared_\w+:\s+(\d+) kB/gm);
    return [...found].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) / 1024, 0);
  } catch {
    return 0;
  }
}
