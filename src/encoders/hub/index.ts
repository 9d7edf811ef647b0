/** Models of the hub: ids, the cache, and downloads. */

export { cachedRepo, cachedRepos, checksumOf } from './hubCache.ts';
export type { HubTimes } from './hubClient.ts';
export { chooseFile, onnxFilesOf, weightsOf } from './hubFiles.ts';
export { type HubId, isHubId, isSafePath, parseHubId, showHubId } from './hubId.ts';
export {
  type HubModel,
  type HubModelOptions,
  type HubSource,
  hubSource,
  openHubModel,
} from './hubModel.ts';
export { hubCacheFolder } from './hubPlace.ts';
export { type KnownModel, knownModels } from './knownModels.ts';
