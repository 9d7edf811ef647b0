/**
 * Features of the images that a model has embedded last, so that evaluating and clustering the same
 * images embeds them once.
 */

import { featuresOf } from '../cluster/index.ts';
import type { EmbedOptions, ImageEncoder, PixelSet } from '../encoders/index.ts';
import type { Run } from '../run/index.ts';

/** Most bytes that a model keeps. */
const MAX_BYTES = 2 ** 27;

interface Remembered {
  readonly file: string;
  readonly indices: Uint32Array;
  /** [N, D] */
  readonly data: Float32Array;
}

/**
 * Returns the run with an encoder whose last features are kept, where they take at most 128 MiB.
 *
 * Features are the same bytes as without this. An encoder that is opened with a batch size of its
 * own takes no part.
 */
export function rememberFeatures<Opened extends Run>(run: Opened): Opened {
  let last: Remembered | undefined;
  async function openEncoder(options: Parameters<Run['openEncoder']>[0]): Promise<ImageEncoder> {
    const encoder = await run.openEncoder(options);
    if (options.batchSize !== undefined) return encoder;
    return remembering(encoder, {
      find: (set) => (last && isSame(last, set) ? last.data : undefined),
      keep: (found) => {
        last = found;
      },
    });
  }
  return { ...run, openEncoder };
}

interface Memory {
  find(set: PixelSet): Float32Array | undefined;
  keep(found: Remembered): void;
}

function remembering(encoder: ImageEncoder, { find, keep }: Memory): ImageEncoder {
  const { dimension } = encoder;
  async function* parts(set: PixelSet, options?: EmbedOptions): AsyncGenerator<Float32Array> {
    const known = find(set);
    if (known) {
      yield* batchesOf(known, dimension);
      return;
    }
    const indices = indicesOf(set);
    const length = indices.length * dimension;
    if (length * Float32Array.BYTES_PER_ELEMENT > MAX_BYTES) {
      yield* encoder.parts(set, options);
      return;
    }
    const data = new Float32Array(length); // [N, D]
    let at = 0;
    for await (const part of encoder.parts(set, options)) {
      data.set(part, at);
      at += part.length;
      yield part;
    }
    keep({ file: set.cache.file, indices, data });
  }
  return {
    ...encoder,
    parts,
    async embed(set, options) {
      const data = new Float32Array(indicesOf(set).length * dimension); // [N, D]
      let at = 0;
      for await (const part of parts(set, options)) {
        data.set(part, at);
        at += part.length;
      }
      return featuresOf(data, dimension);
    },
  };
}

/** Rows of a batch of remembered features. */
const ROWS = 256;

function* batchesOf(data: Float32Array, dimension: number) {
  for (let at = 0; at < data.length; at += ROWS * dimension)
    yield data.slice(at, at + ROWS * dimension); // [b, D]
}

function indicesOf({ cache, indices }: PixelSet): Uint32Array {
  return indices?.slice() ?? Uint32Array.from(cache.widths.keys());
}

function isSame({ file, indices }: Remembered, set: PixelSet): boolean {
  const asked = indicesOf(set);
  return (
    file === set.cache.file &&
    asked.length === indices.length &&
    asked.every((index, row) => index === indices[row])
  );
}
