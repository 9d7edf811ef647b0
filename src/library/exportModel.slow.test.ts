/** Exported encoders of every kind of run: their clusters, and the loss of fewer bits. */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { Writer } from '../compile/index.ts';
import { isolatedDecoder } from '../data/index.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';
import { runExported } from '../encoders/onnxEncoder.ts';
import { readOnnxMetadata } from '../encoders/onnxMetadata.ts';
import { fieldsOf } from '../formats/index.ts';
import { type Model, openEncoder, openImages, openModel, start, train } from '../likeness.ts';
import { editsKeyOf, noEdits, readClustering, writeClustering, writeEdits } from '../run/index.ts';
import { renderEvaluationView } from '../views/index.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 24;
const SIZE = 32;
const files: string[] = [];

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('flat'), IMAGES);
  for (const kind of ['0', '1']) await writeTextures(at('pictures', kind), 0);
  for (const [i, name] of readdirSync(at('flat')).sort().entries()) {
    files.push(at('pictures', String(i % 2), name));
    renameSync(at('flat', name), files.at(-1)!);
  }
  writeFileSync(at('tiny.onnx'), tinyModel({ size: SIZE }));
  writeFileSync(at('old.onnx'), ofVersion(tinyModel({ size: SIZE }), 11));
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

/** A model that says it is of another version of ONNX's operators. */
function ofVersion(bytes: Uint8Array, version: number): Uint8Array {
  const writer = new Writer();
  for (const { field, encoded } of fieldsOf(bytes)) {
    if (field === 8) writer.message(8, (opset) => opset.text(1, '').integer(2, version));
    else writer.fields(encoded);
  }
  return writer.finish();
}

/** Pixels [n, 3, s, s] of the pictures, as a program elsewhere would prepare them. */
async function pixelsOf(size: number): Promise<Uint8Array> {
  const pixels = new Uint8Array(files.length * 3 * size ** 2);
  for (const [i, file] of files.entries()) {
    const image = await isolatedDecoder.decode(
      { kind: 'encoded', bytes: readFileSync(file) },
      { size: 2 * size },
    );
    const data = pixels.subarray(i * 3 * size ** 2, (i + 1) * 3 * size ** 2);
    renderEvaluationView(image, { width: size, height: size, data }, { size });
  }
  return pixels;
}

/** Compares the output `clusters` of an exported model with what `assign` returns. */
async function requireAssign(model: Model, out: string): Promise<void> {
  const { file, clusters, imageSize } = await model.exportOnnx(at(out));
  const session = await InferenceSession.create(file);
  const { k } = clusters!;
  const found = await runExported(session, await pixelsOf(imageSize), imageSize, ['clusters']);
  const probabilities = found.clusters!; // [n, K]
  await session.release();
  const assigned = await model.assign(files);
  expect(probabilities).toHaveLength(files.length * k);
  const { names } = clusters!;
  for (const [i, { cluster, confidence, name }] of assigned.entries()) {
    const row = [...probabilities.subarray(i * k, (i + 1) * k)];
    const best = row.indexOf(Math.max(...row));
    expect(row[best]).toBeCloseTo(confidence, 3);
    expect(names[best]).toMatchObject({ cluster, name: name ?? `cluster ${cluster}` });
  }
  expect(new Set(assigned.map(({ cluster }) => cluster)).size).toBeGreaterThan(1);
  expect(names).toHaveLength(k);
  const metadata = readOnnxMetadata(readFileSync(file))!;
  expect(JSON.parse(metadata['likeness.clusters']!)).toEqual(names);
}

