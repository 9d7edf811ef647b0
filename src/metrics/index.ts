/** Agreement of two labelings, and other figures of clusters: pure functions that run in Node and in a browser. */
export { accuracy, type Matching, matchingOf } from './accuracy.ts';
export { adjustedRand, adjustedRandOf } from './adjustedRand.ts';
export { ami, amiOf, expectedMutualInformation } from './ami.ts';
export { type ClusterAgreement, clusterAgreement } from './clusterAgreement.ts';
export { type Confusion, confusionOf } from './confusion.ts';
export { type Contingency, contingency, denseTable, type Labels } from './contingency.ts';
export { fowlkesMallows, fowlkesMallowsOf } from './fowlkesMallows.ts';
export { aboveChance, type NeighborPurity, neighborPurity } from './neighborPurity.ts';
export { entropy, mutualInformation, type NmiOptions, nmi, nmiOf } from './nmi.ts';
export { type ClusterPurity, purity, purityOf, purityTable } from './purity.ts';
export { ranks, spearman } from './spearman.ts';
