/** Pretrained encoders: on this machine, and well-known ones of the hub. */
import {
  hubCacheFolder,
  type KnownModel,
  knownModels,
  modelsInCache,
  modelsInFolder,
  type StoredModel,
} from '../encoders/index.ts';
import { reporterFor } from './images.ts';
import { checkOptions, path, type ReporterOptions } from './options.ts';

export interface ListEncodersOptions extends ReporterOptions {
  /** Folder that is searched for ONNX files, with its folders. Default: none. */
  folder?: string;
}

/** A well-known model of the hub. */
export interface KnownEncoder extends KnownModel {
  /** True where its file is in the cache. */
  readonly isCached: boolean;
}

export interface EncoderListing {
  /** Cache folder of the hub's tools. */
  readonly cache: string;
  /** ONNX files in the cache. */
  readonly cached: readonly StoredModel[];
  /** ONNX files in the folder that was given. */
  readonly inFolder: readonly StoredModel[];
  readonly known: readonly KnownEncoder[];
}

/**
 * Lists the pretrained encoders on this machine, and well-known ones of the hub. It makes no
 * request.
 *
 * Size of images and dimension are read from the files; absent where they do not tell them.
 *
 * @throws LikenessError `option.*`, `encoder.folder`
 */
export async function listEncoders(options: ListEncodersOptions = {}): Promise<EncoderListing> {
  checkOptions({ folder: path() }, options);
  const { folder } = options;
  const { signal, progress } = reporterFor(options);
  const cache = hubCacheFolder();
  const collect = async (models: AsyncIterable<StoredModel>) => {
    const found: StoredModel[] = [];
    for await (const model of models) {
      signal.throwIfAborted();
      found.push(model);
      progress({ stage: 'encoders', text: `read ${model.encoder}`, done: found.length });
    }
    return found;
  };
  const inFolder = folder === undefined ? [] : await collect(modelsInFolder(folder));
  const cached = await collect(modelsInCache(cache));
  const known = knownModels.map((model) => ({
    ...model,
    isCached: cached.some(({ encoder }) => encoder === model.id),
  }));
  return { cache, cached, inFolder, known };
}
