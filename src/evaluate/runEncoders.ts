/** A run's encoder with the baselines that it is compared with. */
import type { Engine } from '../backends/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import {
  type ImageEncoder,
  learnedEncoder,
  PATCHES,
  type PixelSet,
  partOf,
  patchEncoder,
  pixelEncoder,
  untrainedEncoder,
} from '../encoders/index.ts';
import type { Settings } from '../methods/index.ts';
import type { Run } from '../run/index.ts';
import type { BaselineStore } from './baselineStore.ts';
import type { EncoderEvaluation } from './evaluate.ts';
import { type EvaluationSet, trainingImages } from './evaluationSet.ts';

export interface RunEncodersOptions {
  engine: Engine;
  run: Run;
  /**
   * Settings of the untrained network: the run's own, or those of the preset for the images where
   * the run trains none.
   */
  network: Settings;
  cache: PixelSet['cache'];
  /** Images that will be embedded. */
  set: EvaluationSet;
  /** Baselines that were measured before, which are not opened. */
  measured?: Pick<BaselineStore, 'read'>;
  reporter?: Reporter;
}

/** Weights of the untrained network where the run trains none. */
const PRESET_START = 'first weights of the network that the preset for these images would train';

/**
 * Opens the run's encoder, the untrained network, raw pixels, the color histogram and, for a run
 * of another encoder, patch features, one at a time. Each is closed before the next opens.
 *
 * Without labels only the first two are opened, because the others can be measured by labels alone.
 * A baseline that was measured before is yielded as its measurements.
 */
export async function* runEncoders(
  options: RunEncodersOptions,
): AsyncGenerator<ImageEncoder | EncoderEvaluation> {
  const { engine, run, network, cache, set, measured, reporter } = options;
  const images = { cache, indices: set.indices };
  const trainsNone = run.kind === 'features' || run.config.base !== undefined;
  const origin = trainsNone ? PRESET_START : undefined;
  const pixels = { size: run.view.imageSize, images: set.indices.length };
  const openers: [id: string | undefined, open: () => Promise<ImageEncoder>][] = [
    [undefined, () => run.openEncoder({ engine })],
    [
      'untrained',
      () =>
        untrainedEncoder({
          engine,
          settings: network,
          origin,
          model: run.kind === 'trained' ? run.config.origin?.model : undefined,
          view: run.view.input,
          images,
          reporter,
        }),
    ],
  ];
  if (set.classes > 0) {
    openers.push(
      ['rawPixels', async () => pixelEncoder('rawPixels', pixels)],
      ['colorHistogram', async () => pixelEncoder('colorHistogram', pixels)],
    );
    if (run.method !== 'patches') openers.push(['patches', () => patchBaseline(options)]);
  }
  for (const [id, open] of openers) {
    const known = id === undefined ? undefined : await measured?.read(id);
    if (known) {
      yield known;
      continue;
    }
    const encoder = await open();
    try {
      yield encoder;
    } finally {
      await encoder.close();
    }
  }
}

/**
 * Patch features with default settings, learned from the training images of the set; of a run that
 * joins them with a network, its own.
 */
async function patchBaseline(options: RunEncodersOptions) {
  const { engine, run, network, cache, set, reporter } = options;
  if (run.kind === 'features' && run.config.encoder.name === 'joined') {
    const { settings } = run.config.encoder;
    const tensors = partOf(run.tensors, PATCHES);
    const size = run.view.imageSize;
    const own = await patchEncoder({ engine, size, settings: settings.patches, tensors });
    return { ...own, protocol: 'the patch features of the run, without its network' };
  }
  const { seed, workers } = run.view;
  // Large images of a pretrained model would make patches slow, and no better.
  const size = Math.min(run.view.imageSize, network.data.imageSize);
  const patches = learnedEncoder('patches');
  const indices = trainingImages(set);
  const tensors = await patches.learn({
    ...{ engine, images: { cache, indices }, size, seed, workers, reporter },
  });
  const encoder = await patches.open({ engine, size, tensors });
  const protocol =
    `learned from ${showCount(indices.length)} of these images with default settings, by seed ` +
    `${seed}, at ${size} px`;
  return { ...encoder, protocol };
}
