/** Every function of the folder with options refuses a misspelt one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../backends/index.ts';
import { scalar } from '../tensor/index.ts';
import {
  agglomerativeClusters,
  assign,
  clusterFeatures,
  concentrations,
  consensusClusters,
  covariance,
  euclideanNeighbors,
  findDoubtful,
  fitCentroids,
  fitWhitening,
  hierarchicalKmeans,
  kmeans,
  layout2d,
  leadingEigenvectors,
  louvain,
  mutualNeighborClusters,
  nearestNeighbors,
  nmf,
  outlierScores,
  principal,
  sinkhorn,
  smoothRows,
  spectralClusters,
  spreadClusters,
  suggestK,
  toFeatures,
} from './index.ts';

const engine = {} as Engine; // options are checked before it is used
const rows = toFeatures([[1], [2]]);
const typo = { iteration: 3 } as never;

/** Calls by the interface of their options. */
const calls: Readonly<Record<string, () => unknown>> = {
  AgglomerativeOptions: () => agglomerativeClusters(rows, 2, typo),
  AssignOptions: () => assign(engine, rows, rows, typo),
  ClusterOptions: () => clusterFeatures(engine, rows, typo),
  ConcentrationOptions: () => concentrations([1], [0], 1, typo),
  ConsensusOptions: () =>
    consensusClusters(rows, 2, { engine, members: 1, seed: 0, ...(typo as object) }),
  CovarianceOptions: () => covariance(engine, rows, typo),
  DoubtOptions: () => findDoubtful(Float32Array.of(1), typo),
  EigenOptions: () => leadingEigenvectors((vector) => vector, typo),
  EuclideanNeighborOptions: () => euclideanNeighbors(engine, rows, typo),
  FitOptions: () => fitCentroids(engine, rows as never, 2, typo),
  HierarchicalKmeansOptions: () => hierarchicalKmeans(rows, [1], typo),
  KmeansOptions: () => kmeans(rows, 2, typo),
  LayoutOptions: () => layout2d(engine, rows, typo),
  LouvainOptions: () =>
    louvain(
      { starts: new Int32Array(1), columns: new Int32Array(), weights: new Float64Array() },
      typo,
    ),
  MutualNeighborOptions: () => mutualNeighborClusters(rows, 2, typo),
  NeighborOptions: () => nearestNeighbors(engine, rows, rows, typo),
  NmfOptions: () => nmf(engine, rows, typo),
  OutlierOptions: () => outlierScores(engine, rows, typo),
  PrincipalOptions: () => principal(engine, rows, typo),
  SinkhornOptions: () => sinkhorn(scalar(1), typo),
  SmoothOptions: () => smoothRows(rows, typo),
  SpectralOptions: () => spectralClusters(rows, 2, typo),
  SpreadOptions: () => spreadClusters(engine, rows, typo),
  SuggestOptions: () => suggestK(engine, rows, typo),
  WhitenOptions: () => fitWhitening(engine, rows, typo),
};

describe('options of clustering', () => {
  it.each(Object.entries(calls))('%s', async (_, call) => {
    await expect((async () => call())()).rejects.toThrow(
      'iteration: received an unknown option; expected ',
    );
  });

  it('are all in the table', () => {
    const index = readFileSync(join(import.meta.dirname, 'index.ts'), 'utf8');
    const declared = [...index.matchAll(/\btype (\w+Options)\b/g)].map((match) => match[1]!);
    expect(declared.sort()).toEqual(Object.keys(calls).sort());
  });

  it('are refused where a value is out of range', async () => {
    await expect(kmeans(rows, 2, { tolerance: -1 })).rejects.toThrow(
      'tolerance: received -1; expected a number of at least 0',
    );
    await expect(kmeans(rows, 2, { metric: 'cosine' as 'spherical' })).rejects.toThrow(
      'metric: received "cosine"; expected one of euclidean, spherical',
    );
  });
});
