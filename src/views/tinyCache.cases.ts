/** Small synthetic pixel cache for tests of the loader. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomAt } from '../core/random.ts';
import type { CacheLayout } from './jobs.ts';

/** Writes `count` images with sides of 9 to 20 pixels and returns their layout. */
export function tinyCache(count: number): CacheLayout {
  const random = randomAt(11, 'synthetic', count);
  const widths = Uint16Array.from({ length: count }, () => 9 + random.integer(12));
  const heights = Uint16Array.from({ length: count }, () => 9 + random.integer(12));
  const offsets = new Float64Array(count);
  let length = 16; // offset of a header
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
