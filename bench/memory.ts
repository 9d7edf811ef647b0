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
  return { result, seconds: (performance.now() - begun) / 1000, megabytes: isReset ? peak() : null };
}

function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function peak(): number | null {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}
