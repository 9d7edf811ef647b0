/** An encoder in a file, used without a run: exported by likeness, or pretrained by others. */
import { availableParallelism } from 'node:os';
import { type EncodedImage, isolatedDecoder, type RawImage } from '../data/index.ts';
import { modelEncoder } from '../encoders/index.ts';
import { renderEvaluationView } from '../views/index.ts';
import type { AssignOptions } from './assign.ts';
import {
  type Embeddings,
  type EmbedOptions,
  type EmbedToResult,
  embedImages,
  embedToFile,
} from './embed.ts';
import { embedFiles, type UnreadableImage } from './embedFiles.ts';
import { type Images, reporterFor, sourceShape } from './images.ts';
import { checkOptions, flag, type ReporterOptions } from './options.ts';

/** Features of image files. */
export interface EmbeddedFiles {
  /** Readable images: as given, or `given/id` for the images of a folder. */
  readonly paths: readonly string[];
  /** Features [n, D] of length 1, row by row. */
  readonly data: Float32Array;
  readonly dimension: number;
  readonly unreadable: readonly UnreadableImage[];
}

export interface OpenEncoderOptions extends ReporterOptions {
  /** Takes a model of the hub from the cache alone. Default: as `HF_HUB_OFFLINE` says. */
  offline?: boolean;
}

export interface EncoderModel extends AsyncDisposable {
  readonly file: string;
  /** Dimension D of the features. */
  readonly dimension: number;
  /** Side of the images that the encoder takes, in pixels. */
  readonly imageSize: number;
  /** Returns the features of all images of a source, [N, D]. */
  embed(images: Images | string, options?: EmbedOptions): Promise<Embeddings>;
  /** Writes the features to a .npy, .parquet, .safetensors or .csv file. */
  embedTo(file: string, images: Images | string, options?: EmbedOptions): Promise<EmbedToResult>;
  /** Returns the features of image files and of all images of folders. */
  embedFiles(files: readonly string[], options?: AssignOptions): Promise<EmbeddedFiles>;
  close(): Promise<void>;
}

/** Decoded size over the encoder's image size, as for a run without crops that are larger. */
const CACHE_RATIO = 1.5;

/**
 * Opens an encoder that `exportOnnx` or `likeness export` has written, or a pretrained model.
 *
 * A pretrained model is an ONNX file, a folder as hubs lay them out, or
 * `hub:OWNER/NAME[@REVISION][#FILE]`, which is downloaded once. Notes tell what was found of it.
 *
 * @example
 * const encoder = await openEncoder('encoder.onnx');
 * const { data, dimension } = await encoder.embed('photos');
 * @throws LikenessError `encoder.*` for a file that is something else, `hub.*`
 */
export async function openEncoder(
  file: string,
  options: OpenEncoderOptions = {},
): Promise<EncoderModel> {
  checkOptions({ offline: flag }, options);
  const { offline } = options;
  const encoder = await modelEncoder(file, {
    ...{ reporter: reporterFor(options), threads: availableParallelism() },
    ...(offline !== undefined && { offline }),
  });
  const { size, resize = size } = encoder.input;
  const cacheSize = Math.max(Math.ceil(size * CACHE_RATIO), resize);
  const source = {
    use: <T>(work: (of: typeof encoder) => Promise<T>) => work(encoder),
    ...{ cacheSize, workers: 1, about: { encoder: file } },
  };
  return {
    ...{ file, dimension: encoder.dimension, imageSize: size },
    embed: (images, options) => embedImages(source, images, options),
    embedTo: (to, images, options) => embedToFile(source, to, images, options),
    async embedFiles(files, options = {}) {
      const { pages, range } = options;
      checkOptions({ pages: sourceShape.pages, range: sourceShape.range }, options);
      const view = async (image: EncodedImage | RawImage) => {
        const data = new Uint8Array(3 * size ** 2);
        renderEvaluationView(
          await isolatedDecoder.decode(image, { size: cacheSize, signal: options.signal }),
          { width: size, height: size, data },
          encoder.input,
        );
        return data; // [3, s, s]
      };
      const { paths, rows, unreadable } = await embedFiles(
        { encoder, view, pages, range },
        files,
        reporterFor(options),
      );
      return { paths, data: rows, dimension: encoder.dimension, unreadable };
    },
    close: () => encoder.close(),
    [Symbol.asyncDispose]: () => encoder.close(),
  };
}
