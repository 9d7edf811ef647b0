/**
 * Preload module (`--import`) for every thread of a program. It writes the peak resident memory of
 * the process in bytes (`peak`) at its end, and a line for each garbage collection (`pauses`): time
 * of day in ms, duration in ms, thread.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

/** Shortest recorded pause in ms; shorter ones are many. */
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
