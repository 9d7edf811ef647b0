/** A head on a pretrained model as a run like any other: trained, resumed, and everything after. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { normalizationOf } from '../encoders/index.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';
import { decodeSafetensors } from '../formats/index.ts';
import {
  inspect,
  listCaches,
  openEncoder,
  openModel,
  readReport,
  start,
  type TrainedModel,
  type TrainOptions,
  train,
} from '../likeness.ts';
import { momentsOf, readMoment, runFolderAt } from '../run/index.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 48;
const short = { settings: { schedule: { maxSteps: 12 } } } as const;

/** Textures, with a folder for each of their three kinds. */
async function writePictures(): Promise<void> {
  await writeTextures(at('flat'), IMAGES);
  for (const kind of ['0', '1', '2']) await writeTextures(at('pictures', kind), 0);
  for (const [i, name] of readdirSync(at('flat')).sort().entries()) {
    renameSync(at('flat', name), at('pictures', String(i % 3), name));
  }
}
const bytesOf = (out: string) => {
  const folder = join(out, 'checkpoints');
  return readFileSync(join(folder, readdirSync(folder).sort().at(-1)!));
};
const trained = (out: string, options: TrainOptions = {}) =>
  train(at('pictures'), {
    ...{ encoder: at('tiny.onnx'), k: 3, out: at(out) },
    ...short,
    ...options,
  });

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writePictures();
  writeFileSync(at('tiny.onnx'), tinyModel({ size: 32 }));
  writeFileSync(at('other.onnx'), tinyModel({ size: 32, scale: 'fractions' }));
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('a head on a pretrained model', () => {
  let model: TrainedModel;
  const notes: string[] = [];
  beforeAll(async () => {
    model = await trained('run', { onNote: ({ message }) => void notes.push(message) });
  });

  it('is trained for the steps of its recipe, with the model in the run', async () => {
    expect(model).toMatchObject({ kind: 'trained', method: 'ensemble', step: 12 });
    expect(model.training).toMatchObject({ outcome: 'finished', totalSteps: 12 });
    const { config } = model;
    expect(config.base).toMatchObject({ model: 'tiny', dimension: 8 });
    expect(config.settings).toMatchObject({
      data: { batchSize: IMAGES, imageSize: 32 },
      encoder: { architecture: 'pretrained', dimension: 8 },
      schedule: { epochs: 12 },
      method: { clusters: 3 },
    });
    expect(notes).toContain('ensemble on tiny, a head on the features of the model');
    expect(notes.join(' ')).not.toContain('learn from scratch');
    const inspected = await inspect(at('run'));
    expect(inspected).toMatchObject({ kind: 'run', base: { model: 'tiny' } });
    expect(inspected).toMatchObject({ changed: ['epochs', 'maxSteps'] });
    const models = listCaches(at('cache')).caches.flatMap(({ features }) => features?.model ?? []);
    expect(models).toEqual(['tiny']);
  });

  it('keeps the last moment of its clusters for the page', async () => {
    const folder = runFolderAt(at('run'));
    const steps = await momentsOf(folder);
    expect(steps).toEqual([12]);
    const moment = await readMoment(folder, 12);
    expect(moment).toMatchObject({ kind: 'clusters', groups: 3, sample: IMAGES });
    expect(moment.ids).toHaveLength(IMAGES);
    for (const { group, images } of moment.strips) {
      // The most probable image of a cluster that is used belongs to it.
      expect(moment.assigned[moment.ids.indexOf(images[0]!)]).toBe(group);
    }
  });

  // The members are trained in steps 1 to 9, and the joined clusters are learned in the others.
  it.each([5, 10])(
    'ends with the same bytes where it stops at step %i and resumes',
    async (last) => {
      const out = `resumed${last}`;
      const stop = new AbortController();
      const first = await trained(out, {
        signal: stop.signal,
        onEvent: (event) => event.kind === 'step' && event.step === last && stop.abort(),
      });
      expect(first.training?.outcome).toBe('interrupted');
      expect(first.step).toBeLessThan(12);
      // The model lies in the run, and the file may be gone.
      await train(at('pictures'), { out: at(out), resume: true });
      expect(bytesOf(at(out))).toEqual(bytesOf(at('run')));
      const weights = (folder: string) => readFileSync(at(folder, 'encoder.safetensors'));
      expect(weights(out)).toEqual(weights('run'));
    },
  );

  it('refuses another model, another K and another method on a resume', async () => {
    const resumed = (options: TrainOptions) => trained('run', { resume: true, ...options });
    await expect(resumed({ encoder: at('other.onnx') })).rejects.toThrow(
      /^encoder: received .*other.onnx with SHA-256 .*; expected the model tiny with SHA-256/,
    );
    await expect(resumed({ encoder: `${at('tiny.onnx')}?std=1,1,1` })).rejects.toThrow(
      'encoder: received std 1,1,1; expected std 0.229,0.224,0.225, as the run',
    );
    await expect(resumed({ k: 4 })).rejects.toThrow('resume: received `k` 4; expected 3');
    await expect(resumed({ method: 'swav' })).rejects.toMatchObject({ code: 'resume.differs' });
    expect((await resumed({})).training?.outcome).toBe('finished');
  });

  it('gives its clusters to cluster and assign, and features of the model', async () => {
    const clustering = await model.cluster(at('pictures'));
    expect(clustering.by).toBe('head');
    expect(clustering.k).toBeLessThanOrEqual(3);
    const given = new Map(clustering.images.map((id, i) => [id, clustering.assignments[i]]));
    const again = await openModel(at('run'));
    for (const { path, cluster } of await again.assign([at('pictures')])) {
      expect(cluster).toBe(given.get(path.slice(at('pictures').length + 1)));
    }
    const plain = await start(at('pictures'), { encoder: at('tiny.onnx'), out: at('plain') });
    const [own, models] = [await model.embed(at('pictures')), await plain.embed(at('pictures'))];
    expect(own.data).toEqual(models.data);
    // Another number of clusters is found by k-means on the features.
    expect((await model.cluster(at('pictures'), { k: 5 })).by).toBe('smoothed-kmeans');
    await model.cluster(at('pictures'));
  });

  it('has a report, and is exported as the model that its features come from', async () => {
    const clustering = await model.cluster(at('pictures'));
    await clustering.writeReport();
    const { settings, method, trained: name } = await readReport(at('run'));
    expect([method, name]).toEqual(['ensemble', 'ensemble on tiny']);
    expect(settings).toContainEqual({ name: 'Head', value: 'ensemble' });
    expect(settings).toContainEqual({ name: 'Model', value: 'tiny' });
    const { file, check, clusters } = await model.exportOnnx();
    expect(clusters).toMatchObject({ learned: true, output: 'clusters' });
    expect(check.largestDifference).toBeLessThan(1e-5);
    await using encoder = await openEncoder(file);
    expect(encoder.dimension).toBe(8);
    const weights = await model.exportWeights(at('head.safetensors'));
    expect(weights.tensors).toBeGreaterThan(2);
    const { metadata } = decodeSafetensors(readFileSync(weights.file));
    const { mean } = normalizationOf(model.config.base!.input);
    expect(metadata['likeness.input']).toContain('features of tiny [batch, 8]');
    expect(metadata['likeness.mean']).toBe(mean.join(','));
    expect(metadata).not.toHaveProperty('likeness.architecture');
  });

  it('is refused for what makes no sense, before any work', async () => {
    const cases: [TrainOptions, string][] = [
      [{ method: 'simclr' }, 'method: received "simclr", whose head learns no clusters'],
      [{ method: 'deepcluster' }, 'method: received "deepcluster", whose head learns no clusters'],
      [{ preset: 'small-32' }, 'preset: received "small-32" together with encoder'],
      [{ settings: { encoder: { width: 8 } } }, 'width: received a setting of a network'],
      [{ k: 49 }, 'k: received 49 for 48 images; expected a whole number from 2 to 48'],
      [{ encoder: 'patches' }, 'encoder: received "patches"; expected the path'],
      [{ encoder: at('none.onnx') }, 'which does not exist; expected an ONNX file'],
      [{ settings: { data: { batchSize: 64 } } }, 'batchSize: received 64 for 48 images'],
      [
        { settings: { views: { crops: [{ count: 2, size: 16 }] } } },
        'crops: received crops of 16 px; expected 32 px',
      ],
    ];
    for (const [options, message] of cases) {
      await expect(trained('refused', options), message).rejects.toThrow(message);
      expect(existsSync(at('refused', 'config.json'))).toBe(false);
    }
    await expect(train(at('pictures'), { k: 3, out: at('refused') })).rejects.toThrow(
      'k: received 3 without encoder',
    );
    await expect(train(at('pictures'), { method: 'temi', out: at('refused') })).rejects.toThrow(
      'method: received "temi" without encoder; expected a pretrained model',
    );
    expect(existsSync(at('refused', 'config.json'))).toBe(false);
  });

  it('is opened again by start, with the same model alone', async () => {
    const again = (encoder: string) => start(at('pictures'), { encoder, out: at('run') });
    expect(await again(at('tiny.onnx'))).toMatchObject({ kind: 'trained', method: 'ensemble' });
    await expect(again(at('other.onnx'))).rejects.toMatchObject({ code: 'start.differs' });
  });
});

