/** Pixels of a disc as horizontal runs: `[dy, dx0, dx1, …]`, both ends included. */
export function discRuns(diameter: number): Int32Array {
  const size = Math.max(1, Math.round(diameter));
  const runs: number[] = [];
  const radius = size / 2;
  const start = -Math.floor(size / 2);
  for (let dy = start; dy < start + size; dy++) {
    const y = dy - start + 0.5 - radius;
    // A little more than the radius keeps discs of 3 pixels square and those of 4 round.
    const half = Math.sqrt(Math.max(0, (radius + 0.15) ** 2 - y * y));
    const dx0 = Math.max(start, Math.round(start + radius - half));
    const dx1 = Math.min(start + size - 1, Math.round(start + radius + half) - 1);
    if (dx1 >= dx0) runs.push(dy, dx0, dx1);
  }
  return Int32Array.from(runs);
}

/**
 * Pixels of a disc with soft edges: `[dy, dx, coverage, …]` with a coverage of 1 to 256, from a
 * 4 × 4 grid of samples in each pixel.
 */
export function softDisc(diameter: number): Int32Array {
  const radius = diameter / 2;
  const reach = Math.ceil(radius + 0.5);
  const cells: number[] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      let inside = 0;
      for (let s = 0; s < 16; s++) {
        const [x, y] = [dx + ((s & 3) + 0.5) / 4 - 0.5, dy + ((s >> 2) + 0.5) / 4 - 0.5];
        if (x * x + y * y <= radius * radius) inside += 16;
      }
      if (inside > 0) cells.push(dy, dx, inside);
    }
  }
  return Int32Array.from(cells);
}

/** Mixes two pixels: weight 0 to 256 of the first. */
function mix(a: number, b: number, weight: number): number {
  const rest = 256 - weight;
  const outer = ((a & 0xff00ff) * weight + (b & 0xff00ff) * rest) >>> 8;
  const inner = (((a >>> 8) & 0xff) * weight + ((b >>> 8) & 0xff) * rest) & 0xff00;
  return (0xff000000 | (outer & 0xff00ff) | inner) >>> 0;
}

/** Writes discs with soft edges, as {@link drawDiscs} writes hard ones. */
export function drawSoftDiscs(
  target: { readonly pixels: Uint32Array; readonly width: number; readonly height: number },
  points: {
    readonly positions: Float32Array;
    readonly colors: Uint32Array;
    readonly order: Uint32Array;
  },
  view: { readonly scale: number; readonly dx: number; readonly dy: number },
  diameter: number,
): void {
  const { pixels, width, height } = target;
  const { positions, colors, order } = points;
  const cells = softDisc(diameter);
  const reach = Math.ceil(diameter / 2) + 2;
  const [right, bottom] = [width - reach, height - reach];
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const sx = (positions[2 * row]! * view.scale + view.dx) | 0;
    const sy = (view.dy - positions[2 * row + 1]! * view.scale) | 0;
    if (sx < reach || sy < reach || sx >= right || sy >= bottom) continue;
    const color = colors[row]!;
    const at = sy * width + sx;
    for (let c = 0; c < cells.length; c += 3) {
      const p = at + cells[c]! * width + cells[c + 1]!;
      const weight = cells[c + 2]!;
      pixels[p] = weight === 256 ? color : mix(color, pixels[p]!, weight);
    }
  }
}

/**
 * Writes discs into pixels, uint32 [height, width]. `step` draws each step-th point of the order
 * alone. A disc that crosses the border is left out; the buffer has a margin for this.
 */
export function drawDiscs(
  target: { readonly pixels: Uint32Array; readonly width: number; readonly height: number },
  points: {
    readonly positions: Float32Array;
    readonly colors: Uint32Array;
    readonly order: Uint32Array;
  },
  view: { readonly scale: number; readonly dx: number; readonly dy: number },
  diameter: number,
  step = 1,
): void {
  const { pixels, width, height } = target;
  const { positions, colors, order } = points;
  const { scale, dx, dy } = view;
  const runs = discRuns(diameter);
  const reach = Math.ceil(diameter / 2) + 1;
  const [right, bottom] = [width - reach, height - reach];
  const count = order.length;
  const small = Math.round(diameter);
  for (let i = 0; i < count; i += step) {
    const row = order[i]!;
    const sx = (positions[2 * row]! * scale + dx) | 0;
    const sy = (dy - positions[2 * row + 1]! * scale) | 0;
    if (sx < reach || sy < reach || sx >= right || sy >= bottom) continue;
    const color = colors[row]!;
    const at = sy * width + sx;
    if (small === 1) {
      pixels[at] = color;
    } else if (small === 2) {
      pixels[at - width - 1] = color;
      pixels[at - width] = color;
      pixels[at - 1] = color;
      pixels[at] = color;
    } else if (small === 3) {
      pixels[at - width - 1] = color;
      pixels[at - width] = color;
      pixels[at - width + 1] = color;
      pixels[at - 1] = color;
      pixels[at] = color;
      pixels[at + 1] = color;
      pixels[at + width - 1] = color;
      pixels[at + width] = color;
      pixels[at + width + 1] = color;
    } else {
      for (let r = 0; r < runs.length; r += 3) {
        const line = at + runs[r]! * width;
        const end = line + runs[r + 2]!;
        for (let p = line + runs[r + 1]!; p <= end; p++) pixels[p] = color;
      }
    }
  }
}
