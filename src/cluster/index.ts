/** Grouping features: k-means, assignment, neighbours, whitening, and how many groups to make. */
export { adjustedRand, adjustedRandOf } from './adjustedRand.ts';
export { type AgglomerativeOptions, agglomerativeClusters, wardCut } from './agglomerative.ts';
export { type Assignment, type AssignOptions, assign } from './assignment.ts';
export {
  type ConcentrationOptions,
  concentrations,
  rawConcentrations,
} from './concentration.ts';
export { type Doubt, type DoubtOptions, findDoubtful } from './confidence.ts';
export { type Contingency, contingency, denseTable, type Labels } from './contingency.ts';
export { type Covariance, covariance, type Spectrum, spectrum } from './covariance.ts';
export { splitForEmpty } from './emptyClusters.ts';
export {
  columnMeans,
  columnVariances,
  type Features,
  featuresOf,
  normaliseRows,
  requireFinite,
  rowNorms,
  selectRows,
  sharedValues,
} from './features.ts';
export {
  type HierarchicalKmeansOptions,
  hierarchicalKmeans,
  requireTree,
  type TreeLevel,
} from './hierarchicalKmeans.ts';
export { type Kmeans, type KmeansOptions, kmeans } from './kmeans.ts';
export { distinctRows } from './kmeansStart.ts';
export { type LayoutOptions, layout2d } from './layout2d.ts';
export { type EigenOptions, type LeadingEigenvectors, leadingEigenvectors } from './leadingEigenvectors.ts';
export { type NeighbourOptions, type Neighbours, nearestNeighbours } from './neighbours.ts';
export { type Nmf, type NmfOptions, nmf } from './nmf.ts';
export { entropy, mutualInformation, type NmiOptions, nmi, nmiOf } from './nmi.ts';
export { squaredDistancesToOwn } from './ownDistances.ts';
export { fitWhitening, type Whitening, type WhitenOptions, whiten } from './pcaWhiten.ts';
export { type PrincipalOptions, principal } from './principal.ts';
export { allRows, meansOf, partsOf, pickRows, type Rows, rowsOf, unitRows } from './rows.ts';
export { aboveChance, sameCluster, type Togetherness } from './sameCluster.ts';
export { type Silhouette, silhouette } from './silhouette.ts';
export { type SinkhornOptions, sinkhorn } from './sinkhorn.ts';
export { type SpectralOptions, spectralClusters } from './spectral.ts';
export { type KScore, ladder, type SuggestedK, type SuggestOptions, suggestK } from './suggestK.ts';
