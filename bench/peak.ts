/** Loaded before a program with `--import`: leaves the largest resident memory of its process, in bytes, in a file when it ends. */
import { writeFileSync } from 'node:fs';

const file = process.env.LIKENESS_BENCH_PEAK;
if (file !== undefined) {
  process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS * 1024)));
}
