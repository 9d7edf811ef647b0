import type { PlanarImage } from './planarImage.ts';

/** Mirrors an image left to right, in place. */
export function flip({ data, width }: PlanarImage): void {
  const end = data.length;
  for (let row = 0; row < end; row += width) {
    for (let a = row, b = row + width - 1; a < b; a++, b--) {
      const left = data[a]!;
      data[a] = data[b]!;
      data[b] = left;
    }
  }
}