describe('a method of views on a pretrained model', () => {
  it('reads stored views, and ends with the same bytes where it is resumed', async () => {
    const method = 'contrastive-clustering';
    await trained('views', { method });
    const models = listCaches(at('cache')).caches.flatMap(({ features }) => features?.model ?? []);
    expect(models).toContain('tiny, 4 views');
    const stop = new AbortController();
    await trained('viewsResumed', {
      ...{ method, signal: stop.signal },
      onEvent: (event) => event.kind === 'step' && event.step === 3 && stop.abort(),
    });
    await train(at('pictures'), { out: at('viewsResumed'), resume: true });
    expect(bytesOf(at('viewsResumed'))).toEqual(bytesOf(at('views')));
  });
});

describe('prototypes on a pretrained model', () => {
  it('are clusters, whose number is suggested from the features where none is given', async () => {
    const model = await trained('swav', { method: 'swav', k: undefined });
    const { prototypes } = model.settings.method as { prototypes?: number };
    expect(prototypes).toBeGreaterThanOrEqual(2);
    expect(prototypes).toBeLessThan(20);
    expect(model.config.notes[1]).toMatch(/cluster/);
    const clustering = await model.cluster(at('pictures'));
    expect(clustering.by).toBe('head');
    expect(clustering.k).toBeLessThanOrEqual(prototypes!);
  });
});
