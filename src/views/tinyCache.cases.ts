/** A small pixel cache of our own making, for tests of the loader. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomAt } from '../core/random.ts';
import type { CacheLayout } from './jobs.ts';

/** Writes `count` images of different sizes, 9 to 20 pixels, and says where they lie. */
export function tinyCache(count: number): CacheLayout {
  const random = randomAt(11, 'synthetic', count);
  const widths = Uint16Array.from({ length: count }, () => 9 + random.integer(12));
  const heights = Uint16Array.from({ length: count }, () => 9 + random.integer(12));
  const offsets = new Float64Array(count);
  let length = 16; // as if a header stood in front
  for (let i = 0; i < count; i++) {
    offsets[i] = length;
    length += 3 * widths[i]! * heights[i]!;
  }
  const file = join(mkdtempSync(join(tmpdir(), 'likeness-views-')), 'pixels.bin');
  writeFileSync(
    file,
    Uint8Array.from({ length }, () => random.integer(256)),
  );
  return { file, widths, heights, offsets };
}
