import type { HierarchyNode } from '../../../src/server/protocol.ts';

/** Rectangle of a node, or of small siblings that share one, in pixels. */
export interface IcicleBox {
  /** Position in the nodes; for small siblings that of the first. */
  readonly node: number;
  /** Number of siblings that share the rectangle, from 1. */
  readonly nodes: number;
  /** Positions of these siblings. */
  readonly members: readonly number[];
  /** Images of all of them. */
  readonly size: number;
  /** Column, 0 at the left. */
  readonly column: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface IcicleOptions {
  readonly width: number;
  readonly height: number;
  /** Node that fills the height; null for the whole tree. */
  readonly focus: number | null;
  readonly gap?: number;
  /** Smallest height of a rectangle of its own. */
  readonly least?: number;
}

/** Positions of the children of each node; those of -1 are the roots. */
export function childrenOf(
  nodes: readonly HierarchyNode[],
): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const [i, { parent }] of nodes.entries()) {
    const own = children.get(parent) ?? [];
    own.push(i);
    children.set(parent, own);
  }
  return children;
}

/** Nodes from the root to a node, with it. */
export function pathTo(nodes: readonly HierarchyNode[], node: number | null): number[] {
  const path: number[] = [];
  for (let at = node ?? -1; at >= 0; at = nodes[at]!.parent) path.unshift(at);
  return path;
}

/**
 * Numbers of nodes by their ways from the root, such as `2.1.3`. Siblings count from 1 by falling
 * size, as they come.
 */
export function numbersOf(nodes: readonly HierarchyNode[]): string[] {
  const counts = new Map<number, number>();
  const numbers: string[] = [];
  for (const { parent } of nodes) {
    const count = (counts.get(parent) ?? 0) + 1;
    counts.set(parent, count);
    numbers.push(parent < 0 ? String(count) : `${numbers[parent]}.${count}`);
  }
  return numbers;
}

/** Mixes lists: the first of each, then the second of each, up to a number. */
export function mixed<T>(lists: readonly (readonly T[])[], most: number): T[] {
  const longest = lists.reduce((length, list) => Math.max(length, list.length), 0);
  const all = Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => list.slice(i, i + 1)),
  );
  return all.flat().slice(0, most);
}

/**
 * Lays out a tree as columns, the coarsest level at the left. The height of a node is its share of
 * the images of its parent. Neighbors that would be lower than `least` share a rectangle.
 */
export function icicle(
  nodes: readonly HierarchyNode[],
  { width, height, focus, gap = 2, least = 19 }: IcicleOptions,
): IcicleBox[] {
  const children = childrenOf(nodes);
  const first = focus === null ? 0 : nodes[focus]!.level;
  const levels = nodes.reduce((most, { level }) => Math.max(most, level + 1), 0);
  const columns = Math.max(1, levels - first);
  const columnWidth = (width - gap * (columns - 1)) / columns;
  const boxes: IcicleBox[] = [];

  function place(siblings: readonly number[], top: number, bottom: number): void {
    const total = siblings.reduce((sum, i) => sum + nodes[i]!.size, 0);
    let at = top;
    let shared: number[] = [];
    const finish = (end: number) => {
      if (shared.length === 0) return;
      const size = shared.reduce((sum, i) => sum + nodes[i]!.size, 0);
      const column = nodes[shared[0]!]!.level - first;
      boxes.push({
        ...{ node: shared[0]!, nodes: shared.length, members: shared, size, column },
        left: column * (columnWidth + gap),
        ...{ top: at, width: columnWidth, height: Math.max(1, end - at - gap) },
      });
      if (shared.length === 1) place(children.get(shared[0]!) ?? [], at, end);
      at = end;
      shared = [];
    };
    let end = top;
    for (const i of siblings) {
      const own = ((bottom - top) * nodes[i]!.size) / total;
      // Siblings come by falling size, so that the small ones are the last.
      if (own >= least) finish(end);
      end += own;
      shared.push(i);
      if (own >= least) finish(end);
    }
    finish(bottom);
  }
  place(focus === null ? (children.get(-1) ?? []) : [focus], 0, height + gap);
  return boxes;
}

/** Pictures of a box: their side, their number, and the label's place. */
export interface BoxPictures {
  readonly side: number;
  readonly count: number;
  /** True where they stand beside the label, because the box is low. */
  readonly beside: boolean;
}

const LABEL = { width: 132, height: 22 };
const PADDING = 12;
const SPACE = 2;
/** Smallest and largest side of pictures below the label. */
const SIDES = { least: 36, most: 160 };

/**
 * Chooses the number and the side of pictures that fill a box: the largest `side² · count^1.5`, so
 * that twice as many pictures may have a little less room in all. A box that is too low for a label
 * above its pictures has them beside it.
 */
export function picturesIn(width: number, height: number, most: number): BoxPictures {
  const inside = width - PADDING;
  const high = height - LABEL.height - SPACE;
  const sideOf = (room: number, count: number) => Math.floor((room + SPACE) / count) - SPACE;
  if (high < SIDES.least) {
    const side = Math.floor(height - 4);
    const across = Math.floor((inside - LABEL.width + SPACE) / (side + SPACE));
    return { side, count: side < 14 ? 0 : Math.max(0, Math.min(most, across)), beside: true };
  }
  let best = { side: 0, count: 0, beside: false };
  for (let columns = 1; columns <= most; columns++) {
    for (let rows = 1; columns * (rows - 1) < most; rows++) {
      const side = Math.min(SIDES.most, sideOf(inside, columns), sideOf(high, rows));
      const count = Math.min(most, columns * rows);
      if (side < SIDES.least || side ** 2 * count ** 1.5 <= best.side ** 2 * best.count ** 1.5) {
        continue;
      }
      best = { side, count, beside: false };
    }
  }
  return best;
}

export type TreeKey = 'ArrowRight' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown' | 'Home' | 'End';

/**
 * Position of the box that an arrow key leads to: the first child, the parent, or the neighbor in
 * the same column. It is the same one where there is none.
 */
export function boxByKey(
  boxes: readonly IcicleBox[],
  nodes: readonly HierarchyNode[],
  at: number,
  key: TreeKey,
): number {
  const own = boxes[at];
  if (!own) return 0;
  const column = [...boxes.keys()]
    .filter((i) => boxes[i]!.column === own.column)
    .sort((a, b) => boxes[a]!.top - boxes[b]!.top);
  const place = column.indexOf(at);
  const or = (found: number | undefined) => (found === undefined || found < 0 ? at : found);
  switch (key) {
    case 'ArrowRight':
      return or(boxes.findIndex(({ node }) => own.nodes === 1 && nodes[node]!.parent === own.node));
    case 'ArrowLeft':
      return or(
        boxes.findIndex(({ node, nodes: n }) => n === 1 && node === nodes[own.node]!.parent),
      );
    case 'ArrowUp':
      return or(column[place - 1]);
    case 'ArrowDown':
      return or(column[place + 1]);
    case 'Home':
      return or(column[0]);
    case 'End':
      return or(column.at(-1));
  }
}
