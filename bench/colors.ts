/**
 * Checks what the agreement of clusters with color predicts: on labeled sources, clusters of
 * several encoders, with their agreement with color beside their agreement with the classes.
 *
 * The encoders are a network trained for some epochs, the same untrained, raw pixels, a color
 * histogram and patch features. Labels serve NMI, ACC and the color share of the classes only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Engine, openEngine } from '../src/backends/index.ts';
import { kmeans } from '../src/cluster/index.ts';
import { openImages, type PixelCache } from '../src/data/index.ts';
import {
  type ColorVerdict,
  type EvaluationSet,
  evaluationSet,
  measureColorAgreement,
  runEncoders,
} from '../src/evaluate/index.ts';
import { train } from '../src/likeness.ts';
import { aboveChance, accuracy, nmi, spearman } from '../src/metrics/index.ts';
import { openTrainedRun, type TrainedRun } from '../src/run/index.ts';

/** Clusters of one encoder on one source. */
export interface ColorRow {
  /** `<source>/<encoder>`; the encoder `classes` stands for the classes as clusters. */
  readonly name: string;
  readonly source: string;
  readonly encoder: string;
  readonly images: number;
  readonly classes: number;
  /**
   * Images near in color that share a cluster, above chance: (consistency - chance) / (1 - chance).
   */
  readonly colorShare: number;
  /** AMI with clusters of the color histogram. */
  readonly colorHistogram: number;
  readonly verdict: ColorVerdict;
  readonly nmi: number;
  readonly acc: number;
}

export interface ColorOptions {
  /** Most images of a source. */
  images?: number;
  /** Epochs of the trained network. */
  epochs?: number;
  onProgress?(what: string): void;
  onRow(row: ColorRow): void;
}

const SEED = 0;
const RESTARTS = 3;

/** Measures all encoders on a labeled source. */
export async function benchmarkColors(path: string, options: ColorOptions): Promise<void> {
  const { images: most = 3000, epochs = 3, onProgress = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'likeness-colors-'));
  const [opened, engine] = [
    await openImages(path),
    await openEngine({ threads: availableParallelism() }),
  ];
  try {
    onProgress(`${basename(path)}: training for ${epochs} epochs`);
    const { run: trained } = await train(path, { epochs, seed: SEED, out: join(folder, 'run') });
    const run = await openTrainedRun(trained);
    const cache = await opened.pixels({ size: run.view.cacheSize });
    const half = Math.ceil(most / 2);
    const drawn = evaluationSet(cache, { seed: SEED, train: half, test: most - half });
    if (drawn.classes === 0) throw new Error(`${path}: expected a source with labels`);
    // Without parts, patch features learn from all images, as they do from a folder.
    const set = { ...drawn, split: drawn.split.map(() => undefined) };
    await measureEncoders(basename(path), { engine, run, cache, set }, options);
  } finally {
    await Promise.all([opened.close(), engine.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  engine: Engine;
  run: TrainedRun;
  cache: PixelCache;
  set: EvaluationSet;
}

/** Measures clusters by each encoder, and the classes as clusters after the color histogram. */
async function measureEncoders(
  source: string,
  { engine, run, cache, set }: Measured,
  { onProgress = () => {}, onRow }: ColorOptions,
): Promise<void> {
  const { indices, labels, classes: k } = set;
  const network = run.config.settings;
  for await (const encoder of runEncoders({ engine, run, network, cache, set })) {
    if (!('embed' in encoder)) continue;
    const { id, title, embed } = encoder;
    onProgress(`${source}: ${title}`);
    const features = await embed({ cache, indices });
    const options = { engine, metric: 'spherical', restarts: RESTARTS, seed: SEED } as const;
    const { assignments } = await kmeans(features, k, options);
    const add = async (encoder: string, clusters: Int32Array) => {
      const { neighbors, colorHistogram, verdict } = await measureColorAgreement({
        ...{ engine, cache, indices, features, clusters, k },
        ...{ size: run.view.imageSize, sample: indices.length, seed: SEED },
      });
      onRow({
        ...{ name: `${source}/${encoder}`, source, encoder, classes: k, images: indices.length },
        colorShare: aboveChance(neighbors.consistency, neighbors.chance),
        ...{ colorHistogram, verdict },
        nmi: nmi(labels, clusters),
        acc: accuracy(labels, clusters),
      });
    };
    await add(id, assignments);
    if (id === 'colorHistogram') await add('classes', labels);
  }
}

/** Predictive value of the color share for agreement with the classes. */
export interface ColorPrediction {
  /** Spearman's correlation of color share with NMI over the encoders of each source. */
  readonly bySource: Readonly<Record<string, number | null>>;
  /** Mean of these. */
  readonly mean: number | null;
  /**
   * Ranks of NMI among the encoders of their source (1 is best) by verdict: mean rank and number.
   */
  readonly ranks: Readonly<Record<string, { readonly mean: number; readonly count: number }>>;
}

/** Computes the predictive value of rows, without those of the classes. */
export function colorPrediction(rows: readonly ColorRow[]): ColorPrediction {
  const own = rows.filter(({ encoder }) => encoder !== 'classes');
  const bySource: Record<string, number | null> = {};
  const ranksBy = new Map<string, number[]>();
  for (const source of new Set(own.map((row) => row.source))) {
    const of = own.filter((row) => row.source === source);
    const correlation = spearman(
      of.map(({ colorShare }) => colorShare),
      of.map((row) => row.nmi),
    );
    bySource[source] = correlation ?? null;
    const ranked = of.toSorted((a, b) => b.nmi - a.nmi);
    for (const [rank, { verdict }] of ranked.entries()) {
      ranksBy.set(verdict, [...(ranksBy.get(verdict) ?? []), rank + 1]);
    }
  }
  const known = Object.values(bySource).filter((value) => value !== null);
  const ranks = [...ranksBy].map(([verdict, all]) => [
    verdict,
    { mean: meanOf(all), count: all.length },
  ]);
  return {
    bySource,
    mean: known.length > 0 ? meanOf(known) : null,
    ranks: Object.fromEntries(ranks),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Formats the rows as a table. */
export function colorCells(rows: readonly ColorRow[]): string[][] {
  return [
    ['source', 'encoder', 'color share', 'AMI with histogram', 'verdict', 'NMI', 'ACC'],
    ...rows.map(({ source, encoder, colorShare, colorHistogram, verdict, nmi, acc }) => [
      ...[source, encoder, colorShare.toFixed(2), colorHistogram.toFixed(2), verdict],
      ...[nmi.toFixed(3), acc.toFixed(3)],
    ]),
  ];
}
