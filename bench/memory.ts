/** Peak resident memory of processes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Runs the work and returns its result, its seconds and the peak resident memory of this process in
 * MB. Only Linux can reset the peak; elsewhere memory is null.
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

/** Resets the peak resident memory of this process; false where the system cannot. */
export function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

/** Reads the peak resident memory of a process in MB; null where the system does not report it. */
export function largestResident(pid: number | 'self' = 'self'): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1024;
  } catch {
    return null;
  }
}

/**
 * Reads the resident memory of a process and its running children, in MB; null where the system
 * does not report it. A child counts only memory it does not share with its parent.
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
    const lists = threads.map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'),
    );
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** Reads the shared memory of a process in MB; 0 where the system does not report it. */
function sharedBy(pid: number): number {
  try {
    const found = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(
      /^Shared_\w+:\s+(\d+) kB/gm,
    );
    return [...found].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) / 1024, 0);
  } catch {
    return 0;
  }
}
