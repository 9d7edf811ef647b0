/**
 * Keeps moments of a training for the page: a map of some images of the measured sample, and the
 * nearest images of some groups. They read the sample and change nothing of the training.
 */
import type { Engine } from '../backends/index.ts';
import {
  assign,
  type Features,
  featuresOf,
  layout2d,
  nearestNeighbors,
  normalizeRows,
} from '../cluster/index.ts';
import type { EpochSample } from '../evaluate/index.ts';
import {
  type Moment,
  type MomentKind,
  type MomentStrip,
  momentLimits,
  momentsOf,
  type RunFolder,
  readMoment,
  rewindMoments,
  writeMoment,
} from '../run/index.ts';

/** Groups of the sample: what its images are nearest to. */
export interface SampleGroups {
  readonly kind: MomentKind;
  /** Number of groups, with those that have no image. */
  readonly groups: number;
  /** Group of each image [n]. */
  readonly assigned: Int32Array;
  /** Positions of the images that are nearest to each of some groups, best first. */
  nearest(groups: readonly number[], count: number): Promise<number[][]>;
}

/** A strip with positions of the sample in place of ids. */
export interface FoundStrip extends Omit<MomentStrip, 'images'> {
  readonly images: readonly number[];
}

/**
 * Finds the groups of a sample: its prototypes, the clusters that the method learns, or else the
 * k-means clusters of its features.
 *
 * @param clusters k-means cluster of each image, [n]
 */
export async function groupsOf(
  engine: Engine,
  seen: Pick<EpochSample, 'features' | 'prototypes' | 'clusters'>,
  clusters: Int32Array,
): Promise<SampleGroups> {
  const { prototypes, clusters: learned } = seen;
  if (learned) {
    const { data, count: n, dimension: M } = learned;
    const assigned = Int32Array.from({ length: n }, (_, row) =>
      largestOf(data.subarray(row * M, (row + 1) * M)),
    );
    const nearest = async (groups: readonly number[], count: number) =>
      groups.map((group) => best(n, count, (row) => data[row * M + group]!));
    return { kind: 'clusters', groups: M, assigned, nearest };
  }
  // Prototypes that a phase has not found yet are zeros.
  if (prototypes?.prototypes.data.some((value) => value !== 0)) {
    const [z, C] = [normalizeRows(prototypes.embeddings), normalizeRows(prototypes.prototypes)];
    const { assignments } = await assign(engine, z, C);
    const nearest = (groups: readonly number[], count: number) =>
      nearestTo(engine, { rows: z, centers: rowsAt(C, groups) }, count);
    return { kind: 'prototypes', groups: C.count, assigned: assignments, nearest };
  }
  const unit = normalizeRows(seen.features);
  const k = clusters.reduce((most, cluster) => Math.max(most, cluster + 1), 0);
  const centers = normalizeRows(sumsOf(unit, clusters, k));
  const nearest = (groups: readonly number[], count: number) =>
    nearestTo(engine, { rows: unit, centers: rowsAt(centers, groups) }, count);
  return { kind: 'groups', groups: k, assigned: clusters, nearest };
}

async function nearestTo(
  engine: Engine,
  { rows, centers }: { rows: Features; centers: Features },
  count: number,
): Promise<number[][]> {
  const k = Math.min(count, rows.count);
  const { indices } = await nearestNeighbors(engine, centers, rows, { k });
  return Array.from({ length: centers.count }, (_, i) => [...indices.subarray(i * k, (i + 1) * k)]);
}

/**
 * Chooses the groups of the strips and finds their nearest images.
 *
 * A strip follows the images that it had before: its next group is the one that most of them belong
 * to now, with the lowest number among equals. New strips are the largest groups that have none.
 *
 * @param before positions of the images of each strip before, in their order
 */
export async function chooseStrips(
  found: SampleGroups,
  before: readonly (readonly number[])[] = [],
): Promise<FoundStrip[]> {
  const sizes = new Map<number, number>();
  for (const group of found.assigned) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const chosen = new Set<number>();
  for (const images of before.slice(0, momentLimits.strips)) {
    const next = commonest(images.map((row) => found.assigned[row]!).filter(isFree));
    if (next !== undefined) chosen.add(next);
  }
  const largest = [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)! || a - b);
  for (const group of largest) if (chosen.size < momentLimits.strips) chosen.add(group);
  const groups = [...chosen];
  const nearest = await found.nearest(groups, momentLimits.nearest);
  return groups.map((group, i) => ({ group, size: sizes.get(group)!, images: nearest[i]! }));

  function isFree(group: number): boolean {
    return !chosen.has(group);
  }
}

