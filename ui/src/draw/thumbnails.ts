/** Pictures that load in the background, the least recently used leaving first. */
export interface ThumbnailCache {
  /** Picture of a row where it has loaded; otherwise it starts to load. */
  get(row: number): HTMLImageElement | null;
  clear(): void;
}

const AT_ONCE = 24;

/** Loads pictures by URL and calls `loaded` after each. Holds at most `most` of them. */
export function createThumbnails(
  url: (row: number) => string,
  loaded: () => void,
  most = 1500,
): ThumbnailCache {
  const images = new Map<number, HTMLImageElement>();
  const ready = new Set<HTMLImageElement>();
  let waiting = 0;
  return {
    get(row) {
      const known = images.get(row);
      if (known) {
        images.delete(row);
        images.set(row, known);
        return ready.has(known) ? known : null;
      }
      if (waiting >= AT_ONCE) return null;
      const image = new Image();
      waiting++;
      const end = (good: boolean) => {
        waiting--;
        if (good) ready.add(image);
        loaded();
      };
      image.onload = () => end(true);
      image.onerror = () => end(false);
      image.decoding = 'async';
      image.src = url(row);
      images.set(row, image);
      if (images.size > most) {
        const [oldest, gone] = images.entries().next().value!;
        images.delete(oldest);
        ready.delete(gone);
      }
      return null;
    },
    clear() {
      images.clear();
      ready.clear();
    },
  };
}

/**
 * Chooses rows whose pictures fit on the canvas without overlap: candidates `[row, x, y, …]` in
 * pixels, the most important first. Gives `[row, x, y, …]`.
 */
export function placeThumbnails(candidates: readonly number[], side: number): number[] {
  const taken = new Map<number, number[]>();
  const key = (cx: number, cy: number) => cx * 65_536 + cy;
  const placed: number[] = [];
  for (let i = 0; i < candidates.length; i += 3) {
    const [row, x, y] = [candidates[i]!, candidates[i + 1]!, candidates[i + 2]!];
    const [cx, cy] = [Math.floor(x / side), Math.floor(y / side)];
    let free = true;
    for (let dx = -1; dx <= 1 && free; dx++) {
      for (let dy = -1; dy <= 1 && free; dy++) {
        const others = taken.get(key(cx + dx + 1, cy + dy + 1));
        for (let j = 0; others && j < others.length; j += 2) {
          if (Math.abs(others[j]! - x) < side && Math.abs(others[j + 1]! - y) < side) free = false;
        }
      }
    }
    if (!free) continue;
    const cell = key(cx + 1, cy + 1);
    const list = taken.get(cell);
    if (list) list.push(x, y);
    else taken.set(cell, [x, y]);
    placed.push(row, x, y);
  }
  return placed;
}
