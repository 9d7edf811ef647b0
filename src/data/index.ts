/** Sources of images in many formats, decoding, and the packed pixel cache. */
export { openPixelCache, type PixelCacheOptions, type PixelCacheProgress } from './cache.ts';
export {
  clearCaches,
  defaultCacheDir,
  FACTS,
  listCaches,
  prepareCacheDir,
  SCORES,
  type StoredCache,
  UNFINISHED,
} from './cache-folder.ts';
export { type ClassList, classListNames, classLists } from './classLists.ts';
export { type DecodeOptions, decodeImage, imageSize, knownSize } from './decode.ts';
export { countDistinct, countEqual } from './distinct.ts';
export { countEqualFiles, type EqualFiles } from './equalFiles.ts';
export { countEqualPictures, type EqualPictures } from './equalPictures.ts';
export { type FeatureCache, openFeatureCache } from './featureCache.ts';
export { type ImageIdentities, identitiesOf } from './identities.ts';
export { imageFacts, type SourceFacts } from './imageFacts.ts';
export { type IsolatedDecoder, isolatedDecoder } from './isolatedDecoder.ts';
export { indexOfNames, isPathColumn } from './labelFile.ts';
export { measureSource, readHeaders, type SourceHeaders, type SourceSizes } from './measure.ts';
export { type OpenImages, openImages, type RangedOptions } from './openImages.ts';
export { rangeOfImage, rangeText, withOwnRange } from './ownRange.ts';
export { openPixelReader, type PixelReader } from './reader.ts';
export { remarkTexts } from './remarks.ts';
export { reportSkipped } from './reportSkipped.ts';
export { hashOfSet } from './setHash.ts';
export { openSource, type SourceOptions } from './source.ts';
export { indicesOfSplit, type SplitName, unlabeledAmong } from './splits.ts';
export { openThumbnailCache, type ThumbnailCache, thumbnailKey } from './thumbnailCache.ts';
export type {
  EncodedImage,
  ImageEntry,
  PixelCache,
  Pixels,
  RawImage,
  Remark,
  SkippedImage,
  Source,
  SourceChoices,
  SourceKind,
  Split,
  ValueRange,
} from './types.ts';
export { withRange } from './withRange.ts';
