/** Example images of each cluster: the most typical and the most doubtful. */
import type { AssignResult, Doubt, Group } from '../cluster/index.ts';
import type { ExampleImage, ReportCluster } from '../run/index.ts';

export interface ReportClustersInput {
  /** Ids of the clustered images [N]. */
  readonly ids: readonly string[];
  readonly assignment: Pick<
    AssignResult,
    'assignments' | 'second' | 'confidence' | 'margin' | 'similarity'
  >;
  readonly groups: readonly Pick<Group, 'cluster' | 'size' | 'share' | 'cohesion' | 'separation'>[];
  readonly doubt: Pick<Doubt, 'doubtful'>;
  /** Largest number of images per cluster. Default 60. */
  readonly limit?: number;
}

/** Fraction of a large cluster's examples that are doubtful images. */
const EDGE_FRACTION = 1 / 5;

/**
 * Chooses examples of every cluster: all images of a small one, otherwise the most typical (nearest
 * to the center) and the most doubtful (smallest margin). Ties keep the order of the images.
 */
export function reportClusters({
  ids,
  assignment,
  groups,
  doubt,
  limit = 60,
}: ReportClustersInput): ReportCluster[] {
  const { assignments: clusters, second, confidence, margin, similarity } = assignment;
  const members = new Map<number, number[]>(groups.map(({ cluster }) => [cluster, []]));
  for (let row = 0; row < ids.length; row++) members.get(clusters[row]!)?.push(row);

  const imageAt = (row: number): ExampleImage => ({
    path: ids[row]!,
    confidence: confidence[row]!,
    margin: Math.max(0, margin[row]!),
    doubtful: doubt.doubtful[row] === 1,
    ...(second[row]! >= 0 && { second: second[row]! }),
  });
  return groups.map(({ cluster, size, share, cohesion, separation }) => {
    const rows = members.get(cluster)!.sort((a, b) => similarity[b]! - similarity[a]! || a - b);
    const doubtful = rows.filter((row) => doubt.doubtful[row] === 1);
    const places =
      rows.length <= limit ? 0 : Math.min(doubtful.length, Math.floor(limit * EDGE_FRACTION));
    const typical = rows.slice(0, limit - places);
    const shown = new Set(typical);
    const edge = doubtful
      .filter((row) => !shown.has(row))
      .sort((a, b) => margin[a]! - margin[b]! || a - b)
      .slice(0, places);
    return {
      cluster,
      size,
      share,
      cohesion,
      separation,
      doubtful: doubtful.length,
      typical: typical.map(imageAt),
      edge: edge.map(imageAt),
    };
  });
}
