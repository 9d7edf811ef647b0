/** Clusters of a report after the changes of a person. */
import { findDoubtful } from '../cluster/index.ts';
import type { EditedClustering, ReportCluster } from '../run/index.ts';

/**
 * Applies edits to the clusters of a report.
 *
 * Sizes and counts are those of all images. Examples are those of the found clusters, by the
 * cluster that they are in now, so that a new cluster may have few. Cohesion is the mean of the
 * found clusters, weighted by the members that came from each. A changed cluster has no separation,
 * which is measured between the found ones.
 */
export function editedReport(
  found: readonly ReportCluster[],
  { images, edited, stored }: EditedClustering,
): ReportCluster[] {
  const margins = Float32Array.from(images, ({ margin }) => margin);
  const { doubtful } = findDoubtful(margins, { of: stored.head ? 'probability' : 'cosine' });
  const clusterOf = new Map(images.map(({ path }, row) => [path, edited.clusters[row]!]));
  const cohesions = new Map(found.map(({ cluster, cohesion }) => [cluster, cohesion]));
  const facts = new Map(
    edited.numbers.map((cluster) => [cluster, { size: 0, doubtful: 0, cohesion: 0, strangers: 0 }]),
  );
  for (const [row, image] of images.entries()) {
    const fact = facts.get(edited.clusters[row]!);
    if (!fact) continue; // junk
    fact.size++;
    fact.doubtful += doubtful[row]!;
    fact.cohesion += cohesions.get(image.cluster) ?? 0;
    if (image.cluster !== edited.clusters[row]) fact.strangers++;
  }
  const before = new Map(found.map((cluster) => [cluster.cluster, cluster]));
  const typical = found.flatMap((cluster) => cluster.typical);
  const edge = found.flatMap((cluster) => cluster.edge);
  return edited.numbers.flatMap((cluster) => {
    const { size, doubtful, cohesion, strangers } = facts.get(cluster)!;
    if (size === 0) return [];
    const own = before.get(cluster);
    const share = size / images.length;
    if (strangers === 0 && own?.size === size) return [{ ...own, share }];
    const inside = ({ path }: { path: string }) => clusterOf.get(path) === cluster;
    return [
      {
        ...{ cluster, size, doubtful, share, cohesion: cohesion / size },
        typical: typical.filter(inside).sort((a, b) => b.confidence - a.confidence),
        edge: edge.filter(inside).sort((a, b) => a.margin - b.margin),
      },
    ];
  });
}
