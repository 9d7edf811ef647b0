/** Damaged files of every format end in an image, a reported skip or a clear error. */
import { describe, expect, it } from 'vitest';
import { randomAt } from '../src/core/random.ts';
import { damaged, fuzz } from './fuzz.cases.ts';

/** Files that two cores read in a few seconds. `fuzz.slow.test.ts` and `npm run fuzz` read more. */
const FILES = 1200;

describe('damaged files', () => {
  it('crash nothing, hang nowhere, and give legal pixels or a reason', {
    timeout: 300_000,
  }, async () => {
    const { files, read, faults } = await fuzz({ seed: 1, goesOn: (number) => number < FILES });
    expect(faults).toEqual([]);
    expect(files).toBe(FILES);
    // Some damage is harmless, and some is not: otherwise the files would test nothing.
    expect(read).toBeGreaterThan(FILES / 20);
    expect(read).toBeLessThan(FILES * 0.8);
  });

  it('are the same for the same seed', () => {
    const file = Uint8Array.from({ length: 500 }, (_, i) => i);
    const made = [1, 1, 2].map((seed) => damaged(file, randomAt(seed, 'synthetic', 7)));
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).not.toEqual(made[2]);
  });
});
