/** The learned hierarchy of a clustering for the page. */
import { LikenessError } from '../core/errors.ts';
import { ranksWithin } from './featureMath.ts';
import type { HierarchyAnswer, HierarchyNode } from './hierarchyProtocol.ts';
import type { OpenedClusters, OpenedRun } from './openedRun.ts';

/** Typical images of a node. */
const MAX_TYPICAL = 12;

/** Tree for the page, with the finest node of each image. */
export interface PageHierarchy {
  readonly answer: HierarchyAnswer;
  /** Position of the finest node of each image in `nodes`, [N]. */
  readonly leaves: Int32Array;
}

const trees = new WeakMap<OpenedClusters, Promise<PageHierarchy>>();

/**
 * Describes the learned tree. Prototypes without an image are left out.
 *
 * @throws LikenessError `explore.noHierarchy`
 */
export function describeHierarchy({ clusters }: OpenedRun): Promise<PageHierarchy> {
  if (!clusters?.hierarchy) {
    throw new LikenessError(
      'explore.noHierarchy',
      'The run has no learned hierarchy. HCSC learns one; cluster its images again.',
    );
  }
  const known = trees.get(clusters) ?? makeTree(clusters);
  trees.set(clusters, known);
  known.catch(() => trees.delete(clusters));
  return known;
}

async function makeTree(clusters: OpenedClusters): Promise<PageHierarchy> {
  const { counts, leaves, parents } = clusters.hierarchy!;
  // Prototype of each image at each level, finest first.
  const assigned = [leaves];
  for (const level of parents) assigned.push(assigned.at(-1)!.map((c) => level[c]!));
  const nodes: HierarchyNode[] = [];
  let above: ReadonlyMap<number, number> = new Map();
  for (let l = counts.length - 1; l >= 0; l--) {
    const own = assigned[l]!;
    const order = await ranksOf(clusters, own, counts[l]!);
    const found = new Map<number, { size: number; typical: number[] }>();
    for (const [row, prototype] of own.entries()) {
      const node = found.get(prototype) ?? { size: 0, typical: [] };
      node.size++;
      const rank = order[row]!;
      if (rank >= 0 && rank < MAX_TYPICAL) node.typical[rank] = row;
      found.set(prototype, node);
    }
    const places = new Map<number, number>();
    const sorted = [...found].sort(([a, x], [b, y]) => y.size - x.size || a - b);
    for (const [prototype, { size, typical }] of sorted) {
      const parent = l === counts.length - 1 ? -1 : above.get(parents[l]![prototype]!)!;
      places.set(prototype, nodes.length);
      nodes.push({ level: counts.length - 1 - l, prototype, parent, size, typical });
    }
    above = places;
  }
  return {
    answer: { levels: counts.length, nodes },
    leaves: leaves.map((prototype) => above.get(prototype)!),
  };
}

/** Rank of each image among those of its prototype, the most typical at 0. */
async function ranksOf(
  { features, images }: OpenedClusters,
  assigned: Int32Array,
  count: number,
): Promise<ArrayLike<number>> {
  if (features) return (await features.typicality(assigned)).order;
  const scores = Float32Array.from(images, ({ confidence }) => confidence);
  return ranksWithin(assigned, scores, count);
}
