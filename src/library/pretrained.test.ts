/** A pretrained model as the encoder of a run, and everything that is done with it. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { encodeOnnx, onnxTypes } from '../compile/index.ts';
import { COMMIT, type HubServer, startHub } from '../encoders/hub/hubServer.cases.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';
import { decodeSafetensors } from '../formats/index.ts';
import {
  inspect,
  type Model,
  openEncoder,
  openModel,
  readReport,
  start,
  train,
} from '../likeness.ts';
import { node } from '../nn/graph/operators.cases.ts';
import { writeEncoder } from '../run/index.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 24;

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('pictures'), IMAGES);
  writeFileSync(at('tiny.onnx'), tinyModel({ size: 32 }));
  writeFileSync(at('other.onnx'), tinyModel({ size: 32, scale: 'fractions' }));
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('a model with the same features for all images', () => {
  const warned: string[] = [];
  const onWarning = ({ code, message }: { code: string; message: string }) =>
    void warned.push(`${code} ${message}`);
  const sentence =
    'zero: the features of all 24 images are zero, although the images differ, so they tell ' +
    'nothing apart. Take another output of the model with `?output=`, or another model.';
  beforeAll(() => {
    const bytes = encodeOnnx({
      name: 'zero',
      nodes: [
        node('GlobalAveragePool', ['x'], {}, ['pooled']),
        node('Flatten', ['pooled'], {}, ['rows']),
        node('Mul', ['rows', 'none']),
      ],
      constants: [{ name: 'none', shape: [], type: onnxTypes.float32, data: Float32Array.of(0) }],
      inputs: [{ name: 'x', shape: ['batch', 3, 32, 32], dtype: 'float32' }],
      outputs: [{ name: 'y', shape: ['batch', 3], dtype: 'float32' }],
    });
    writeFileSync(at('zero.onnx'), bytes);
  });

  it('gets no head', async () => {
    const options = { encoder: at('zero.onnx'), k: 3, out: at('headless') };
    await expect(train(at('pictures'), options)).rejects.toThrow(sentence);
    expect(existsSync(at('headless'))).toBe(false);
  });

  it('is warned of where it clusters and embeds', async () => {
    const model = await start(at('pictures'), { encoder: at('zero.onnx'), out: at('same') });
    await model.cluster(at('pictures'), { onWarning });
    await model.embed(at('pictures'), { onWarning });
    await model.embedTo(at('same.npy'), at('pictures'), { onWarning });
    expect(warned.filter((text) => text === `features.same ${sentence}`)).toHaveLength(3);
  });

  it('is not blamed for copies of one picture', async () => {
    warned.length = 0;
    mkdirSync(at('copies'));
    const [name] = readdirSync(at('pictures'));
    for (const copy of ['a.png', 'b.png']) copyFileSync(at('pictures', name!), at('copies', copy));
    const model = await start(at('copies'), { encoder: at('tiny.onnx'), out: at('one') });
    await model.cluster(at('copies'), { onWarning });
    expect(warned).toContainEqual(
      'cluster.identical 2 images have the same pixels, so they are one group. Add other images.',
    );
    expect(warned.join()).not.toContain('features.same');
  });
});

describe('start with a pretrained model', () => {
  let model: Model;
  const notes: string[] = [];
  beforeAll(async () => {
    model = await start(at('pictures'), {
      ...{ encoder: at('tiny.onnx'), out: at('run') },
      onNote: ({ code, message }) => code === 'start.model' && notes.push(message),
    });
  });

  it('makes a run of it, and says what was found and assumed', async () => {
    expect(model).toMatchObject({ kind: 'features', method: 'model', step: 0 });
    expect(notes[0]).toBe('tiny: images of 32 px, 8 features from output "out"');
    expect(notes[1]).toContain('ImageNet');
    const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ kind: 'features', imageSize: 32, notes });
    expect(await inspect(at('run'))).toMatchObject({
      facts: { model: 'tiny', images: 'shorter side to 32 px, central square of 32 px' },
    });
  });

  it('opens the run again without the file, and refuses another model', async () => {
    const again = await openModel(at('run'));
    const [a, b] = [await model.embed(at('pictures')), await again.embed(at('pictures'))];
    expect(b.data).toEqual(a.data);
    expect([a.dimension, a.ids.length]).toEqual([8, IMAGES]);
    await start(at('pictures'), { encoder: at('tiny.onnx'), out: at('run') });
    await expect(
      start(at('pictures'), { encoder: at('other.onnx'), out: at('run') }),
    ).rejects.toMatchObject({ code: 'start.differs' });
    await expect(
      start(at('pictures'), { encoder: at('missing.onnx'), out: at('other') }),
    ).rejects.toMatchObject({ code: 'option.invalid' });
  });

  it('is opened with its encoder, and refused with other contents behind the name', async () => {
    const opened = (encoder: string) => openModel(at('run'), { encoder });
    for (const encoder of ['model', at('tiny.onnx')]) {
      expect((await opened(encoder)).method).toBe('model');
    }
    await expect(opened('patches')).rejects.toMatchObject({ code: 'encoder.differs' });
    const before = readFileSync(at('tiny.onnx'));
    writeFileSync(at('tiny.onnx'), tinyModel({ size: 32, scale: 'folded' }));
    const changed = /tiny.onnx with SHA-256 .*; expected the file with SHA-256 .*, as the run/;
    await expect(opened(at('tiny.onnx'))).rejects.toThrow(changed);
    await expect(
      start(at('pictures'), { encoder: at('tiny.onnx'), out: at('run') }),
    ).rejects.toThrow(/tiny.onnx with SHA-256 .*, which was started with the file with SHA-256/);
    writeFileSync(at('tiny.onnx'), before);
  });

  it('is refused where its copy of the model is another', async () => {
    const file = at('run', 'config.json');
    const before = readFileSync(file, 'utf8');
    const config = JSON.parse(before);
    const { tensors } = decodeSafetensors(readFileSync(at('run', 'encoder.safetensors')));
    config.encoder.settings.sha256 = '0'.repeat(64);
    writeFileSync(file, JSON.stringify(config));
    await writeEncoder(at('run', 'encoder.safetensors'), config, tensors);
    await expect(openModel(at('run'))).rejects.toThrow('it holds another model than the tiny');
    writeFileSync(file, before);
    await writeEncoder(at('run', 'encoder.safetensors'), JSON.parse(before), tensors);
    await openModel(at('run'));
  });

  it('clusters, and assigns files to the same clusters', async () => {
    const clustering = await model.cluster(at('pictures'), { k: 3 });
    expect(clustering.by).toBe('smoothed-kmeans');
    const files = readdirSync(at('pictures')).map((name) => at('pictures', name));
    const given = new Map(clustering.images.map((id, i) => [id, clustering.assignments[i]]));
    for (const { path, cluster } of await model.assign(files)) {
      expect(cluster).toBe(given.get(path.split('/').at(-1)!));
    }
    await clustering.writeReport();
    const { settings, method } = await readReport(at('run'));
    expect(method).toBe('tiny');
    expect(settings.map(({ name }) => name)).toContain('Output');
  });

  it('is exported, with the same features', async () => {
    const { file, check } = await model.exportOnnx();
    expect(check.largestDifference).toBeLessThan(1e-5);
    await using encoder = await openEncoder(file);
    const [raw, exported] = [
      await model.embed(at('pictures')),
      await encoder.embed(at('pictures')),
    ];
    exported.data.forEach((value, i) => {
      expect(value).toBeCloseTo(raw.data[i]!, 4);
    });
  });
});

describe('a model of the hub', () => {
  let hub: HubServer;
  const preprocessor = {
    ...{ size: 32, do_center_crop: false },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25] },
  };
  const repoOf = (scale: 'none' | 'fractions') => ({
    license: 'mit',
    files: {
      'onnx/model.onnx': { bytes: tinyModel({ size: 32, scale }), isLarge: true },
      'preprocessor_config.json': { bytes: Buffer.from(JSON.stringify(preprocessor)) },
    },
  });
  beforeAll(async () => {
    hub = await startHub({ 'acme/tiny': repoOf('none') });
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    vi.stubEnv('HF_HOME', at('hub'));
    vi.stubEnv('HF_HUB_CACHE', undefined);
    vi.stubEnv('HF_TOKEN', undefined);
    vi.stubEnv('HF_HUB_OFFLINE', undefined);
  });
  afterEach(() => {
    hub.seen.length = 0;
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await hub.close();
  });

  it('is downloaded by start, which stores its commit', async () => {
    const notes: string[] = [];
    const model = await start(at('pictures'), {
      ...{ encoder: 'hub:acme/tiny', out: at('hubRun') },
      onNote: ({ message }) => notes.push(message),
    });
    expect(notes.find((note) => note.includes('downloading'))).toContain('license mit');
    expect(notes).toContain(
      `It is onnx/model.onnx of hub:acme/tiny at commit ${COMMIT}, license mit.`,
    );
    const config = JSON.parse(readFileSync(at('hubRun', 'config.json'), 'utf8'));
    expect(config.encoder.settings).toMatchObject({
      model: 'tiny',
      input: { size: 32, mean: [0.5, 0.5, 0.5] },
      hub: { id: 'hub:acme/tiny', commit: COMMIT, file: 'onnx/model.onnx', license: 'mit' },
    });
    expect(await inspect(at('hubRun'))).toMatchObject({
      facts: { origin: `hub:acme/tiny@${COMMIT}#onnx/model.onnx`, license: 'mit' },
    });
    expect((await model.embed(at('pictures'))).dimension).toBe(8);
  });

  it('stays the commit of the run, whatever the branch has become', async () => {
    hub.repos['acme/tiny'] = { ...repoOf('fractions'), commit: 'b'.repeat(40) };
    await start(at('pictures'), { encoder: 'hub:acme/tiny', out: at('hubRun') });
    expect(hub.seen).toEqual([]);
    await expect(
      start(at('pictures'), { encoder: `hub:acme/tiny@${'b'.repeat(40)}`, out: at('hubRun') }),
    ).rejects.toMatchObject({ code: 'start.differs' });
    hub.repos['acme/tiny'] = repoOf('none');
  });

  it('is the same where the run was interrupted before it held the model', async () => {
    rmSync(at('hubRun', 'encoder.safetensors'));
    hub.repos['acme/tiny'] = { ...repoOf('fractions'), commit: 'b'.repeat(40) };
    const model = await start(at('pictures'), { encoder: 'hub:acme/tiny', out: at('hubRun') });
    hub.repos['acme/tiny'] = repoOf('none');
    expect((await model.embed(at('pictures'))).ids).toHaveLength(IMAGES);
  });

  it('stays the commit of a head that is resumed', async () => {
    const head = { encoder: 'hub:acme/tiny', k: 3, out: at('head'), epochs: 2 } as const;
    await train(at('pictures'), head);
    hub.repos['acme/tiny'] = { ...repoOf('fractions'), commit: 'b'.repeat(40) };
    hub.seen.length = 0;
    await train(at('pictures'), { ...head, resume: true });
    expect(hub.seen).toEqual([]);
    const other = { ...head, encoder: `hub:acme/tiny@${'b'.repeat(40)}`, resume: true };
    await expect(train(at('pictures'), other)).rejects.toMatchObject({ code: 'resume.differs' });
    hub.repos['acme/tiny'] = repoOf('none');
  });

  it('is opened without a run, with the features of the run', async () => {
    const notes: string[] = [];
    await using encoder = await openEncoder('hub:acme/tiny', {
      offline: true,
      onNote: ({ message }) => notes.push(message),
    });
    expect([encoder.dimension, encoder.imageSize]).toEqual([8, 32]);
    expect(notes[0]).toBe('tiny: images of 32 px, 8 features from output "out"');
    const raw = { normalize: false };
    const own = await (await openModel(at('hubRun'))).embed(at('pictures'), raw);
    expect((await encoder.embed(at('pictures'), raw)).data).toEqual(own.data);
    expect(hub.seen).toEqual([]);
  });

  it('is told apart from a path, and refused with the reason', async () => {
    await expect(openEncoder('hub:acme')).rejects.toMatchObject({ code: 'hub.id' });
    await expect(
      start(at('pictures'), { encoder: 'hub:acme/none', out: at('none'), offline: true }),
    ).rejects.toMatchObject({ code: 'hub.offline' });
  });

  it('is refused where its file in the cache has changed', async () => {
    const snapshot = at('hub', 'hub', 'models--acme--tiny', 'snapshots', COMMIT);
    // The file is a link to the stored one.
    writeFileSync(join(snapshot, 'onnx', 'model.onnx'), tinyModel({ size: 32, scale: 'folded' }));
    await expect(openEncoder('hub:acme/tiny')).rejects.toMatchObject({ code: 'hub.damaged' });
  });
});

describe('openEncoder', () => {
  it('opens a bare pretrained model, and embeds files as images of a folder', async () => {
    await using encoder = await openEncoder(at('tiny.onnx'));
    const { ids, data } = await encoder.embed(at('pictures'));
    const files = await encoder.embedFiles(ids.map((id) => at('pictures', id)));
    expect(files.paths).toHaveLength(IMAGES);
    expect([...files.data.slice(0, 4)].every(Number.isFinite)).toBe(true);
    expect(data).toHaveLength(IMAGES * 8);
  });
});
