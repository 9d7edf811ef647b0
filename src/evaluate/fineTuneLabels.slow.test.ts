/** A network that learns a share of the labels. */
import { describe, expect, it } from 'vitest';
import { tinySettings, useTinyImages } from '../encoders/encoder.cases.ts';
import { initialEncoderState, type Settings } from '../methods/index.ts';
import { fineTuneLabels, type LabeledImages } from './fineTuneLabels.ts';

const images = useTinyImages();
const settings = tinySettings as Settings;
const state = initialEncoderState(settings);

/** Every step-th labeled image of the sample from one of its splits. */
function part(split: 'train' | 'test', step: number): LabeledImages {
  const { entries } = images.cache;
  const found = [...entries.keys()].filter((i) => entries[i]!.split === split);
  const indices = Uint32Array.from(found.filter((_, i) => i % step === 0));
  return { indices, labels: Int32Array.from(indices, (i) => entries[i]!.label!) };
}

const tune = (given: Partial<Parameters<typeof fineTuneLabels>[0]> = {}) =>
  fineTuneLabels({
    ...{ engine: images.engine, cache: images.cache, settings, state },
    ...{ train: part('train', 5), test: part('test', 4), seed: 1, leastSteps: 150, ...given },
  });

describe('fine-tuning with few labels', () => {
  it('learns them, more from more labels, and the same for the same seed', async () => {
    const seen: number[] = [];
    const first = await tune({ onProgress: (done) => void seen.push(done) });
    expect(first.map(({ share, labels, steps }) => [share, labels, steps])).toEqual([
      [0.01, 10, 150],
      [0.1, 80, 150],
    ]);
    // Always naming one of ten classes is right for a tenth.
    expect(first[0]!.accuracy).toBeGreaterThan(0.2);
    expect(first[1]!.accuracy).toBeGreaterThan(first[0]!.accuracy);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(await tune({ shares: [0.1], workers: 2 })).toEqual([first[1]]);
  }, 300_000);

  it('needs labels on both sides', async () => {
    const nothing = { indices: new Uint32Array(), labels: new Int32Array() };
    await expect(tune({ test: nothing })).rejects.toThrow(
      /received \d+ labeled images for training and 0 for testing; expected both/,
    );
  });
});
