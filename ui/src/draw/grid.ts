/** Part of a grid of square tiles that is in view. */
export interface GridWindow {
  readonly columns: number;
  /** Side of a tile after the columns share the width. */
  readonly tile: number;
  /** Height of all lines together. */
  readonly height: number;
  /** First and last (excluded) item to draw. */
  readonly first: number;
  readonly last: number;
  /** Distance of the first drawn line from the top. */
  readonly top: number;
}

/** Computes the tiles to draw of a grid of any length, with lines beyond both ends of the view. */
export function gridWindow(options: {
  readonly count: number;
  readonly width: number;
  readonly viewHeight: number;
  readonly scrollTop: number;
  /** Wanted side of a tile. */
  readonly tile: number;
  readonly gap: number;
  /** Lines drawn beyond the view. Default 3. */
  readonly overscan?: number;
}): GridWindow {
  const { count, width, viewHeight, scrollTop, tile, gap, overscan = 3 } = options;
  const columns = Math.max(1, Math.floor((width + gap) / (tile + gap)));
  const side = Math.max(1, Math.floor((width - (columns - 1) * gap) / columns));
  const lines = Math.ceil(count / columns);
  const pitch = side + gap;
  const firstLine = Math.max(0, Math.floor(scrollTop / pitch) - overscan);
  const lastLine = Math.min(lines, Math.ceil((scrollTop + viewHeight) / pitch) + overscan);
  return {
    columns,
    tile: side,
    height: Math.max(0, lines * pitch - gap),
    first: Math.min(count, firstLine * columns),
    last: Math.min(count, lastLine * columns),
    top: firstLine * pitch,
  };
}

/** Scroll position that shows an item wholly, or the present one where it does already. */
export function scrollToItem(
  item: number,
  { columns, tile }: GridWindow,
  gap: number,
  scrollTop: number,
  viewHeight: number,
): number {
  const top = Math.floor(item / columns) * (tile + gap);
  if (top < scrollTop) return top;
  return top + tile > scrollTop + viewHeight ? top + tile - viewHeight : scrollTop;
}
