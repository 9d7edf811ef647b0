/** The joined encoder: patch features beside those of a network trained on the same images. */
export { type ExportJoinedOptions, exportJoined } from './exportJoined.ts';
export { type LearnJoinOptions, learnJoin } from './learnJoin.ts';
export {
  JOINED_TITLE,
  type JoinedEncoderOptions,
  type JoinedTensors,
  joinedEncoder,
  PATCHES,
  partOf,
} from './program.ts';
export {
  type JoinedSettings,
  joinedFacts,
  joinedSettings,
  networkSettings,
  weightOf,
} from './settings.ts';
export {
  type Retrieval,
  type RetrievalOptions,
  retrieval,
  viewRetrieval,
} from './viewRetrieval.ts';