export interface MomentKeeper {
  /** Stores the moment of a look at the sample. */
  keep(
    seen: Pick<EpochSample, 'features' | 'prototypes' | 'clusters'>,
    at: { readonly clusters: Int32Array; readonly epoch: number; readonly step: number },
  ): Promise<void>;
}

/** Passes over the graph of the first map, and of those that start from the map before. */
const FIRST_PASSES = 150;
const NEXT_PASSES = 50;
/** Fewest images for a map. */
const MIN_IMAGES = 4;

/**
 * Opens the moments of a session. Those after `from` are removed, and the last one before it is
 * gone on from.
 *
 * @param ids ids of the images of the sample, [n]
 */
export async function openMoments({
  engine,
  folder,
  ids,
  from,
}: {
  engine: Engine;
  folder: RunFolder;
  ids: readonly string[];
  from: number;
}): Promise<MomentKeeper> {
  await rewindMoments(folder, from);
  const last = (await momentsOf(folder)).at(-1);
  let before = last === undefined ? undefined : await readMoment(folder, last).catch(() => {});
  const positions = new Map(ids.map((id, i) => [id, i]));
  const rows = spread(ids.length, momentLimits.images);
  const mapped = rows.map((row) => ids[row]!);
  return {
    async keep(seen, { clusters, epoch, step }) {
      const found = await groupsOf(engine, seen, clusters);
      const strips = await chooseStrips(
        found,
        before?.strips.map(({ images }) => images.flatMap((id) => positions.get(id) ?? [])),
      );
      const isSame = before?.ids.length === mapped.length && before.ids[0] === mapped[0];
      const places =
        mapped.length < MIN_IMAGES
          ? new Float32Array(2 * mapped.length)
          : await layout2d(engine, rowsAt(seen.features, rows), {
              epochs: isSame ? NEXT_PASSES : FIRST_PASSES,
              ...(isSame && { start: before!.places }),
            });
      const moment: Moment = {
        ...{ step, epoch, kind: found.kind, groups: found.groups, sample: ids.length },
        used: new Set(found.assigned).size,
        ids: mapped,
        places: scaled(places),
        assigned: Int32Array.from(rows, (row) => found.assigned[row]!),
        strips: strips.map(({ images, ...strip }) => ({
          ...strip,
          images: images.map((row) => ids[row]!),
        })),
      };
      await writeMoment(folder, moment);
      before = moment;
    },
  };
}

/** Moves coordinates [n, 2] to their middle and scales them into -1 to 1. */
function scaled(places: Float32Array): Float32Array {
  const middle = [0, 1].map((d) => {
    const axis = places.filter((_, i) => i % 2 === d);
    const [low, high] = [axis.reduce((a, b) => Math.min(a, b), Infinity), Math.max(...axis)];
    return axis.length > 0 ? (low + high) / 2 : 0;
  });
  const moved = places.map((value, i) => value - middle[i % 2]!);
  const most = moved.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  return moved.map((value) => value / most);
}

/** Positions of at most `most` of `count` rows, evenly spread. */
function spread(count: number, most: number): number[] {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
}

function rowsAt({ data, dimension: D }: Features, rows: readonly number[]): Features {
  const picked = new Float32Array(rows.length * D);
  for (const [i, row] of rows.entries()) picked.set(data.subarray(row * D, (row + 1) * D), i * D);
  return featuresOf(picked, D);
}

/** Sum of the rows of each cluster, [K, D]. */
function sumsOf({ data, dimension: D }: Features, clusters: Int32Array, k: number): Features {
  const sums = new Float32Array(k * D);
  for (const [row, cluster] of clusters.entries()) {
    for (let d = 0; d < D; d++) sums[cluster * D + d]! += data[row * D + d]!;
  }
  return featuresOf(sums, D);
}

function largestOf(values: Float32Array): number {
  let at = 0;
  for (const [i, value] of values.entries()) if (value > values[at]!) at = i;
  return at;
}

/** Positions of the `count` highest scores, best first. */
function best(n: number, count: number, score: (row: number) => number): number[] {
  const rows = Array.from({ length: n }, (_, row) => row);
  return rows.sort((a, b) => score(b) - score(a) || a - b).slice(0, count);
}

/** The most frequent value, the lowest among equals; undefined of none. */
function commonest(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || a - b)[0]?.[0];
}
