/** The default road of the library: one model, and everything that is done with it. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, textureKinds, writeTextures } from '../../test/likeness.cases.ts';
import { defaultEncoder } from '../encoders/index.ts';
import { decodeSafetensors } from '../formats/index.ts';
import {
  inspect,
  LikenessError,
  type Model,
  openEncoder,
  openImages,
  openModel,
  type ReporterOptions,
  readReport,
  start,
  train,
} from '../likeness.ts';
import { runFileNames } from '../run/index.ts';
import { makeTinyRun, stoppedAt } from './tinyPatches.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 36;

async function refusal(promise: Promise<unknown>): Promise<[code: string, message: string]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LikenessError);
  return [(error as LikenessError).code, (error as LikenessError).message];
}

/** Makes a run of an encoder that is learned in a moment. */
async function makeTiny(out: string, options: ReporterOptions = {}): Promise<void> {
  await using images = await openImages(at('pictures'));
  await makeTinyRun(images, out, options);
}

/** Collects the notes of a call, without those on its source. */
function collected(): { notes: string[]; onNote: NonNullable<ReporterOptions['onNote']> } {
  const notes: string[] = [];
  const onNote = ({ code, message }: { code: string; message: string }) => {
    if (!code.startsWith('images.')) notes.push(message);
  };
  return { notes, onNote };
}

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('pictures'), IMAGES, textureKinds);
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('start', () => {
  let model: Model;
  const run = () => at('run');
  beforeAll(async () => {
    await makeTiny(run());
    model = await start(at('pictures'), { out: run() });
  });

  it('chooses patch features, says why, and stores the settings before it learns', async () => {
    const { notes, onNote } = collected();
    const out = at('chosen');
    await expect(start(at('pictures'), { out, onNote, ...stoppedAt('learn') })).rejects.toThrow(
      'enough',
    );
    expect(notes[0]).toMatch(/^Patch features of 36 images: .* would need 300 images or more/);
    const { encoder, notes: stored } = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    expect(encoder).toEqual(defaultEncoder('patches'));
    const hint = ' The options `minutes` and `encoder` choose otherwise.';
    expect(stored.map((reason: string) => reason + hint)).toEqual([notes[0]]);
  });

  it('opens patch features, of which the settings that were read are stored and no others', async () => {
    expect(model).toMatchObject({ kind: 'features', method: 'patches', step: 0, run: run() });
    const stored = JSON.parse(readFileSync(join(run(), 'config.json'), 'utf8'));
    expect(stored).toMatchObject({ version: 5, kind: 'features', images: IMAGES, seed: 0 });
    expect(stored.encoder.name).toBe('patches');
    for (const name of ['settings', 'preset', 'budget']) expect(stored).not.toHaveProperty(name);
    expect(existsSync(join(run(), 'checkpoints'))).toBe(false);
    expect(await inspect(run())).toMatchObject({ kind: 'features', images: IMAGES, seed: 0 });
  });

  it('gives groups, a report, and the same groups to the same files again', async () => {
    await using groups = await model.cluster(at('pictures'), { k: 3 });
    expect([groups.k, groups.by]).toEqual([3, 'kmeans']);
    expect(groups.images).toHaveLength(IMAGES);
    const page = readFileSync(await groups.writeReport(), 'utf8');
    expect(page).toContain('patch features, 32 px');
    expect(page).not.toMatch(/Prototypes|<dt>Steps|<h2>Training/);
    expect(page.match(/<svg class="map"/g)).toHaveLength(1);
    const files = groups.images.map((id) => at('pictures', id));
    const again = await (await openModel(run())).assign(files);
    expect(again.map(({ cluster }) => cluster)).toEqual([...groups.assignments]);
  });

  it('finds an evaluation and a clustering that still fit, and no others', async () => {
    const out = at('finished');
    await makeTiny(out);
    const own = await openModel(out);
    expect(await own.finished(at('pictures'), { k: 3 })).toEqual({});
    const scores = await own.evaluate(at('pictures'));
    await using groups = await own.cluster(at('pictures'), { k: 3 });
    const evaluation = { nmi: scores!.nmi, key: scores!.key };
    expect(await own.finished(at('pictures'), { k: 3 })).toEqual({
      evaluation: expect.objectContaining(evaluation),
    });
    await groups.writeReport();
    const found = await own.finished(at('pictures'), { k: 3 });
    expect(found).toMatchObject({
      evaluation,
      clustering: { k: 3 },
      report: { howK: groups.kReason },
    });
    expect(found.report!.clusters.map(({ size }) => size)).toEqual(
      groups.groups.map(({ size }) => size),
    );
    expect(Object.keys(await own.finished(at('pictures'), { k: 4 }))).toEqual(['evaluation']);
    await using unlabeled = await openImages(at('pictures'), { labels: 'none' });
    expect(await own.finished(unlabeled, { k: 3 })).toEqual({});
    await own.evaluate(at('pictures'), { seed: 1 });
    expect(await own.finished(at('pictures'), { k: 3 })).toEqual({});
  }, 120_000);

  it('finds groups by another algorithm where it is asked for', async () => {
    const name = 'smooth';
    const smooth = await model.cluster(at('pictures'), {
      k: 2,
      algorithm: 'smoothed-kmeans',
      name,
    });
    expect(smooth.by).toBe('smoothed-kmeans');
    expect((await model.clustering(name))?.algorithm).toBe('smoothed-kmeans');
    const again = await (await openModel(run())).assign(
      smooth.images.map((id) => at('pictures', id)),
      smooth,
    );
    expect(again.map(({ cluster }) => cluster)).toEqual([...smooth.assignments]);
    const unknown = { algorithm: 'dbscan' } as never;
    expect((await refusal(model.cluster(at('pictures'), unknown)))[0]).toBe('option.invalid');
  });

  it('gives another source and a second clustering places of their own', async () => {
    const { notes, onNote } = collected();
    const before = readFileSync(join(run(), 'clusters.safetensors'));
    await writeTextures(at('other source'), 8);
    const others = await model.cluster(at('other source'), { k: 2, onNote });
    expect(others).toMatchObject({ name: 'other-source', k: 2 });
    expect(notes).toContainEqual(
      expect.stringMatching(/is not the source of .*name "other-source"/),
    );
    const coarse = await model.cluster(at('pictures'), { k: 2, name: 'coarse' });
    expect(coarse.files.clusters).toBe(join(run(), 'clusterings', 'coarse', 'clusters.csv'));
    expect(readFileSync(join(run(), 'clusters.safetensors')).equals(before)).toBe(true);
    expect((await model.clustering())?.k).toBe(3);
    expect((await model.clustering('coarse'))?.images).toBe(IMAGES);
    expect((await model.clustering('other-source'))?.images).toBe(8);
    expect(await model.clustering('none')).toBeUndefined();
    expect(await others.writeReport()).toBe(
      join(run(), 'clusterings', 'other-source', 'report.html'),
    );
    const { clustering } = await readReport(run(), { clustering: 'other-source' });
    expect(clustering).toMatchObject({ counts: { images: 8, clusters: 2 } });
    expect((await readReport(run())).clustering!.counts.images).toBe(IMAGES);
    // Another folder of the same name does not replace them either.
    mkdirSync(at('elsewhere'));
    await writeTextures(at('elsewhere', 'other source'), 6);
    expect((await model.cluster(at('elsewhere', 'other source'), { k: 2 })).name).toBe(
      'other-source-2',
    );
    const again = collected();
    await model.cluster(at('other source'), { k: 3, onNote: again.onNote });
    expect(again.notes).toContain('replaces 2 clusters of 8 images');
    expect((await refusal(model.cluster(at('pictures'), { name: '../x' })))[0]).toBe(
      'option.invalid',
    );
  });

  it('is measured without labels by what needs no head', async () => {
    mkdirSync(at('flat'), { recursive: true });
    await writeTextures(at('flat'), 8);
    expect(await model.evaluate(at('flat'))).toBeNull();
    const scores = await model.evaluate(at('flat'), { labelFree: true });
    expect(scores.encoder).toEqual({ id: 'patches', title: 'patch features' });
    expect(scores.nmi).toBeNull();
    expect(scores.labelFree!.featureDeviation).toBeGreaterThan(0);
    expect(scores.labelFree).toMatchObject({ effectiveRank: {}, clusters: { k: 3 } });
    expect(scores.labelFree).not.toHaveProperty('embeddingRank');
    expect(Object.keys(scores.baselines)).toEqual(['untrained']);
  });

  it('exports a model that gives the same features without the run, and its tensors', async () => {
    // A kill has left a file that was not checked yet.
    const ended = spawnSync(process.execPath, ['--version']).pid;
    writeFileSync(at(`.patches.onnx.${ended}-0.tmp`), 'unchecked');
    const { check, dimension } = await model.exportOnnx(at('patches.onnx'));
    expect(existsSync(at(`.patches.onnx.${ended}-0.tmp`))).toBe(false);
    expect(check.on).toBe('images');
    expect(check.largestDifference).toBeLessThan(1e-4);
    const own = await model.embed(at('pictures'));
    await using encoder = await openEncoder(at('patches.onnx'));
    const other = await encoder.embed(at('pictures'));
    expect([own.count, own.dimension]).toEqual([IMAGES, dimension]);
    for (const [i, value] of other.data.entries()) expect(value).toBeCloseTo(own.data[i]!, 4);
    const weights = await model.exportWeights(at('weights.safetensors'));
    const { tensors, metadata } = decodeSafetensors(readFileSync(weights.file), 'weights');
    expect(Object.keys(tensors)).toHaveLength(weights.tensors);
    expect(metadata['likeness.method']).toBe('patches');
  });

  it('called again learns nothing, and gives the same features', async () => {
    const file = join(run(), runFileNames.weights);
    const before = statSync(file).mtimeMs;
    const { notes, onNote } = collected();
    const again = await start(at('pictures'), { out: run(), onNote });
    expect(notes).toEqual(['the encoder is learned already']);
    expect(statSync(file).mtimeMs).toBe(before);
    expect((await again.embed(at('pictures'))).data).toEqual(
      (await model.embed(at('pictures'))).data,
    );
  });

  it('continues where it was stopped before the encoder was learned', async () => {
    await expect(makeTiny(at('stopped'), stoppedAt('learn'))).rejects.toThrow('enough');
    expect(existsSync(at('stopped', runFileNames.weights))).toBe(false);
    expect((await refusal(openModel(at('stopped'))))[0]).toBe('run.noEncoder');
    await start(at('pictures'), { out: at('stopped') });
    const [first, second] = ['run', 'stopped'].map((name) =>
      readFileSync(at(name, runFileNames.weights)),
    );
    expect(second!.equals(first!)).toBe(true);
  });

  it('refuses to continue with other options or images', async () => {
    const out = run();
    expect((await refusal(start(at('pictures'), { out, encoder: 'train' })))[1]).toMatch(
      /^encoder: received train for .*, which was started with patches\. Choose another folder/,
    );
    expect((await refusal(start(at('pictures'), { out, seed: 1 })))[0]).toBe('start.differs');
    expect((await refusal(start(at('flat'), { out })))[1]).toMatch(
      /^source: .*flat: "across\/0000\.png" is now "0000\.png"; expected the images/,
    );
    expect((await refusal(train(at('pictures'), { out, resume: true, epochs: 1 })))[1]).toMatch(
      /^resume: received the run .* is not trained/,
    );
    rmSync(at('stopped'), { recursive: true });
  });

  it('takes the same images in another place', async () => {
    renameSync(at('pictures'), at('moved'));
    try {
      expect(await start(at('moved'), { out: run() })).toMatchObject({ method: 'patches' });
    } finally {
      renameSync(at('moved'), at('pictures'));
    }
  });

  it('refuses a folder with one image', async () => {
    mkdirSync(at('one'), { recursive: true });
    await writeTextures(at('one'), 1);
    expect((await refusal(start(at('one'), { out: at('none') })))[0]).toBe('source.tooFew');
    expect(existsSync(at('none'))).toBe(false);
  });
});
