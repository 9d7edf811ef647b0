/** Coordinates between two maps of the same images: all of `from` at 0, all of `to` at 1. */
export function between(
  from: readonly number[],
  to: readonly number[],
  progress: number,
): readonly number[] {
  if (progress >= 1 || from.length !== to.length) return to;
  // Slow at both ends.
  const t = progress * progress * (3 - 2 * progress);
  return to.map((value, i) => from[i]! + t * (value - from[i]!));
}

/** Pixels of coordinates in -1 to 1, within a margin, with equal scales on both axes. */
export function toPixels(
  places: readonly number[],
  size: { readonly width: number; readonly height: number },
  margin = 14,
): Float32Array {
  const half = Math.max(1, Math.min(size.width, size.height) / 2 - margin);
  return Float32Array.from(places, (value, i) =>
    i % 2 === 0 ? size.width / 2 + half * value : size.height / 2 - half * value,
  );
}

/** Position of the point that is nearest to a pixel; -1 where none is within `most` pixels. */
export function nearestPoint(pixels: Float32Array, x: number, y: number, most = 14): number {
  let [at, least] = [-1, most * most];
  for (let i = 0; 2 * i < pixels.length; i++) {
    const squared = (pixels[2 * i]! - x) ** 2 + (pixels[2 * i + 1]! - y) ** 2;
    if (squared <= least) [at, least] = [i, squared];
  }
  return at;
}
