import { luminance } from './luminance.ts';
import type { PlanarImage } from './planarImage.ts';

/** Replaces each color by its gray value in all three planes, in place. */
export function grayscale({ data }: PlanarImage): void {
  const plane = data.length / 3;
  for (let r = 0, g = plane, b = 2 * plane; r < plane; r++, g++, b++) {
    const gray = luminance(data[r]!, data[g]!, data[b]!);
    data[r] = gray;
    data[g] = gray;
    data[b] = gray;
  }
}