describe('clusters as an output', () => {
  it('equal assign for patch features', async () => {
    const model = await start(at('pictures'), { encoder: 'patches', out: at('patches') });
    expect((await model.exportOnnx(at('before.onnx'))).clusters).toBeUndefined();
    await model.cluster(at('pictures'), { k: 3 });
    await requireAssign(model, 'patches.onnx');
    const stored = (await model.clustering())!;
    await writeEdits(at('patches', 'edits.json'), {
      ...noEdits(editsKeyOf(stored)),
      done: [
        { type: 'merge', clusters: [2], into: 1 },
        { type: 'name', cluster: 0, name: 'stripes' },
      ],
    });
    await requireAssign(model, 'edited.onnx');
    const { names } = (await model.exportOnnx(at('edited.onnx'))).clusters!;
    expect(names[0]!.name).toBe('stripes');
    expect(names[1]!.cluster).toBe(names[2]!.cluster);
  });

  it('equal assign for a pretrained model, and name its classes', async () => {
    const model = await start(at('pictures'), { encoder: at('tiny.onnx'), out: at('model') });
    await model.cluster(at('pictures'), { k: 2 });
    await requireAssign(model, 'model.onnx');
    const { clusters } = await model.exportOnnx(at('model.onnx'));
    expect(clusters!.learned).toBe(false);
    expect(clusters!.names.reduce((sum, { images }) => sum + images!, 0)).toBe(IMAGES);
    for (const name of clusters!.names) {
      expect(['0', '1']).toContain(name.class);
      expect(name.share).toBeGreaterThanOrEqual(0.5);
    }
  });

  it('equal assign for a head on a pretrained model of an old version of ONNX', async () => {
    const model = await train(at('pictures'), {
      ...{ encoder: at('old.onnx'), k: 3, out: at('head') },
      settings: { schedule: { maxSteps: 12 } },
    });
    const before = await model.exportOnnx(at('outputs.onnx'));
    expect(before.clusters).toMatchObject({ k: 3, learned: true });
    expect(before.clusters!.names[0]).toEqual({ name: 'output 0', cluster: 0 });
    await model.cluster(at('pictures'));
    await requireAssign(model, 'head.onnx');
    expect((await model.exportOnnx(at('head.onnx'))).clusters!.learned).toBe(true);
  });

  const tiny = {
    encoder: { architecture: 'resnet10' as const, width: 4 },
    data: { imageSize: SIZE, batchSize: 8 },
    views: { crops: [{ count: 2, size: SIZE }] },
    schedule: { maxSteps: 3 },
    run: { threads: 1 },
  };

  it('equal assign for a trained network', async () => {
    const model = await train(at('pictures'), {
      out: at('trained'),
      settings: { ...tiny, method: { name: 'swav', prototypes: 8 } },
    });
    await model.cluster(at('pictures'), { k: 3 });
    await requireAssign(model, 'trained.onnx');
    await model.cluster(at('pictures'), { k: 2, name: 'two' });
    const two = await model.exportOnnx(at('two.onnx'), { clustering: 'two' });
    expect(two.clusters!.k).toBe(2);
    await expect(model.exportOnnx(at('x.onnx'), { clustering: 'none' })).rejects.toMatchObject({
      code: 'clustering.missing',
    });
  });

  it('equal assign for a network whose method learns clusters', async () => {
    const model = await train(at('pictures'), {
      out: at('learned'),
      settings: { ...tiny, method: { name: 'contrastive-clustering', clusters: 4 } },
    });
    const { k } = await model.cluster(at('pictures'));
    await requireAssign(model, 'learned.onnx');
    const { clusters } = await model.exportOnnx(at('learned.onnx'));
    expect(clusters).toMatchObject({ k, learned: true });
  });

  it('equal assign for a model that was trained further', async () => {
    const model = await train(at('pictures'), {
      ...{ encoder: at('old.onnx'), fineTune: true, method: 'simclr', out: at('tuned') },
      settings: {
        data: { imageSize: SIZE, batchSize: 8 },
        views: { crops: [{ count: 2, size: SIZE }] },
        schedule: { maxSteps: 3 },
        run: { threads: 1 },
      },
    });
    await model.cluster(at('pictures'), { k: 3 });
    await requireAssign(model, 'tuned.onnx');
    const { loss } = await model.exportOnnx(at('tuned.onnx'), { precision: 'fp16' });
    expect(loss!.meanCosine).toBeGreaterThan(0.999);
  });

  it('equal assign for a model that likeness has exported, read with its view', async () => {
    writeFileSync(
      at('preprocessor_config.json'),
      JSON.stringify({
        ...{ size: { shortest_edge: 40 }, crop_size: SIZE, resample: 3 },
        ...{ image_mean: 0.5, image_std: 0.5 },
      }),
    );
    const first = await start(at('pictures'), { encoder: at('tiny.onnx'), out: at('first') });
    rmSync(at('preprocessor_config.json'));
    await first.cluster(at('pictures'), { k: 2 });
    const { file } = await first.exportOnnx(at('exported.onnx'));
    const second = await start(at('pictures'), { encoder: file, out: at('second') });
    const input = { size: SIZE, resize: 40, fit: 'crop', kernel: 'bicubic' };
    expect(second.config).toMatchObject({ encoder: { settings: { input } } });
    const own = await first.embed(at('pictures'));
    await using encoder = await openEncoder(file);
    for (const { data } of [
      await second.embed(at('pictures')),
      await encoder.embed(at('pictures')),
    ]) {
      for (const [i, value] of data.entries()) expect(value).toBeCloseTo(own.data[i]!, 4);
    }
    await second.cluster(at('pictures'), { k: 3 });
    const again = await second.exportOnnx(at('again.onnx'));
    expect(again.clusters!.k).toBe(3);
    expect(again.clusters!.largestDifference).toBeLessThan(1e-3);
  });

  it('have no classes where the file of labels is gone, and are compared all the same', async () => {
    const labels = at('labels.csv');
    const rows = files.map(
      (file, i) => `${relative(at('pictures'), file)},${i % 2 ? 'odd' : 'even'}`,
    );
    writeFileSync(labels, ['path,label', ...rows].join('\n'));
    const images = await openImages(at('pictures'), { labels });
    const model = await start(images, { encoder: at('tiny.onnx'), out: at('labeled') });
    await model.cluster(images, { k: 2 });
    await images.close();
    const { clusters } = await model.exportOnnx(at('labeled.onnx'));
    expect(['odd', 'even']).toContain(clusters!.names[0]!.class);
    rmSync(labels);
    const without = await model.exportOnnx(at('labeled.onnx'));
    expect(without.check.on).toBe('images');
    expect(without.clusters!.names[0]!.class).toBeUndefined();
  });

  it('are left out where they were made at another step, which a note says', async () => {
    const model = await openModel(at('trained'));
    const file = at('trained', 'clusters.safetensors');
    const before = readFileSync(file);
    const clustering = await readClustering(file);
    await writeClustering(file, { ...clustering, step: 1 });
    const notes: string[] = [];
    const { clusters } = await model.exportOnnx(at('stale.onnx'), {
      onNote: ({ code }) => void notes.push(code),
    });
    writeFileSync(file, before);
    expect(clusters).toBeUndefined();
    expect(notes).toContain('export.clusters');
  });
});

