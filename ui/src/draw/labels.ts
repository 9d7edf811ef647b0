/** Text at a place of the world, with a weight that decides who yields. */
export interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly weight: number;
  readonly value: number;
}

/** Label on the canvas: the middle of its text in pixels, and its width. */
export interface PlacedLabel extends Label {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

const HEIGHT = 18;
/** Room around a label in which no other one begins. */
const ROOM = 14;

/** Finds the middle of each category: medians of x and of y over at most 2,000 of its rows. */
export function categoryCenters(
  groups: ReadonlyMap<number, ArrayLike<number>>,
  positions: Float32Array,
): Map<number, { x: number; y: number }> {
  const centers = new Map<number, { x: number; y: number }>();
  for (const [value, rows] of groups) {
    const step = Math.max(1, Math.floor(rows.length / 2000));
    const [xs, ys]: [number[], number[]] = [[], []];
    for (let i = 0; i < rows.length; i += step) {
      const [x, y] = [positions[2 * rows[i]!]!, positions[2 * rows[i]! + 1]!];
      if (Number.isNaN(x + y)) continue;
      xs.push(x);
      ys.push(y);
    }
    if (xs.length === 0) continue;
    const middle = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
    centers.set(value, { x: middle(xs), y: middle(ys) });
  }
  return centers;
}

/**
 * Places labels without overlap, the heaviest first. A closer view has more room between the
 * centers, so more labels appear as one zooms in.
 */
export function placeLabels(
  labels: readonly Label[],
  toPixel: (x: number, y: number) => { x: number; y: number },
  measure: (text: string) => number,
  size: { readonly width: number; readonly height: number },
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => b.weight - a.weight)) {
    const { x, y } = toPixel(label.x, label.y);
    const width = measure(label.text) + 10;
    if (x + width / 2 < 0 || x - width / 2 > size.width || y < -HEIGHT || y > size.height + HEIGHT)
      continue;
    const free = placed.every(
      (other) =>
        Math.abs(other.left - x) > (other.width + width) / 2 + ROOM ||
        Math.abs(other.top - y) > HEIGHT + ROOM,
    );
    if (free) placed.push({ ...label, left: x, top: y, width });
  }
  return placed;
}
