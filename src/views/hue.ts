/**
 * Hue rotation through 8-bit HSV; all bytes equal those of Pillow's conversions.
 *
 * With `M`, `m` the largest and smallest component and `c = M - m`: `V = M`, `S = c / M`, and
 * `H = ((B' - G') or (2 + R' - B') or (4 + G' - R')) / 6` for M = R, G, B, where `X' = (M - X) /
 * c`. H and S are truncated to integers from 0 to 255, and the shift is added modulo 256. As in
 * Pillow, the round trip loses precision even for a shift of 0.
 *
 * `Math.fround` rounds wherever Pillow computes in single precision.
 */
import type { PlanarImage } from './planarImage.ts';

const { fround } = Math;

/** Sextant of the color wheel by 8-bit hue, and the fraction within it in `remainders`. */
const sextants = new Uint8Array(256);
const remainders = new Float32Array(256);
/** Saturation as a fraction, by its 8-bit value. */
const fractions = new Float32Array(256);
for (let i = 0; i < 256; i++) {
  const sextant = Math.floor((i * 6) / 255);
  sextants[i] = sextant % 6;
  remainders[i] = (i * 6) / 255 - sextant;
  fractions[i] = i / 255;
}

/** Shifts the hue of every pixel by `shift` turns of the color wheel (-0.5 to 0.5), in place. */
export function adjustHue({ data }: PlanarImage, shift: number): void {
  const plane = data.length / 3;
  const steps = Math.trunc(shift * 255) & 255;
  for (let i = 0, j = plane, k = 2 * plane; i < plane; i++, j++, k++) {
    const red = data[i]!;
    const green = data[j]!;
    const blue = data[k]!;
    const max = Math.max(red, green, blue);
    const min = Math.min(red, green, blue);
    const chroma = max - min;
    if (chroma === 0) continue; // gray has no hue
    let turn: number;
    if (red === max) turn = fround(fround((max - blue) / chroma) - fround((max - green) / chroma));
    else if (green === max)
      turn = fround(2 + fround((max - red) / chroma) - fround((max - blue) / chroma));
    else turn = fround(4 + fround((max - green) / chroma) - fround((max - red) / chroma));
    turn = turn / 6 + 1; // [5/6, 2)
    const hue = ((fround(turn >= 1 ? turn - 1 : turn) * 255) | 0) + steps;
    const saturation = (fround(chroma / max) * 255) | 0;
    if (saturation === 0) {
      data[i] = data[j] = data[k] = max;
      continue;
    }
    const f = remainders[hue & 255]!;
    const s = fractions[saturation]!;
    const p = (max * (1 - s) + 0.5) | 0;
    const q = (max * (1 - fround(s * f)) + 0.5) | 0;
    const t = (max * (1 - s * (1 - f)) + 0.5) | 0;
    switch (sextants[hue & 255]) {
      case 0:
        data[i] = max;
        data[j] = t;
        data[k] = p;
        break;
      case 1:
        data[i] = q;
        data[j] = max;
        data[k] = p;
        break;
      case 2:
        data[i] = p;
        data[j] = max;
        data[k] = t;
        break;
      case 3:
        data[i] = p;
        data[j] = q;
        data[k] = max;
        break;
      case 4:
        data[i] = t;
        data[j] = p;
        data[k] = max;
        break;
      default:
        data[i] = max;
        data[j] = p;
        data[k] = q;
    }
  }
}
