/** A pretrained model that a run trains further, and everything that is done with the run. */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { openEngine } from '../backends/index.ts';
import type { PixelCache } from '../data/index.ts';
import { modelEncoder, untrainedEncoder } from '../encoders/index.ts';
import { oddModel, oddWeights } from '../encoders/models/oddModel.cases.ts';
import { decodeSafetensors, readOnnx } from '../formats/index.ts';
import {
  inspect,
  openEncoder,
  openModel,
  readReport,
  type TrainedModel,
  type TrainOptions,
  train,
} from '../likeness.ts';
import { openTrainedRun } from '../run/index.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 24;
const resnet = fileURLToPath(new URL('../../test/fixtures/graphs/resnet.onnx', import.meta.url));
const options: TrainOptions = {
  ...{ method: 'simclr', epochs: 2 },
  settings: {
    data: { batchSize: 8, imageSize: 32 },
    views: { crops: [{ count: 2, size: 32 }] },
    optimizer: { learningRate: 1e-3 },
    run: { measures: 'none', threads: 1 },
  },
};

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('pictures'), IMAGES);
  copyFileSync(resnet, at('tiny.onnx'));
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('train with a model to fine-tune', () => {
  let model: TrainedModel;
  const notes: string[] = [];
  const start = (out: string, more = {}) =>
    train(at('pictures'), {
      ...options,
      encoder: at('tiny.onnx'),
      fineTune: true,
      out: at(out),
      ...more,
    });
  beforeAll(async () => {
    model = await start('run', {
      onNote: ({ message }: { message: string }) => notes.push(message),
    });
  });

  it('trains its weights, and the run holds the model as it was', async () => {
    expect(model.training).toMatchObject({ outcome: 'finished' });
    expect(notes.join('\n')).toContain('preset fine-tuning: tiny is trained further');
    expect(notes.join('\n')).not.toContain('learn from scratch');
    expect(readFileSync(at('run', 'model.onnx'))).toEqual(readFileSync(resnet));
    const { origin, settings } = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
    const sha256 = createHash('sha256').update(readFileSync(resnet)).digest('hex');
    expect(origin).toMatchObject({ model: 'tiny', sha256, dimension: 16 });
    expect(settings.encoder).toMatchObject({ architecture: 'imported', model: sha256 });
  });

  it('opens without the file, with the trained features, and ends with the same bytes', async () => {
    rmSync(at('tiny.onnx'));
    const again = await openModel(at('run'));
    const [a, b] = [await model.embed(at('pictures')), await again.embed(at('pictures'))];
    expect(b.data).toEqual(a.data);
    expect([a.dimension, a.ids.length]).toEqual([16, IMAGES]);
    copyFileSync(resnet, at('tiny.onnx'));
    const stop = new AbortController();
    await start('twice', {
      signal: stop.signal,
      onEvent: ({ kind }: { kind: string }) => kind === 'step' && stop.abort(),
    });
    rmSync(at('tiny.onnx'));
    await train(at('pictures'), { out: at('twice'), resume: true });
    const resumed = await openModel(at('twice'));
    expect((await resumed.embed(at('pictures'))).data).toEqual(a.data);
    copyFileSync(resnet, at('tiny.onnx'));
  });

  it('has its weights exported under the names of its file, with the way that it takes images', async () => {
    const out = at('squashed');
    const encoder = `${at('tiny.onnx')}?kernel=bicubic&fit=squash`;
    const squashed = await start('squashed', { encoder, epochs: 1, out });
    const { file } = await squashed.exportWeights(at('weights.safetensors'));
    const { tensors, metadata } = decodeSafetensors(readFileSync(file));
    const { initializers, nodes } = readOnnx(readFileSync(at('tiny.onnx')));
    const own = new Set([...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs)]);
    expect(Object.keys(tensors).filter((name) => !own.has(name))).toEqual([]);
    expect(metadata).toMatchObject({
      'likeness.model': 'tiny',
      'likeness.fit': 'squash',
      'likeness.kernel': 'bicubic',
      'likeness.channels': 'rgb',
    });
    expect(metadata['likeness.preprocessing']).toContain('both sides resized to 32 (antialiased');
    expect(metadata).not.toHaveProperty('likeness.architecture');
  });

  it('is exported with its weights, with the same features', async () => {
    const { file, check } = await model.exportOnnx();
    expect(check.largestDifference).toBeLessThan(1e-4);
    await using encoder = await openEncoder(file);
    const [own, exported] = [
      await model.embed(at('pictures')),
      await encoder.embed(at('pictures')),
    ];
    own.data.forEach((value, i) => {
      expect(Math.abs(exported.data[i]! - value)).toBeLessThan(1e-3);
    });
    await using before = await openEncoder(resnet);
    expect(before.dimension).toBe(16);
  });

  it('is compared with the model before training', async () => {
    const engine = await openEngine({ threads: 1 });
    const { config, view, openEncoder: open } = await openTrainedRun(at('run'));
    const { settings } = config;
    const images = { cache: {} as PixelCache };
    const about = { model: config.origin!.model, view: view.input };
    const before = await untrainedEncoder({ engine, settings, images, ...about });
    expect(before.title).toBe('tiny before training');
    const pixels = Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => (i * 37) % 256);
    const file = await modelEncoder(at('tiny.onnx'), { threads: 1 });
    const [was, expected] = [await before.embedViews(pixels), await file.embedViews(pixels)];
    expected.forEach((value, i) => {
      expect(Math.abs(was[i]! - value)).toBeLessThan(1e-4);
    });
    const own = await open({ engine });
    expect(own.title).toBe('tiny fine-tuned by simclr');
    const now = await own.embedViews(pixels);
    expect(Math.max(...now.map((value, i) => Math.abs(value - was[i]!)))).toBeGreaterThan(1e-4);
    await Promise.all([file.close(), engine.close()]);
  });

  it('is clustered and reported', async () => {
    const clustering = await model.cluster(at('pictures'), { k: 3 });
    await clustering.writeReport();
    const { method, trained, settings } = await readReport(at('run'));
    expect(method).toBe('simclr');
    expect(trained).toBe('tiny fine-tuned by simclr');
    expect(settings[0]).toEqual({ name: 'Encoder', value: 'tiny, trained further, 32 px' });
    expect(await inspect(at('run'))).toMatchObject({ origin: { model: 'tiny', dimension: 16 } });
  });

  it('runs operators without a gradient as they are, below what is trained', async () => {
    writeFileSync(at('odd.onnx'), oddModel());
    const odd = { encoder: at('odd.onnx') };
    await expect(start('odd', odd)).rejects.toThrow(
      'node "normal" (LRN): the operator cannot be trained. It reads "maps"',
    );
    // Refused before a folder is made, so that the next command can take its name.
    const settings = { ...options.settings, encoder: { frozenLayers: 0.5 } };
    const trained = await start('odd', { ...odd, settings });
    rmSync(at('odd.onnx'));
    const again = await openModel(at('odd'));
    const own = await again.embed(at('pictures'));
    const { file, check } = await trained.exportOnnx();
    expect(check.largestDifference).toBeLessThan(1e-4);
    await using exported = await openEncoder(file);
    const features = await exported.embed(at('pictures'));
    own.data.forEach((value, i) => {
      expect(Math.abs(features.data[i]! - value)).toBeLessThan(1e-3);
    });
    const weights = (await openTrainedRun(at('odd'))).state;
    const { w1, w2 } = oddWeights;
    expect([...weights['encoder.w1']!]).toEqual([...w1]);
    expect([...weights['encoder.w2']!]).not.toEqual([...w2]);
  });

  it('refuses another model on resume, a damaged file, and a preset', async () => {
    writeFileSync(at('other.onnx'), readFileSync(resnet.replace('resnet', 'mobilenetv3')));
    await expect(
      train(at('pictures'), {
        ...{ encoder: at('other.onnx'), fineTune: true },
        ...{ out: at('twice'), resume: true },
      }),
    ).rejects.toThrow(
      /^encoder: received .*other.onnx with SHA-256 .*; expected the model tiny with SHA-256/,
    );
    await expect(start('third', { preset: 'small-32' })).rejects.toThrow(
      'fineTune: received preset "small-32"',
    );
    await expect(start('third', { k: 3 })).rejects.toThrow('fineTune: received k 3');
    await expect(start('third', { method: 'temi' })).rejects.toThrow(
      'fineTune: received method "temi"; expected one that trains a network',
    );
    await expect(start('third', { settings: { encoder: { width: 8 } } })).rejects.toThrow(
      'expected layerDecay or frozenLayers',
    );
    writeFileSync(at('twice', 'model.onnx'), 'other');
    await expect(openModel(at('twice'))).rejects.toThrow('is not the file of tiny');
    rmSync(at('twice', 'model.onnx'));
    await expect(openModel(at('twice'))).rejects.toThrow('Copy the file of tiny there');
  });
});
