/** Rank of the benchmark of all-reduce: sums arrays with the other ranks, and prints the times. */
import { parseArgs } from 'node:util';
import { openRanks } from '../src/collectives/index.ts';
import { median } from './turns.ts';

const { values } = parseArgs({
  options: { bytes: { type: 'string' }, times: { type: 'string' } },
});
const sizes = values.bytes!.split(',').map(Number);
const times = values.times!.split(',').map(Number);
const communicator = await openRanks();
for (const [i, bytes] of sizes.entries()) {
  const array = new Float32Array(bytes / Float32Array.BYTES_PER_ELEMENT);
  const found: number[] = [];
  // The first call allocates.
  for (let run = 0; run <= times[i]!; run++) {
    await communicator.barrier();
    const start = performance.now();
    await communicator.allReduce(array);
    if (run > 0) found.push(performance.now() - start);
  }
  if (communicator.rank === 0) {
    process.stdout.write(`${JSON.stringify({ bytes, milliseconds: median(found) })}\n`);
  }
}
await communicator.close();
