import { luminance } from './luminance.ts';
import type { PlanarImage } from './planarImage.ts';

/** Replaces each colour by its grey value, in all three planes, in place. */
export function greyscale({ data }: PlanarImage): void {
  const plane = data.length / 3;
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    const grey = luminance(data[r]!, data[g]!, data[b]!);
    data[r] = grey;
    data[g] = grey;
    data[b] = grey;
  }
}
