/** From a clustering to what the report shows of it: order, and which images of a large cluster. */
import type { AssignResult, Doubt, Group } from '../cluster/index.ts';
import type { ReportCluster, ReportImage } from './data.ts';

export interface ReportClustersInput {
  /** `[N]` ids of the clustered images. */
  readonly ids: readonly string[];
  /** `[N]` what the thumbnail function calls each image; its position unless given. */
  readonly indices?: ArrayLike<number>;
  readonly assignment: Pick<AssignResult, 'assignments' | 'second' | 'confidence' | 'margin' | 'similarity'>;
  readonly groups: readonly Pick<Group, 'cluster' | 'size' | 'share' | 'cohesion'>[];
  readonly doubt: Pick<Doubt, 'doubtful'>;
  /** Most images per cluster. Default 60. */
  readonly limit?: number;
}

/** Part of a large cluster's places that goes to doubtful images: its edge says as much as its middle. */
const EDGE_PART = 1 / 5;

/**
 * What to show of every cluster: all images of one that has room for them, otherwise the most typical (nearest to the
 * centre) and the most doubtful (smallest margin). Equal ones keep the order of the images.
 */
export function reportClusters({
  ids,
  indices,
  assignment,
  groups,
  doubt,
  limit = 60,
}: ReportClustersInput): ReportCluster[] {
  const { assignments: clusters, second, confidence, margin, similarity } = assignment;
  const members = new Map<number, number[]>(groups.map(({ cluster }) => [cluster, []]));
  for (let row = 0; row < ids.length; row++) members.get(clusters[row]!)?.push(row);

  const imageAt = (row: number): ReportImage => ({
    index: indices?.[row] ?? row,
    path: ids[row]!,
    confidence: confidence[row]!,
    margin: Math.max(0, margin[row]!),
    doubtful: doubt.doubtful[row] === 1,
    ...(second[row]! >= 0 && { second: second[row]! }),
  });
  return groups.map(({ cluster, size, share, cohesion }) => {
    const rows = members.get(cluster)!.sort((a, b) => similarity[b]! - similarity[a]! || a - b);
    const doubtful = rows.filter((row) => doubt.doubtful[row] === 1);
    const places = rows.length <= limit ? 0 : Math.min(doubtful.length, Math.floor(limit * EDGE_PART));
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
      doubtful: doubtful.length,
      typical: typical.map(imageAt),
      edge: edge.map(imageAt),
    };
  });
}
