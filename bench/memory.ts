/** How much memory a piece of work takes at most. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Runs the work and gives its result, its seconds and the largest resident memory of this process meanwhile, in MB; null
 * where the system does not let it be measured from the start of the work (only Linux does).
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

/** Lets this process's largest resident memory be counted from now on; false where the system cannot. */
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
