import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { covariance, normalizeRows } from '../../cluster/index.ts';
import { initialEncoderState, type Settings } from '../../methods/index.ts';
import { evaluationBatches } from '../../views/index.ts';
import { checkExport } from '../checkExport.ts';
import { encoderCases, tinySettings, useTinyImages } from '../encoder.cases.ts';
import { learnPatches, patchEncoder } from '../patches/index.ts';
import { trainedEncoder } from '../trainedEncoder.ts';
import {
  exportJoined,
  type JoinedTensors,
  joinedEncoder,
  joinedFacts,
  joinedSettings,
  learnJoin,
  PATCHES,
  partOf,
  retrieval,
  viewRetrieval,
} from './index.ts';

const images = useTinyImages();
const size = 16;
const settings = joinedSettings.parse({
  patches: { colorFilters: 8, grayFilters: 6, patches: 2000, patchSize: 5, components: 12 },
  minutes: 1,
  network: { settings: tinySettings as unknown as Record<string, unknown>, step: 30, epochs: 2.5 },
  ...{ components: 10, weight: 0.5 },
});
const few = Uint32Array.from({ length: 120 }, (_, i) => 5 * i);
const state = initialEncoderState(tinySettings as Settings);

async function learn(): Promise<JoinedTensors> {
  const { engine, cache } = images;
  const shared = { engine, images: { cache, indices: few }, size, seed: 3 };
  const patches = await learnPatches({ ...shared, settings: settings.patches });
  return learnJoin({ ...shared, settings, patches, state });
}
let learned: Promise<JoinedTensors> | undefined;
const tensorsOnce = () => (learned ??= learn());

encoderCases('joined', images, async () =>
  joinedEncoder({ engine: images.engine, size, settings, tensors: await tensorsOnce() }),
);

describe('the joined encoder', () => {
  it('has patch features of length 1, then components of the network times the weight', async () => {
    const { engine, cache } = images;
    const tensors = await tensorsOnce();
    const set = { cache, indices: few };
    const encoder = await joinedEncoder({ engine, size, settings, tensors });
    const both = await encoder.embed(set);
    await encoder.close();
    const alone = await patchEncoder({
      ...{ engine, size, settings: settings.patches, tensors: partOf(tensors, PATCHES) },
    });
    const patches = await alone.embed(set);
    await alone.close();
    const network = await trainedEncoder({ engine, settings: tinySettings, state, size });
    const features = await network.embed(set);
    await network.close();
    const [P, F, Q] = [patches.dimension, features.dimension, 10];
    expect(both.dimension).toBe(P + Q);
    const projection = tensors['join.projection']!;
    const offset = tensors['join.offset']!.data as Float32Array;
    expect(projection.shape).toEqual([F, Q]);
    for (const i of [0, 57, 119]) {
      const p = patches.data.subarray(i * P, (i + 1) * P);
      const n = Array.from(offset, (sum, q) => {
        for (let f = 0; f < F; f++) {
          sum += features.data[i * F + f]! * (projection.data as Float32Array)[f * Q + q]!;
        }
        return sum;
      });
      const row = [
        ...p.map((v) => v / Math.hypot(...p)),
        ...n.map((v) => v / Math.hypot(...n) / 2),
      ];
      for (let d = 0; d < P + Q; d++) expect(both.data[i * (P + Q) + d]).toBeCloseTo(row[d]!, 3);
    }
  });

  it('whitens the components of the network over the images', async () => {
    const { engine, cache } = images;
    const tensors = await tensorsOnce();
    const network = await trainedEncoder({ engine, settings: tinySettings, state, size });
    const features = await network.embed({ cache, indices: few });
    await network.close();
    const F = features.dimension;
    const { data: projection } = tensors['join.projection']!;
    const offset = tensors['join.offset']!.data as Float32Array;
    const z = new Float32Array(120 * 10);
    for (let i = 0; i < 120; i++)
      for (let q = 0; q < 10; q++) {
        let sum = offset[q]!;
        for (let f = 0; f < F; f++)
          sum += features.data[i * F + f]! * (projection as Float32Array)[f * 10 + q]!;
        z[i * 10 + q] = sum;
      }
    const { means, matrix } = await covariance(engine, { data: z, count: 120, dimension: 10 });
    // lambda / (lambda + e lambda_1): 1 / 1.01 for the first component.
    expect(matrix[0]).toBeCloseTo(1 / 1.01, 2);
    for (let q = 0; q < 10; q++) {
      expect(means[q]).toBeCloseTo(0, 3);
      expect(matrix[q * 10 + q]).toBeLessThan(1);
      for (let other = 0; other < q; other++) expect(matrix[q * 10 + other]).toBeCloseTo(0, 1);
    }
  });

  it('is one ONNX model, with features equal to the encoder', async () => {
    const { engine, cache, folder } = images;
    const tensors = await tensorsOnce();
    const encoder = await joinedEncoder({ engine, size, settings, tensors });
    const { model, dimension } = exportJoined({ size, settings, tensors });
    const file = join(folder, 'joined.onnx');
    writeFileSync(file, model);
    expect(dimension).toBe(encoder.dimension);
    const indices = few.slice(0, 3);
    const expected = normalizeRows(await encoder.embed({ cache, indices })).data;
    await encoder.close();
    for await (const { pixels } of evaluationBatches(cache, { size, batchSize: 3, indices })) {
      const check = await checkExport(file, { pixels, expected, count: 3, size });
      expect(check.features).toBeLessThan(1e-4);
    }
  });

  it('refuses a network that is not trained yet, and tensors without it', async () => {
    const { engine } = images;
    const tensors = await tensorsOnce();
    const { network: _, ...untrained } = settings;
    await expect(joinedEncoder({ engine, size, settings: untrained, tensors })).rejects.toThrow(
      'found no settings of its network',
    );
    const name = Object.keys(tensors).find((key) => key.startsWith('network.'))!;
    const { [name]: __, ...rest } = tensors;
    await expect(joinedEncoder({ engine, size, settings, tensors: rest })).rejects.toThrow(
      `found no tensor "${name}"`,
    );
  });

  it('says in words what it is', () => {
    expect(joinedFacts(settings)).toMatchObject({
      network: 'resnet10, width 4',
      training: 'simclr, 2.5 epochs',
      networkComponents: 10,
      networkWeight: 0.5,
      colorFilters: '8',
    });
  });
});

describe('retrieval', () => {
  it('is the mean reciprocal rank of images by views, over some of the columns', () => {
    // Columns 1 and 2: view 0 is nearest to image 0, view 1 to image 0 and then to image 1.
    const images = Float32Array.of(9, 1, 0, 9, 0, 1);
    const views = Float32Array.of(0, 0.8, 0.6, 0, 0.8, 0.6);
    expect(retrieval(views, images, { dimension: 3, from: 1, to: 3 })).toBe((1 + 1 / 2) / 2);
    expect(retrieval(images, images, { dimension: 3, from: 1, to: 3 })).toBe(1);
  });

  it('is the same for the same seed, above that of noise for both parts', async () => {
    const { engine, cache } = images;
    const tensors = await tensorsOnce();
    const options = { engine, images: { cache, indices: few }, size, settings, tensors, seed: 1 };
    const found = await viewRetrieval(options);
    expect(await viewRetrieval({ ...options, workers: 2 })).toEqual(found);
    // Noise: the mean of 1 / r over ranks r = 1 … 120 is .045.
    for (const part of [found.patches, found.network]) {
      expect(part).toBeGreaterThan(0.09);
      expect(part).toBeLessThan(1);
    }
    expect(found.patches).not.toBe(found.network);
  });
});
