/**
 * Correlates label-free measures with the true NMI: Spearman's rank correlation over all
 * checkpoints of runs on one labeled source.
 *
 * Train the runs with `--set keepCheckpoints=1000` to evaluate every epoch. Different methods,
 * settings and lengths give the measures something to distinguish. Labels serve the true NMI only.
 */
import { resolve } from 'node:path';
import { type Engine, openEngine } from '../src/backends/index.ts';
import { kmeans } from '../src/cluster/index.ts';
import type { Values } from '../src/compile/index.ts';
import { openImages, type PixelCache } from '../src/data/index.ts';
import { trainedEncoder } from '../src/encoders/index.ts';
import {
  type EpochMeasures,
  type EpochMemory,
  epochMeasureNames,
  evaluationSet,
  measureEpoch,
  openEpochSample,
} from '../src/evaluate/index.ts';
import { cacheSizeOf, type Settings } from '../src/methods/index.ts';
import { nmi, spearman } from '../src/metrics/index.ts';
import {
  listCheckpoints,
  loadCheckpoint,
  openRunFolder,
  readTrainedConfig,
  stateOf,
} from '../src/run/index.ts';

/** Measures of a checkpoint. */
export interface LabelFreePoint {
  readonly run: string;
  readonly method: string;
  readonly step: number;
  readonly epoch: number;
  /**
   * NMI of spherical k-means with as many clusters as classes, on labeled images of the test part
   * where there is one.
   */
  readonly nmi: number;
  readonly measures: EpochMeasures;
  /** Seconds of the measures, without the passes through the encoder. */
  readonly seconds: number;
}

export interface MeasureCorrelation {
  readonly measure: keyof EpochMeasures;
  /**
   * Correlation over all points, over the last points of the runs, and the mean over the runs with
   * at least three points.
   */
  readonly all: number | null;
  readonly lastOfRuns: number | null;
  readonly withinRuns: number | null;
  /** Points with this measure. */
  readonly points: number;
}

export interface LabelFreeOptions {
  source: string;
  runs: readonly string[];
  /** Labeled images for NMI, and images of the label-free sample. */
  labeled?: number;
  images?: number;
  /** Largest number of checkpoints per run, evenly spaced, with the last. */
  checkpoints?: number;
  onProgress?(what: string): void;
}

/** Measures every checkpoint of the runs. */
export async function labelFreePoints({
  source,
  runs,
  labeled = 5000,
  images = 2000,
  checkpoints = 30,
  onProgress = () => {},
}: LabelFreeOptions): Promise<LabelFreePoint[]> {
  const points: LabelFreePoint[] = [];
  for (const path of runs) {
    const folder = await openRunFolder(path);
    const { settings, threads } = await readTrainedConfig(folder, 'label-free');
    const opened = await openImages(source);
    const cache = await opened.pixels({ size: cacheSizeOf(settings) });
    await opened.close();
    const set = evaluationSet(cache, { seed: 0, train: labeled, test: labeled });
    if (set.labelled === 'no') throw new Error(`${source}: expected a source with labels`);
    const tested = [...set.indices.keys()].filter((i) => set.split[i] === 'test');
    const rows = tested.length > 0 ? tested : [...set.indices.keys()];
    const truth = {
      indices: Uint32Array.from(rows, (i) => set.indices[i]!),
      labels: Int32Array.from(rows, (i) => set.labels[i]!),
    };

    const engine = await openEngine({ threads });
    try {
      const all = Uint32Array.from(cache.entries.keys());
      const sample = await openEpochSample({
        ...{ engine, settings, cache, indices: all, images: Math.min(images, all.length) },
      });
      let memory: EpochMemory | undefined;
      const kept = spread(await listCheckpoints(folder.files.checkpoints), checkpoints);
      for (const [i, { file }] of kept.entries()) {
        onProgress(`${path}: checkpoint ${i + 1} of ${kept.length}`);
        const { info, tensors } = await loadCheckpoint(file);
        const state: Values = stateOf(tensors);
        const seen = await sample.look(async (names) =>
          Object.fromEntries(names.map((n) => [n, state[n]!])),
        );
        const begun = performance.now();
        const measured = await measureEpoch(engine, seen, memory);
        const seconds = (performance.now() - begun) / 1000;
        memory = measured.memory;
        points.push({
          ...{
            run: resolve(path),
            method: settings.method.name,
            step: info.step,
            epoch: info.epoch,
            seconds,
          },
          nmi: await trueNmi(engine, settings, state, cache, truth),
          measures: measured.measures,
        });
      }
      await sample.close();
    } finally {
      await engine.close();
    }
  }
  return points;
}

async function trueNmi(
  engine: Engine,
  settings: Settings,
  state: Values,
  cache: PixelCache,
  { indices, labels }: { indices: Uint32Array; labels: Int32Array },
): Promise<number> {
  const encoder = await trainedEncoder({ engine, settings, state });
  const features = await encoder.embed({ cache, indices });
  await encoder.close();
  const k = new Set(labels).size;
  const { assignments } = await kmeans(features, k, {
    engine,
    metric: 'spherical',
    restarts: 3,
    seed: 0,
  });
  return nmi(labels, assignments);
}

/** Computes the rank correlation of each measure with NMI. */
export function correlations(points: readonly LabelFreePoint[]): MeasureCorrelation[] {
  const runs = [...new Set(points.map(({ run }) => run))].map((run) =>
    points.filter((point) => point.run === run),
  );
  return epochMeasureNames.map((measure) => {
    const of = (some: readonly LabelFreePoint[]): number | null => {
      const known = some.filter(({ measures }) => measures[measure] !== null);
      const value = spearman(
        known.map(({ measures }) => measures[measure]!),
        known.map((point) => point.nmi),
      );
      return value ?? null;
    };
    const each = runs.filter((run) => run.length >= 3).flatMap((run) => of(run) ?? []);
    return {
      measure,
      all: of(points),
      lastOfRuns: of(runs.map((run) => run.at(-1)!)),
      withinRuns: each.length > 0 ? each.reduce((a, b) => a + b, 0) / each.length : null,
      points: points.filter(({ measures }) => measures[measure] !== null).length,
    };
  });
}

/** Picks n evenly spaced items, with the first and the last. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  if (most < 2) return [items.at(-1)!];
  return Array.from(
    { length: most },
    (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!,
  );
}

/** Formats a table, the best measure over all points first. */
export function correlationCells(rows: readonly MeasureCorrelation[]): string[][] {
  const cell = (value: number | null) => (value === null ? '-' : value.toFixed(2));
  return [
    ['Spearman with NMI', 'all points', 'last of runs', 'within runs', 'points'],
    ...rows
      .toSorted((a, b) => (b.all ?? -2) - (a.all ?? -2))
      .map(({ measure, all, lastOfRuns, withinRuns, points }) => [
        ...[measure, cell(all), cell(lastOfRuns), cell(withinRuns), String(points)],
      ]),
  ];
}
