import type { ClusterAnswer } from '../../../src/server/protocol.ts';
import type { WallOrder } from './urlState.ts';

const nameOf = ({ cluster, name }: ClusterAnswer) => name ?? `Cluster ${cluster}`;
const collator = new Intl.Collator('en', { numeric: true });

/** Sorts clusters for the wall: largest, most doubtful, least coherent, by number or by name. */
export function sortWall(clusters: readonly ClusterAnswer[], order: WallOrder): ClusterAnswer[] {
  const compare: Record<WallOrder, (a: ClusterAnswer, b: ClusterAnswer) => number> = {
    size: (a, b) => b.size - a.size,
    doubtful: (a, b) => b.doubtful / b.size - a.doubtful / a.size,
    cohesion: (a, b) => (a.cohesion ?? 0) - (b.cohesion ?? 0),
    number: () => 0,
    name: (a, b) => collator.compare(nameOf(a), nameOf(b)),
  };
  return [...clusters].sort((a, b) => compare[order](a, b) || a.cluster - b.cluster);
}

/** Keeps clusters whose name or number has all words of a search. */
export function filterClusters(clusters: readonly ClusterAnswer[], query: string): ClusterAnswer[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return clusters.filter((one) => words.every((word) => nameOf(one).toLowerCase().includes(word)));
}
