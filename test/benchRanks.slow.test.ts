/** The benchmarks of several ranks run, also where mpi4py is not installed. */
import { describe, expect, it } from 'vitest';
import { benchmarkAllReduce } from '../bench/allReduce.ts';
import { pythonWith } from '../bench/peer.ts';
import { benchmarkRanks } from '../bench/ranks.ts';
import { whyWithoutMpi } from '../src/collectives/mpi/mpirun.cases.ts';

const sizes = { '256 B': 256, '4 kB': 4096 };
const python = pythonWith('mpi4py');

describe.skipIf(whyWithoutMpi() !== undefined)('the benchmarks of ranks', () => {
  it('time a sum of arrays, alone', async () => {
    const rows = await benchmarkAllReduce({ sizes, ranks: 2, rounds: 1, python: null });
    expect(rows.map(({ name, bytes, ranks }) => [name, bytes, ranks])).toEqual([
      ['256 B', 256, 2],
      ['4 kB', 4096, 2],
    ]);
    for (const row of rows) {
      expect(row.milliseconds).toBeGreaterThan(0);
      expect(row).toMatchObject({ peerMilliseconds: null, ratio: null, versions: {} });
    }
  });

  it.skipIf(python === undefined)('time it beside mpi4py', async () => {
    const rows = await benchmarkAllReduce({ sizes, ranks: 2, rounds: 1, python });
    for (const { milliseconds, peerMilliseconds, ratio } of rows)
      expect(ratio).toBeCloseTo(peerMilliseconds! / milliseconds, 6);
  });

  it('time training on two ranks, and count what they exchange', async () => {
    const [row] = await benchmarkRanks(['smoke'], { rounds: 1 });
    expect(row).toMatchObject({ name: 'smoke', ranks: 2, threads: 1, batch: 16 });
    expect(row!.imagesPerSecond).toBeGreaterThan(0);
    expect(row!.exchanges).toBeGreaterThan(0);
    // Gradients alone are more than the features of two views of eight images.
    expect(row!.exchangedBytes).toBeGreaterThan(2 * 8 * 512);
    expect(row!.exchangeMilliseconds).toBeLessThan(row!.milliseconds);
  });
});
