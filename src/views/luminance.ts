/**
 * Grey value of an RGB colour, `L = .299 R + .587 G + .114 B` (ITU-R 601-2), with 16 fractional bits and rounded to
 * the nearest integer; 0 to 255. Equal to Pillow's `convert("L")`.
 */
export function luminance(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
