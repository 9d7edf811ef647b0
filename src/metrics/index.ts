/**
 * Measures of clusterings, as pure functions of plain arrays. The folder imports no Node module, so
 * that it also runs in a browser.
 *
 * @example
 * import { adjustedRand, nmi } from 'likeness-ml/metrics';
 * nmi([0, 0, 1, 1], [7, 7, 3, 3]); // 1
 */
export { accuracy, type Matching, matchingOf } from './accuracy.ts';
export { adjustedRand, adjustedRandOf } from './adjustedRand.ts';
export { ami, amiOf, expectedMutualInformation } from './ami.ts';
export {
  type AgreementOptions,
  type ClusterAgreement,
  clusterAgreement,
} from './clusterAgreement.ts';
export { type Confusion, confusionOf } from './confusion.ts';
export {
  type Contingency,
  contingency,
  denseTable,
  type Label,
  type Labels,
} from './contingency.ts';
export { fowlkesMallows, fowlkesMallowsOf } from './fowlkesMallows.ts';
export {
  aboveChance,
  type NeighborLists,
  type NeighborPurity,
  neighborPurity,
} from './neighborPurity.ts';
export {
  entropy,
  mutualInformation,
  type NmiOptions,
  type Normalizer,
  nmi,
  nmiOf,
} from './nmi.ts';
export { type ClusterPurity, purity, purityOf, purityTable } from './purity.ts';
export { silhouette, silhouetteOf } from './silhouette.ts';
export { ranks, spearman } from './spearman.ts';
