/** The cost model of docs/scaling.md. */
import { expect, it } from 'vitest';
import { allGatherSeconds, allReduceSeconds } from '../docs/collectives.ts';

const network = { name: '10 Gb/s', perByte: 1 / 1.25e9, latency: 30e-6 };

it('takes a ring for large arrays, and recursive doubling for small ones', () => {
  // 2 · 7 · (30 µs + 45 MB / 8 / 1.25 GB/s)
  expect(allReduceSeconds(45e6, 8, network)).toBeCloseTo(14 * (30e-6 + 0.0045), 12);
  // 6 · (30 µs + 1 kB / 1.25 GB/s)
  expect(allReduceSeconds(1000, 64, network)).toBeCloseTo(6 * (30e-6 + 0.8e-6), 12);
});

it('sends the values of every other machine in an all-gather', () => {
  expect(allGatherSeconds(1.25e6, 512, network)).toBeCloseTo(511 * (30e-6 + 0.001), 12);
});
