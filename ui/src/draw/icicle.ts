import type { HierarchyNode } from '../../../src/server/protocol.ts';

/** Rectangle of a node, or of small siblings that share one, in pixels. */
export interface IcicleBox {
  /** Position in the nodes; for small siblings that of the first. */
  readonly node: number;
  /** Number of siblings that share the rectangle, from 1. */
  readonly nodes: number;
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
        ...{ node: shared[0]!, nodes: shared.length, size, column },
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

const LABEL = { width: 128, height: 22 };
const PADDING = 12;
const SPACE = 2;
const sides = [84, 64, 48, 36];

/** Chooses the largest pictures of which all fit a box, or as many of the smallest as fit. */
export function picturesIn(width: number, height: number, most: number): BoxPictures {
  const inside = width - PADDING;
  const fit = (side: number, room: number) =>
    Math.max(0, Math.floor((room + SPACE) / (side + SPACE)));
  const high = height - LABEL.height - SPACE;
  const least = sides.at(-1)!;
  if (high < least) {
    const side = Math.min(least, Math.floor(height - 4));
    const count = side < 14 ? 0 : Math.min(most, fit(side, inside - LABEL.width));
    return { side, count, beside: true };
  }
  const countOf = (side: number) => Math.min(most, fit(side, inside) * fit(side, high));
  const side = sides.find((one) => countOf(one) >= most) ?? least;
  return { side, count: countOf(side), beside: false };
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
