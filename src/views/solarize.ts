import type { PlanarImage } from './planarImage.ts';

/** Inverts every value of at least `threshold` in place: `v < threshold ? v : 255 - v`. */
export function solarize({ data }: PlanarImage, threshold: number): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value >= threshold) data[i] = 255 - value;
  }
}
