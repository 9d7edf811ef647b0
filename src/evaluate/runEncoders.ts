/** A run's encoder with the baselines that it is compared with. */
import type { Engine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import type { Reporter } from '../core/reporter.ts';
import {
  type ImageEncoder,
  type PixelSet,
  pixelEncoder,
  trainedEncoder,
  untrainedEncoder,
} from '../encoders/index.ts';
import type { Settings } from '../methods/index.ts';

export interface RunEncodersOptions {
  engine: Engine;
  settings: Settings;
  /** State of the trained run. */
  state: Values;
  /** Images that will be embedded. */
  images: PixelSet;
  reporter?: Reporter;
}

/**
 * Opens the trained encoder, the untrained one, raw pixels and the color histogram, one at a time:
 * each is closed before the next opens.
 */
export async function* runEncoders(options: RunEncodersOptions): AsyncGenerator<ImageEncoder> {
  const { engine, settings, state, images } = options;
  const count = images.indices?.length ?? images.cache.widths.length;
  const pixels = { size: settings.data.imageSize, images: count };
  const openers = [
    () => trainedEncoder({ engine, settings, state }),
    () => untrainedEncoder(options),
    async () => pixelEncoder('rawPixels', pixels),
    async () => pixelEncoder('colorHistogram', pixels),
  ];
  for (const open of openers) {
    const encoder: ImageEncoder = await open();
    try {
      yield encoder;
    } finally {
      await encoder.close();
    }
  }
}
