/**
 * Clustering of features, nearest neighbors, projections, and a suggestion for the number of
 * clusters.
 */
export { type AgglomerativeOptions, agglomerativeClusters, wardCut } from './agglomerative.ts';
export { type AssignOptions, type AssignResult, assign } from './assign.ts';
export {
  type Clustering,
  type ClusterOptions,
  clusterFeatures,
  type Group,
  suggestClusters,
} from './clusterFeatures.ts';
export {
  type ConcentrationOptions,
  concentrations,
  rawConcentrations,
} from './concentration.ts';
export { type Doubt, type DoubtOptions, findDoubtful } from './confidence.ts';
export {
  type Consensus,
  type ConsensusOptions,
  consensusClusters,
  joinClusterings,
} from './consensusClusters.ts';
export {
  type Covariance,
  type CovarianceOptions,
  covariance,
  type Spectrum,
  spectrum,
} from './covariance.ts';
export { type DisjointSets, disjointSets } from './disjointSets.ts';
export {
  type EuclideanNeighborOptions,
  type EuclideanNeighbors,
  euclideanNeighbors,
} from './euclideanNeighbors.ts';
export {
  columnMeans,
  columnVariances,
  distinctRows,
  type FeatureInput,
  type Features,
  featuresOf,
  normalizeRows,
  requireFinite,
  requireSameDimension,
  rowNorms,
  selectRows,
  sharedValues,
  toFeatures,
} from './features.ts';
export {
  type ClusterAlgorithm,
  clusterAlgorithms,
  type FitOptions,
  type FittedCentroids,
  fitCentroids,
} from './fitCentroids.ts';
export type { Graph } from './graph.ts';
export {
  type HierarchicalKmeansOptions,
  hierarchicalKmeans,
  requireTree,
  type TreeLevel,
} from './hierarchicalKmeans.ts';
export { squaredDistancesToOwn } from './kmeans/centroidDistances.ts';
export { splitForEmpty } from './kmeans/emptyClusters.ts';
export { type KmeansOptions, type KmeansResult, kmeans } from './kmeans/kmeans.ts';
export { kmeansRestarts } from './kmeansRestarts.ts';
export { type LayoutOptions, layout2d } from './layout2d.ts';
export {
  type EigenOptions,
  type LeadingEigenvectors,
  leadingEigenvectors,
} from './leadingEigenvectors.ts';
export {
  clusterByHead,
  type LearnedCentroids,
  learnedAssignment,
  mostProbable,
} from './learnedClusters.ts';
export { type LouvainOptions, louvain, modularity } from './louvain.ts';
export {
  affinityOf,
  clusterAffinities,
  mergeByAffinity,
  type NeighborWeights,
  nearestNeighborChains,
  neighborWeights,
} from './mergeByAffinity.ts';
export { type MutualNeighborOptions, mutualNeighborClusters } from './mutualNeighbors.ts';
export { binaryGraph, jaccardGraph } from './neighborGraph.ts';
export { type NeighborOptions, type Neighbors, nearestNeighbors } from './neighbors.ts';
export { type Nmf, type NmfOptions, nmf } from './nmf.ts';
export { type OutlierOptions, type OutlierScores, outlierScores } from './outliers.ts';
export { fitWhitening, type Whitening, type WhitenOptions, whiten } from './pcaWhiten.ts';
export {
  type PrincipalAxes,
  type PrincipalOptions,
  principal,
  principalAxes,
} from './principal.ts';
export { allRows, meansOf, partsOf, pickRows, type Rows, rowsOf, unitRows } from './rows.ts';
export { type Silhouette, simplifiedSilhouette } from './silhouette.ts';
export { type SinkhornOptions, sinkhorn } from './sinkhorn.ts';
export { type SmoothOptions, smoothRows } from './smoothRows.ts';
export { type SpectralOptions, spectralClusters } from './spectral.ts';
export { type SpreadOptions, spreadClusters } from './spreadClusters.ts';
export { type KScore, type SuggestedK, type SuggestOptions, suggestK } from './suggestK.ts';
