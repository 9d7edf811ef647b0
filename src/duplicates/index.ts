/** Exact and near-duplicates among images: pairs, groups, and the image of a group to keep. */
export {
  byKeepRule,
  detailOf,
  type ImageFacts,
  isBelow,
  type KeepRule,
  keepRules,
  MEASURED_SIDE,
  sharpnessOf,
} from './best.ts';
export { type Candidate, findCandidates } from './candidates.ts';
export {
  COARSE,
  type Descriptors,
  describeImages,
  emptyDescriptors,
  parityClasses,
  SIDE,
} from './describe.ts';
export {
  completeLinkage,
  groupsAt,
  linkageTree,
  type Merge,
  type PositionGroup,
  withEqual,
} from './groups.ts';
export {
  type CachePairs,
  type ComparedCache,
  DEFAULT_THRESHOLD,
  DUPLICATE_SIZE,
  type DuplicatePair,
  findPairs,
  MIN_SIMILARITY,
  pairsOfCache,
} from './pairs.ts';
