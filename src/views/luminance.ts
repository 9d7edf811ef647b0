/**
 * Computes the gray value of an RGB color, `L = .299 R + .587 G + .114 B` (ITU-R 601-2), 0 to 255.
 * It uses 16 fractional bits, rounds to the nearest integer, and equals Pillow's `convert("L")`.
 */
export function luminance(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
