/** Overview of the opened run and its columns. */
import { settingsInWords } from '../report/index.ts';
import { JUNK, momentLimits } from '../run/index.ts';
import { ranksWithin, type Typicality } from './featureMath.ts';
import { fileColumnsOf } from './fileColumns.ts';
import { stepsOfMoments } from './moments.ts';
import { type OpenedRun, stateOf } from './openedRun.ts';
import type {
  ClusterAnswer,
  ColumnAnswer,
  ColumnName,
  JobAnswer,
  LayoutAnswer,
  RunAnswer,
} from './protocol.ts';

/** Typical images of a cluster in the overview. */
const MAX_TYPICAL = 24;

/** Members of clusters by how typical they are. */
export type Ranking = Pick<Typicality, 'order'> & {
  readonly cohesion: ReadonlyMap<number, number>;
};

/**
 * Ranks the members of the clusters after edits by their features, or by the confidence where the
 * features are gone.
 */
export async function rank({ clusters }: OpenedRun): Promise<Ranking | undefined> {
  if (!clusters) return undefined;
  const assigned = clusters.edits.current().clusters;
  if (clusters.features) {
    const found = await clusters.features.typicality(assigned);
    const cohesion = new Map(
      [...found.clusters].map((cluster, place) => [cluster, found.cohesion[place]!]),
    );
    return { order: found.order, cohesion };
  }
  const numbers = [...new Set(assigned)].filter((cluster) => cluster >= 0);
  const placeOf = new Map(numbers.map((cluster, place) => [cluster, place]));
  const places = assigned.map((cluster) => placeOf.get(cluster) ?? -1);
  const scores = Float32Array.from(clusters.images, ({ confidence }) => confidence);
  return { order: ranksWithin(places, scores, numbers.length), cohesion: new Map() };
}

/** Describes the clusters after edits. */
export function clusterAnswers(
  { clusters }: OpenedRun,
  ranking: Ranking | undefined,
): ClusterAnswer[] {
  if (!clusters || !ranking) return [];
  const { numbers, names, locked, clusters: assigned } = clusters.edits.current();
  const found = new Map(
    numbers.map((cluster) => [cluster, { size: 0, doubtful: 0, typical: [] as number[] }]),
  );
  for (const [row, cluster] of assigned.entries()) {
    const facts = found.get(cluster);
    if (!facts) continue;
    facts.size++;
    facts.doubtful += clusters.doubtful[row]!;
    const place = ranking.order[row]!;
    if (place < MAX_TYPICAL) facts.typical[place] = row;
  }
  return numbers.map((cluster) => {
    const name = names.get(cluster);
    const cohesion = ranking.cohesion.get(cluster);
    return {
      ...{ cluster, ...found.get(cluster)!, locked: locked.has(cluster) },
      ...(name !== undefined && { name }),
      ...(cohesion !== undefined && { cohesion }),
    };
  });
}

/** Describes the opened run. */
export async function overviewOf(
  run: OpenedRun,
  { ranking, jobs }: { ranking: Ranking | undefined; jobs: readonly JobAnswer[] },
): Promise<RunAnswer> {
  const { folder, config, clusters, source, report } = run;
  return {
    ...{ name: run.name, method: run.method, key: run.key },
    state: folder && config ? await stateOf(folder, config.kind) : 'features',
    settings:
      report?.settings ??
      (config ? settingsInWords(config, { step: clusters?.stored.step ?? 0 }) : []),
    source: {
      name: source?.images.name ?? run.sourcePath.split(/[/\\]/).at(-1)!,
      path: run.sourcePath,
      found: source !== undefined,
      isFolder: source?.isFolder ?? false,
    },
    images: run.ids.length,
    skipped: report?.counts.skipped ?? 0,
    clusters: clusterAnswers(run, ranking),
    ...(clusters && { kReason: clusters.stored.kReason }),
    ...(clusters?.hierarchy && { levels: clusters.hierarchy.counts.length }),
    ...(report?.colorAgreement && { colorAgreement: report.colorAgreement.text }),
    ...(run.clustering !== undefined && { clustering: run.clustering }),
    clusterings: run.clusterings,
    columns: columnsOf(run),
    layouts: layoutsOf(run, await stepsOfMoments(run)),
    edits: clusters?.edits.answer() ?? { version: 0 },
    jobs,
    writable: run.writable && clusters !== undefined,
  };
}

/** Lists the moments of a training, or the maps of the report where there are fewer. */
function layoutsOf({ maps, clusters, ids }: OpenedRun, moments: readonly number[]): LayoutAnswer[] {
  const stored = maps?.maps.slice(0, -1) ?? [];
  const hasNow = clusters?.features !== undefined;
  const earlier = moments.filter((step) => !hasNow || step < clusters.stored.step);
  const sampled: LayoutAnswer[] =
    earlier.length >= stored.length
      ? earlier.map((step) => ({
          ...{ step, title: `after step ${step}`, final: false },
          images: Math.min(momentLimits.images, ids.length),
        }))
      : stored.map(({ step, title }) => ({
          ...{ step, title, final: false, images: maps!.ids.length },
        }));
  if (!hasNow) return sampled;
  const { step } = clusters.stored;
  return [...sampled, { step, title: 'now', final: true, images: ids.length }];
}

/** Lists the columns that the run has. */
export function columnsOf(run: OpenedRun): ColumnAnswer[] {
  const { clusters, labelNames, labels } = run;
  const number = (name: ColumnName, title: string): ColumnAnswer => ({
    name,
    title,
    kind: 'number',
  });
  return [
    ...(clusters
      ? [
          { name: 'cluster', title: 'Cluster', kind: 'category' } as const,
          number('confidence', 'Confidence'),
          number('margin', 'Margin'),
          number('order', 'Rank in cluster'),
        ]
      : []),
    ...(clusters?.features && clusters.stored.k > 1
      ? [{ name: 'second', title: 'Second cluster', kind: 'category' } as const]
      : []),
    ...(labels && labelNames
      ? [{ name: 'label', title: 'Label', kind: 'category', values: labelNames } as const]
      : []),
    ...fileColumnsOf(run),
  ];
}

/** Values of the columns that need no reading, [N]; undefined for others. */
export function plainColumn(
  { clusters, labels }: OpenedRun,
  ranking: Ranking | undefined,
  name: ColumnName,
): Int32Array | Float32Array | undefined {
  switch (name) {
    case 'cluster':
      return clusters?.edits.current().clusters;
    case 'confidence':
      return clusters && Float32Array.from(clusters.images, ({ confidence }) => confidence);
    case 'margin':
      return clusters && Float32Array.from(clusters.images, ({ margin }) => margin);
    case 'order':
      return ranking && Float32Array.from(ranking.order, (rank) => (rank < 0 ? Number.NaN : rank));
    case 'label':
      return labels;
    default:
      return undefined;
  }
}

/** Name of a cluster for people. */
export function clusterTitle({ clusters }: OpenedRun, cluster: number): string {
  if (cluster === JUNK) return 'junk';
  const name = clusters?.edits.current().names.get(cluster);
  return name === undefined ? `cluster ${cluster}` : `cluster ${cluster} ("${name}")`;
}
