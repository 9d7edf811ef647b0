/** Overview of the opened run and its columns. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { isolatedDecoder } from '../data/index.ts';
import { settingsInWords } from '../report/index.ts';
import { JUNK } from '../run/index.ts';
import { ranksWithin, type Typicality } from './featureMath.ts';
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
/** Most images whose sizes are read from their files. */
const MAX_MEASURED = 50_000;

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
    ...(report?.colorAgreement && { colorAgreement: report.colorAgreement.text }),
    ...(run.clustering !== undefined && { clustering: run.clustering }),
    clusterings: run.clusterings,
    columns: columnsOf(run),
    layouts: layoutsOf(run),
    edits: clusters?.edits.answer() ?? { version: 0 },
    jobs,
    writable: run.writable && clusters !== undefined,
  };
}

function layoutsOf({ maps, clusters, ids }: OpenedRun): LayoutAnswer[] {
  const sampled = (maps?.maps.slice(0, -1) ?? []).map(({ step, title }) => ({
    ...{ step, title, final: false, images: maps!.ids.length },
  }));
  if (!clusters?.features) return sampled;
  const { step } = clusters.stored;
  return [...sampled, { step, title: 'now', final: true, images: ids.length }];
}

/** Lists the columns that the run has. */
export function columnsOf({
  clusters,
  labelNames,
  labels,
  source,
  ids,
}: OpenedRun): ColumnAnswer[] {
  const number = (name: ColumnName, title: string): ColumnAnswer => ({
    name,
    title,
    kind: 'number',
  });
  const files = source?.isFolder === true;
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
    ...(files ? [{ name: 'date', title: 'Date', kind: 'date' } as const] : []),
    ...(files ? [number('bytes', 'File size')] : []),
    ...(source && ids.length <= MAX_MEASURED
      ? [number('width', 'Width'), number('height', 'Height')]
      : []),
  ];
}

/** Facts about the files of images, by row; NaN where one cannot be read. */
export interface FileFacts {
  readonly date: Float32Array;
  readonly bytes: Float32Array;
}

const DAY_MS = 86_400_000;

/** Reads dates and sizes of files. */
export async function fileFacts({ ids, source }: OpenedRun): Promise<FileFacts> {
  const date = new Float32Array(ids.length).fill(Number.NaN);
  const bytes = new Float32Array(ids.length).fill(Number.NaN);
  const { source: opened } = source!.images;
  await inParallel(ids.length, async (row) => {
    const id = opened.entries[source!.indexOf(ids[row]!) ?? -1]?.file ?? ids[row]!;
    const found = await stat(join(opened.path, id)).catch(() => undefined);
    if (!found) return;
    date[row] = found.mtimeMs / DAY_MS;
    bytes[row] = found.size;
  });
  return { date, bytes };
}

/** Widths and heights of images in pixels, by row; NaN where one cannot be read. */
export async function imageSizes({
  ids,
  source,
}: OpenedRun): Promise<{ width: Float32Array; height: Float32Array }> {
  const width = new Float32Array(ids.length).fill(Number.NaN);
  const height = new Float32Array(ids.length).fill(Number.NaN);
  await inParallel(ids.length, async (row) => {
    try {
      const found = await isolatedDecoder.size(await source!.read(ids[row]!));
      width[row] = found.width;
      height[row] = found.height;
    } catch (error) {
      if (!(error instanceof LikenessError)) throw error;
    }
  });
  return { width, height };
}

const AT_ONCE = 16;

async function inParallel(count: number, work: (row: number) => Promise<void>): Promise<void> {
  let next = 0;
  const runner = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, runner));
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
