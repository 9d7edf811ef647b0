/**
 * Loaded before a program with `--import`, in each of its threads: leaves in a folder the largest
 * resident memory of the process, in bytes, when it ends (`peak`), and a line for each pause for
 * garbage collection that is worth a line (`pauses`): time of day in ms, duration in ms, thread.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

/** Pauses that are shorter, in ms, are of no interest, and there are many. */
const SHORTEST = 2;

const folder = process.env.LIKENESS_BENCH_WATCH;
if (folder !== undefined) {
  const pauses = join(folder, 'pauses');
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      const at = performance.timeOrigin + startTime;
      if (duration >= SHORTEST) appendFileSync(pauses, `${at} ${duration} ${threadId}\n`);
    }
  }).observe({ entryTypes: ['gc'] });
  if (isMainThread) {
    process.on('exit', () =>
      writeFileSync(join(folder, 'peak'), String(process.resourceUsage().maxRSS * 1024)),
    );
  }
}
