import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalizeRows } from '../cluster/index.ts';
import { initialEncoderState, patchOf, resolveSettings } from '../methods/index.ts';
import { encoderCases, tinySettings, useTinyImages } from './encoder.cases.ts';
import { exportEncoder } from './exportEncoder.ts';
import { onnxEncoder } from './onnxEncoder.ts';
import { pixelEncoder } from './pixelEncoder.ts';
import { trainedEncoder } from './trainedEncoder.ts';
import { untrainedEncoder, untrainedState } from './untrainedEncoder.ts';

const images = useTinyImages();
const state = initialEncoderState(tinySettings, 5);
const open = () => trainedEncoder({ engine: images.engine, settings: tinySettings, state });
const few = Uint32Array.from({ length: 40 }, (_, i) => 11 * i);

function exported(name: string): string {
  const file = join(images.folder, name);
  writeFileSync(file, exportEncoder(tinySettings, state).model);
  return file;
}

encoderCases('a trained encoder', images, open);
encoderCases('an untrained encoder', images, () =>
  untrainedEncoder({
    ...{ engine: images.engine, settings: tinySettings },
    images: { cache: images.cache, indices: few },
  }),
);
for (const features of ['rawPixels', 'colorHistogram'] as const) {
  encoderCases(features, images, async () => pixelEncoder(features, { size: 16, images: 500 }));
}
encoderCases('an exported encoder', images, () => onnxEncoder(exported('a.onnx')));

describe('onnxEncoder', () => {
  it('gives the features of the run, with length 1', async () => {
    const { cache } = images;
    const [own, other] = [await open(), await onnxEncoder(exported('b.onnx'))];
    const expected = normalizeRows(await own.embed({ cache, indices: few }));
    const { data } = await other.embed({ cache, indices: few });
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(expected.data[i]!, 4);
    await Promise.all([own.close(), other.close()]);
  });

  it('refuses other files and says what to do', async () => {
    const file = join(images.folder, 'c.onnx');
    writeFileSync(file, 'no model');
    await expect(onnxEncoder(file)).rejects.toThrow(/`model\.exportOnnx\(file\)`/);
    await expect(onnxEncoder(join(images.folder, 'missing.onnx'))).rejects.toThrow(
      /cannot be opened/,
    );
  });
});

describe('untrainedState', () => {
  it('keeps the first weights and measures the running statistics', async () => {
    const { engine, cache } = images;
    const settings = { ...tinySettings, run: { ...tinySettings.run, seed: 9 } };
    const found = await untrainedState({ engine, settings, images: { cache, indices: few } });
    const initial = initialEncoderState(settings, 9);
    expect(Object.keys(found)).toEqual(Object.keys(initial));
    expect(found['conv1.weight']).toEqual(initial['conv1.weight']);
    expect(found['prototypes.weight']).toEqual(initial['prototypes.weight']);
    expect(found['bn1.running_var']).not.toEqual(initial['bn1.running_var']);
  });

  it('works on fewer images than the run has clusters', async () => {
    const { engine, cache } = images;
    for (const method of ['pcl', 'hcsc', 'deepcluster', 'deepcluster-v2'] as const) {
      const { views, ...tiny } = tinySettings;
      const crops = [{ count: method === 'deepcluster' ? 1 : 2, size: 14 }];
      const given = patchOf({
        method,
        clusters: '512',
        queueLength: 64,
        embeddingDim: 8,
        hiddenDim: 16,
      });
      const settings = resolveSettings({
        ...tiny,
        views: { ...views, crops },
        method: given.settings.method!,
      });
      const encoder = await untrainedEncoder({ engine, settings, images: { cache, indices: few } });
      expect((await encoder.embed({ cache, indices: few })).count).toBe(few.length);
      const { prototypes } = encoder.heads;
      if (method !== 'deepcluster') expect(prototypes!.count).toBe(512);
      await encoder.close();
    }
  }, 60_000);
});

describe('a trained encoder', () => {
  it('opens for another image size with the same weights', async () => {
    const encoder = await open();
    const sized = await encoder.resized({ size: 20, batchSize: 3 });
    expect(sized.input.size).toBe(20);
    expect(sized.dimension).toBe(encoder.dimension);
    expect((await sized.embedViews(new Uint8Array(3 * 3 * 20 * 20))).length).toBe(
      3 * sized.dimension,
    );
    await expect(sized.embedViews(new Uint8Array(4 * 3 * 20 * 20))).rejects.toThrow(
      /1 to 3 images/,
    );
    await Promise.all([sized.close(), encoder.close()]);
  });

  it('names a missing weight', async () => {
    const { 'conv1.weight': _, ...rest } = state;
    const { engine } = images;
    await expect(trainedEncoder({ engine, settings: tinySettings, state: rest })).rejects.toThrow(
      /no "conv1.weight"/,
    );
  });
});
