import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { silent } from '../core/reporter.ts';
import { openImages } from '../data/index.ts';
import {
  type CheckpointFile,
  listCheckpoints,
  type RunFolder,
  readTrainedConfig,
  saveCheckpoint,
  settingsHash,
} from '../run/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { type PrepareRequest, prepareNew, prepareResumed } from './prepare.ts';
import type { PreparedRun } from './session.ts';

const folder = useTemporaryFolder();
const sample = fileURLToPath(new URL('../../sample', import.meta.url));
// All tests share a cache; `folder` is a new one in each.
const cacheDir = mkdtempSync(join(tmpdir(), 'likeness-prepare-'));
const images = await openImages(sample, { cacheDir });
afterAll(async () => {
  await images.close();
  rmSync(cacheDir, { recursive: true, force: true });
});

/** Clothes and shoes of Fashion-MNIST, gray; shoes face one side. */
async function prepared(name: string, request: PrepareRequest): Promise<PreparedRun> {
  const run = await prepareNew(images, { ...request, out: join(folder.path, name) }, silent);
  run.lock.release();
  return run;
}

it('refuses a folder that is taken before it decodes anything', async () => {
  const out = join(folder.path, 'taken');
  mkdirSync(out);
  writeFileSync(join(out, 'thesis.txt'), '');
  const pixels = () => Promise.reject(new Error('decoded'));
  await expect(prepareNew({ ...images, pixels }, { out }, silent)).rejects.toMatchObject({
    code: 'run.exists',
  });
});

it.each([
  ['temi', 'head.encoder', {}],
  ['deepcluster', 'settings.clusters', { method: { clusters: 9999 } }],
])(
  'refuses %s with settings that do not fit before it makes a folder',
  async (method, code, settings) => {
    const out = join(folder.path, 'unfit');
    await expect(prepareNew(images, { out, method, settings }, silent)).rejects.toMatchObject({
      code,
    });
    expect(existsSync(out)).toBe(false);
  },
  120_000,
);

it('tells what to expect of training from scratch on few images', async () => {
  const notes: string[] = [];
  const reporter = { ...silent, note: ({ code }: { code: string }) => void notes.push(code) };
  const out = join(folder.path, 'few');
  const run = await prepareNew(images, { out, settings: { encoder: { width: 4 } } }, reporter);
  run.lock.release();
  expect(notes).toContain('train.fewForScratch');
}, 120_000);

describe('a run that is resumed to more epochs', { timeout: 120_000 }, () => {
  /** A finished run of one epoch, of one tensor alone. */
  async function finished(name: string) {
    const method = { hiddenDim: 8, embeddingDim: 8 };
    const settings = { encoder: { width: 4 }, method };
    const run = await prepared(name, { epochs: 1, settings });
    const configHash = settingsHash(run.config.settings);
    const info = { step: 3, epoch: 1, seed: 0, configHash, final: true };
    const tensors = { w: { dtype: 'float32', shape: [1], data: new Float32Array(1) } } as const;
    await saveCheckpoint(run.folder.files.checkpoints, info, tensors);
    return run.folder;
  }
  const longer = ({ path }: RunFolder) => prepareResumed(images, { out: path, epochs: 2 }, silent);

  it('stays as it is where config.json was changed by hand, and the error names that file', async () => {
    const run = await finished('changed');
    const { config } = run.files;
    const changed = readFileSync(config, 'utf8').replace('"hiddenDim": 8', '"hiddenDim": 9');
    writeFileSync(config, changed);
    const error = await longer(run).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'resume.settings' });
    expect(String(error)).toContain(`other settings than those of ${config}. Restore config.json`);
    expect(readFileSync(config, 'utf8')).toBe(changed);
    expect(existsSync(run.files.lock)).toBe(false);
  });

  it('stays as it is where the checkpoint does not fit', async () => {
    const run = await finished('unfit');
    const before = readFileSync(run.files.config, 'utf8');
    await expect(longer(run)).rejects.toMatchObject({ code: 'checkpoint.tensors' });
    expect(readFileSync(run.files.config, 'utf8')).toBe(before);
  });

  it('tells that its checkpoint is damaged', async () => {
    const run = await finished('damaged');
    const [{ file }] = (await listCheckpoints(run.files.checkpoints)) as [CheckpointFile];
    truncateSync(file, 20);
    await expect(longer(run)).rejects.toMatchObject({
      code: 'checkpoint.damaged',
      message: expect.stringMatching(/^The checkpoint step-0000000003.safetensors is damaged: /),
    });
  });
});

describe('the views of a new run', { timeout: 120_000 }, () => {
  it('follow the images, and config.json has the figures and the reason', async () => {
    const run = await prepared('followed', { settings: { encoder: { width: 4 } } });
    const config = await readTrainedConfig(run.folder, 'resume');
    const pictures = { images: 2000, colored: 0, mirrorRatio: expect.closeTo(1.06, 1) };
    expect(config).toMatchObject({ pictures, settings: { views: { flipProbability: 0, hue: 0 } } });
    expect(config.notes.join()).toMatch(
      /flipProbability 0 instead of 0\.5: mirrored images lie 1\.0\d times/,
    );
  });

  it('keep flips that a person gave', async () => {
    const { config } = await prepared('given', { settings: { views: { flipProbability: 0.5 } } });
    expect(config.settings.views.flipProbability).toBe(0.5);
    expect(config.notes.join()).not.toContain('mirrored');
  });

  it('keep those of a paper', async () => {
    const { config } = await prepared('paper', { preset: 'simclr-imagenet', method: 'simclr' });
    expect(config.settings.views).toMatchObject({ flipProbability: 0.5, hue: 0.2 });
    expect(config.pictures).toBeUndefined();
  });
});
