/** Images of a run that an exported model is compared on. */

import { reasonOf } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Reporter } from '../core/reporter.ts';
import { openSource } from '../data/index.ts';
import type { Run } from '../run/index.ts';
import { evaluationPixels } from './runEncoder.ts';

/** Images that the exported model is compared on. */
export const COMPARED = 3;
/** Files that are tried per compared image, because some may be unreadable. */
const TRIED_PER_IMAGE = 8;

/** Images that the exported model is compared on. */
export interface ComparedImages {
  readonly kind: 'images' | 'noise';
  /** [3, 3, s, s] */
  readonly pixels: Uint8Array;
  /** Class of each image of the source by its path, where it has a label. */
  readonly classOf: ReadonlyMap<string, string>;
}

/**
 * Reads pixels [3, 3, s, s] of images of the run's source, or makes noise where the source is gone.
 */
export async function imagesToCompare(
  { config, view }: Run,
  reporter: Reporter,
): Promise<ComparedImages> {
  const { imageSize, seed } = view;
  const pixels = new Uint8Array(COMPARED * 3 * imageSize ** 2);
  const random = randomAt(seed, 'synthetic');
  const classOf = new Map<string, string>();
  let found = 0;
  try {
    const { path } = config.source;
    const options = { ...config.source, signal: reporter.signal };
    // Labels name clusters alone: a file of labels may be gone.
    const source = await openSource(path, options).catch(() =>
      openSource(path, { ...options, labels: 'none' }),
    );
    try {
      const { entries, labelNames } = source;
      const { length } = entries;
      for (const { id, label } of entries) {
        if (label !== undefined) classOf.set(id, labelNames?.[label] ?? String(label));
      }
      const tried = Math.min(length, TRIED_PER_IMAGE * COMPARED);
      for (let i = 0; i < tried && found < COMPARED; i++) {
        reporter.signal.throwIfAborted();
        const image = source.read(Math.floor((i * length) / tried));
        const pixelsOf = await image
          .then((read) => evaluationPixels(read, view, reporter.signal))
          .catch(() => undefined);
        if (pixelsOf) pixels.set(pixelsOf, found++ * pixelsOf.length);
      }
    } finally {
      await source.close();
    }
  } catch (error) {
    reporter.signal.throwIfAborted();
    reporter.warn({
      code: 'export.noise',
      message: `comparing on noise, because the run's images cannot be read: ${reasonOf(error)}`,
    });
  }
  const from = found < COMPARED ? 0 : pixels.length;
  for (let i = from; i < pixels.length; i++) pixels[i] = random.integer(256);
  return { kind: found < COMPARED ? 'noise' : 'images', pixels, classOf };
}