describe('fewer bits', () => {
  it.each(['fp16', 'int8'] as const)('%s states the loss, in the file too', async (precision) => {
    const model = await openModel(at('trained'));
    const whole = await model.exportOnnx(at('whole.onnx'));
    const { loss, file, bytes, clusters } = await model.exportOnnx(at(`${precision}.onnx`), {
      precision,
    });
    expect(whole.loss).toBeUndefined();
    expect(bytes).toBe(statSync(file).size);
    expect(bytes).toBeLessThan(whole.bytes);
    expect(loss).toMatchObject({ images: IMAGES, neighbors: { k: 10 }, knn: { k: 12 } });
    expect(loss!.meanCosine).toBeGreaterThan(0.99);
    expect(clusters!.k).toBe(3);
    const metadata = readOnnxMetadata(readFileSync(file))!;
    expect(metadata['likeness.precision']).toBe(precision);
    expect(JSON.parse(metadata['likeness.loss']!)).toEqual(loss);
    // The stated cosine is that of the features which the file gives.
    await using encoder = await openEncoder(file);
    const [a, b] = [await model.embed(at('pictures')), await encoder.embed(at('pictures'))];
    const cosine = a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0) / IMAGES;
    expect(cosine).toBeCloseTo(loss!.meanCosine, 5);
    expect(cosine).toBeLessThan(1);
  });

  it('warns where the loss is not known', async () => {
    const model = await openModel(at('patches'));
    renameSync(at('pictures'), at('gone'));
    const warnings: string[] = [];
    const { loss, check } = await model.exportOnnx(at('unknown.onnx'), {
      precision: 'int8',
      onWarning: ({ code }) => void warnings.push(code),
    });
    renameSync(at('gone'), at('pictures'));
    expect(loss).toBeUndefined();
    expect(check.on).toBe('noise');
    expect(warnings).toContain('export.lossUnknown');
    rmSync(at('unknown.onnx'));
  });
});
