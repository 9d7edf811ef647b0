/**
 * Uniform grid over points of the plane from -1 to 1, for questions of the pointer. Points that are
 * NaN are in no cell. Rows of cell c are `rows[starts[c]] … rows[starts[c + 1] - 1]`.
 */
export interface PointIndex {
  readonly positions: Float32Array;
  readonly side: number;
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

const cellOf = (value: number, side: number) =>
  Math.min(side - 1, Math.max(0, Math.floor(((value + 1) / 2) * side)));

/** Sorts positions [N, 2] into cells of about two points, by counting. */
export function buildPointIndex(positions: Float32Array): PointIndex {
  const count = positions.length / 2;
  const side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(count / 2))));
  const starts = new Uint32Array(side * side + 1);
  const cells = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const [x, y] = [positions[2 * row]!, positions[2 * row + 1]!];
    const cell = !Number.isNaN(x + y) ? cellOf(y, side) * side + cellOf(x, side) : -1;
    cells[row] = cell;
    if (cell >= 0) starts[cell + 1]!++;
  }
  for (let cell = 0; cell < side * side; cell++) starts[cell + 1]! += starts[cell]!;
  const next = starts.slice();
  const rows = new Uint32Array(starts[side * side]!);
  for (let row = 0; row < count; row++) {
    if (cells[row]! >= 0) rows[next[cells[row]!]!++] = row;
  }
  return { positions, side, starts, rows };
}

/** Calls a function with each row in a box of the world, until it returns false. */
export function eachIn(
  { positions, side, starts, rows }: PointIndex,
  box: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number },
  visit: (row: number, x: number, y: number) => boolean,
): void {
  const [left, right] = [cellOf(box.x0, side), cellOf(box.x1, side)];
  const [low, high] = [cellOf(box.y0, side), cellOf(box.y1, side)];
  for (let cy = low; cy <= high; cy++) {
    const [from, to] = [starts[cy * side + left]!, starts[cy * side + right + 1]!];
    for (let i = from; i < to; i++) {
      const row = rows[i]!;
      const [x, y] = [positions[2 * row]!, positions[2 * row + 1]!];
      if (x < box.x0 || x > box.x1 || y < box.y0 || y > box.y1) continue;
      if (!visit(row, x, y)) return;
    }
  }
}

/** Finds the row nearest to a point within a radius, among those that `among` accepts; or -1. */
export function nearestRow(
  index: PointIndex,
  x: number,
  y: number,
  radius: number,
  among: (row: number) => boolean = () => true,
): number {
  let best = -1;
  let least = radius * radius;
  const box = { x0: x - radius, x1: x + radius, y0: y - radius, y1: y + radius };
  eachIn(index, box, (row, px, py) => {
    const squared = (px - x) ** 2 + (py - y) ** 2;
    if (squared <= least && among(row)) {
      least = squared;
      best = row;
    }
    return true;
  });
  return best;
}

/** Lists rows inside a polygon of world points `[x0, y0, x1, y1, …]` by the even-odd rule. */
export function rowsInside(index: PointIndex, polygon: readonly number[]): number[] {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (let i = 0; i < polygon.length; i += 2) {
    box.x0 = Math.min(box.x0, polygon[i]!);
    box.x1 = Math.max(box.x1, polygon[i]!);
    box.y0 = Math.min(box.y0, polygon[i + 1]!);
    box.y1 = Math.max(box.y1, polygon[i + 1]!);
  }
  const found: number[] = [];
  if (polygon.length < 6) return found;
  eachIn(index, box, (row, x, y) => {
    let inside = false;
    let [px, py] = [polygon.at(-2)!, polygon.at(-1)!];
    for (let i = 0; i < polygon.length; i += 2) {
      const [qx, qy] = [polygon[i]!, polygon[i + 1]!];
      if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) inside = !inside;
      [px, py] = [qx, qy];
    }
    if (inside) found.push(row);
    return true;
  });
  return found.sort((a, b) => a - b);
}
