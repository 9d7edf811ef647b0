/**
 * Compares the algorithms of `cluster` on stored features with labels, with as many clusters as
 * classes. Labels serve the comparison only.
 */
import { basename } from 'node:path';
import type { Engine } from '../src/backends/index.ts';
import {
  assign,
  type ClusterAlgorithm,
  clusterAlgorithms,
  fitCentroids,
  unitRows,
} from '../src/cluster/index.ts';
import { type ClusterAgreement, clusterAgreement } from '../src/metrics/index.ts';
import { labeledFeatures } from './suggestedK.ts';

export interface GroupsRow {
  /** Name of the set, and of the encoder. */
  readonly name: string;
  readonly encoder: string;
  readonly images: number;
  readonly classes: number;
  /** Means over the seeds. */
  readonly scores: Readonly<Record<ClusterAlgorithm, GroupScores>>;
}

export interface GroupScores {
  readonly nmi: number;
  readonly acc: number;
  readonly seconds: number;
}

const SEEDS = [0, 1, 2];

/** Measures every algorithm on the features of one file, each with the same seeds. */
export async function groupsOfFile(
  engine: Engine,
  file: string,
  encoder: string,
): Promise<GroupsRow> {
  const { features, labels } = labeledFeatures(file);
  const classes = new Set(labels).size;
  const scores = {} as Record<ClusterAlgorithm, GroupScores>;
  for (const algorithm of clusterAlgorithms) {
    const found: ClusterAgreement[] = [];
    const started = performance.now();
    for (const seed of SEEDS) {
      const { centroids } = await fitCentroids(engine, unitRows(features), classes, {
        ...{ algorithm, seed },
      });
      const { assignments } = await assign(engine, features, centroids);
      found.push(clusterAgreement(labels, assignments));
    }
    const mean = (of: (one: ClusterAgreement) => number) =>
      found.reduce((sum, one) => sum + of(one), 0) / found.length;
    const seconds = (performance.now() - started) / 1000 / SEEDS.length;
    scores[algorithm] = { nmi: mean(({ nmi }) => nmi), acc: mean(({ acc }) => acc), seconds };
  }
  const name = `${basename(file, '.npy')}, ${encoder}`;
  return { name, encoder, images: features.count, classes, scores };
}

/** Gain of smoothed k-means over k-means on each row. */
export function gainsOf(rows: readonly GroupsRow[], measure: 'nmi' | 'acc'): number[] {
  return rows.map(({ scores }) => scores['smoothed-kmeans'][measure] - scores.kmeans[measure]);
}

/** Formats NMI and ACC of each algorithm. */
export function groupsTable(rows: readonly GroupsRow[]): string[][] {
  return [
    ['set', 'images', 'classes', ...clusterAlgorithms.map((name) => `${name}: NMI / ACC`), 's'],
    ...rows.map(({ name, images, classes, scores }) => [
      ...[name, String(images), String(classes)],
      ...clusterAlgorithms.map((algorithm) => scoreText(scores[algorithm])),
      clusterAlgorithms.map((algorithm) => scores[algorithm].seconds.toFixed(1)).join(' / '),
    ]),
  ];
}

/** Formats NMI and ACC without the zero before the point. */
export function scoreText({ nmi, acc }: Pick<GroupScores, 'nmi' | 'acc'>): string {
  return [nmi, acc].map((value) => value.toFixed(3).replace(/^0/, '')).join(' / ');
}
