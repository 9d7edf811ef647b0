/**
 * Trainings that cannot succeed: each ends with the right word, error code and remedy, for every
 * method, and none is called healthy.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LikenessError, type TrainOptions, train } from '../src/likeness.ts';
import { methodNamed, methodNames, type SettingsPatch } from '../src/methods/index.ts';
import { openWorkplace } from './likeness.cases.ts';
import { writeSource } from './records/source.ts';
import { runHere } from './runHere.cases.ts';

const place = openWorkplace();
afterAll(() => place.remove());
const at = (...path: string[]) => join(place.path, ...path);
const IMAGES = 256;
/** Steps of a run that fails in none of them. */
const STEPS = 20;

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  writeSource(at('source'), { train: IMAGES });
  mkdirSync(at('copies'));
  const pixels = { create: { width: 20, height: 20, channels: 3, background: '#4080c0' } } as const;
  await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      sharp(pixels)
        .png()
        .toFile(at('copies', `${i}.png`)),
    ),
  );
});

/** Settings of a network that takes milliseconds per step. */
function tiny(method: string): SettingsPatch {
  const { crops, recipe } = methodNamed(method);
  const size = recipe.encoder?.architecture === 'dcgan' ? 25 : 16;
  return {
    data: { batchSize: 16, imageSize: size },
    views: { crops: [{ count: crops === 'single' ? 1 : 2, size }], scales: [[0.3, 1]] },
    encoder: { architecture: 'resnet10', stem: 'cifar', ...recipe.encoder, width: 4 },
    schedule: { maxSteps: STEPS },
    run: { threads: 1, measures: 'none' },
    method: own[method] ?? {},
  };
}
const clusters = { clusterIterations: 3, clusterWarmupEpochs: 1, queueLength: 64 };
const own: Readonly<Record<string, Record<string, unknown>>> = {
  swav: { prototypes: 12 },
  deepcluster: { clusters: 8, pcaDim: 8, clusterIterations: 3 },
  'deepcluster-v2': { clusters: [8, 6], clusterIterations: 3 },
  pcl: { ...clusters, clusters: [4, 8] },
  hcsc: { ...clusters, clusters: [8, 4] },
  'contrastive-clustering': { clusters: 4 },
  iic: { clusters: 4, overClusters: 8 },
  pica: { clusters: 4, overClusters: 8 },
  moco: { queueLength: 64 },
};

let runs = 0;
/** Ends of a run: its word, its error code, and its message with the remedy. */
async function endOf(method: string, changes: SettingsPatch, options: TrainOptions = {}) {
  const base = tiny(method);
  const settings = {
    ...base,
    ...changes,
    schedule: { ...base.schedule, ...changes.schedule },
    method: { ...base.method, ...changes.method },
  };
  const given = {
    method,
    preset: 'small-32',
    settings,
    out: at(`run-${runs++}`),
    seed: 1,
    ...options,
  };
  try {
    const { training } = await train(at('source'), given);
    const { health, message, remedy } = training!.verdict;
    return { health, code: 'none', text: `${message}\nRemedy: ${remedy}` };
  } catch (error) {
    if (!(error instanceof LikenessError)) throw error;
    return { health: error.message.split(':')[0]!, code: error.code, text: error.message };
  }
}

/** Methods that read a temperature from the first step on; ProPos does so after a warm-up. */
const withTemperature = methodNames.filter(
  (name) => name !== 'propos' && 'temperature' in methodNamed(name).settings.shape,
);

const hopeless: [string, readonly string[], SettingsPatch, object][] = [
  [
    'rate 10^6',
    methodNames,
    { optimizer: { learningRate: 1e6 } },
    {
      health: 'diverged',
      code: 'train.unwell',
      text: /Remedy: learningRate 0\.\d+, as in the recipe, instead of 1e\+6/,
    },
  ],
  [
    'rate 10^30',
    ['swav', 'pcl', 'byol', 'decnn'],
    { optimizer: { learningRate: 1e30 } },
    {
      health: 'diverged',
      code: 'train.unwell',
      text: /Remedy: learningRate 0\.\d+, as in the recipe, instead of 1e\+30/,
    },
  ],
  [
    'weight decay 10^20',
    methodNames,
    { optimizer: { weightDecay: 1e20 } },
    {
      health: 'diverged',
      code: 'train.unwell',
      text: /Remedy: weightDecay (\de-\d|0|0\.\d+), as in the recipe, instead of 1e\+20/,
    },
  ],
  [
    'temperature 10^-30',
    withTemperature,
    { method: { temperature: 1e-30 } },
    {
      health: 'diverged',
      code: 'train.unwell',
      text: /Remedy: temperature 0\.\d+, as in the recipe, instead of 1e-30/,
    },
  ],
  [
    'rate 10^-30, a loss that never moves',
    methodNames,
    { optimizer: { learningRate: 1e-30 } },
    {
      ...{ health: 'unlearned', code: 'none' },
      text: /^unlearned: the weights have hardly moved.*256 images saw 1\.3 of the 12 epochs.*\nRemedy: learningRate 0\.\d+, as in the recipe, instead of 1e-30/,
    },
  ],
  [
    'rate 10^6 of sgd',
    ['swav', 'byol'],
    { optimizer: { name: 'sgd', learningRate: 1e6 } },
    { health: 'diverged', code: 'train.unwell', text: /Remedy: learningRate/ },
  ],
  [
    'rate 10^6 of larc',
    ['swav', 'simsiam'],
    { optimizer: { name: 'larc', learningRate: 1e6 } },
    { health: 'diverged', code: 'train.unwell', text: /Remedy: learningRate/ },
  ],
  // LARC bounds each update, so that no weight grows where nothing is learned.
  [
    'weight decay 10^20 of larc',
    ['swav', 'simclr'],
    { optimizer: { name: 'larc', learningRate: 0.6, weightDecay: 1e20 } },
    {
      ...{ health: 'unlearned', code: 'none' },
      text: /^unlearned: .*\nRemedy: weightDecay 1e-6, as in the recipe, instead of 1e\+20/,
    },
  ],
  [
    'temperature 10^-30 of larc',
    ['swav', 'simclr'],
    { optimizer: { name: 'larc', learningRate: 0.6 }, method: { temperature: 1e-30 } },
    {
      ...{ health: 'diverged', code: 'train.unwell' },
      text: /\nRemedy: temperature 0\.\d, as in the recipe, instead of 1e-30/,
    },
  ],
];

describe.each(hopeless)('a training with %s', (_, methods, changes, expected) => {
  it.each(methods)('of %s', { timeout: 60_000 }, async (method) => {
    const { text, ...rest } = expected as { text: RegExp };
    const end = await endOf(method, changes);
    expect(end).toMatchObject(rest);
    expect(end.text).toMatch(text);
  });
});

it.each(methodNames)('%s refuses copies of one image', async (method) => {
  const given = { method, preset: 'small-32', settings: tiny(method), out: at(`run-${runs++}`) };
  await expect(train(at('copies'), given)).rejects.toMatchObject({
    code: 'source.identical',
    message: expect.stringContaining('found 24 images with the same pixels'),
  });
});

it('a rate of 10^6 is taken back by autoRemedy, and the run ends', {
  timeout: 60_000,
}, async () => {
  const end = await endOf('swav', { optimizer: { learningRate: 1e6 } }, { autoRemedy: true });
  expect(end).toMatchObject({ code: 'none' });
  expect(end.health).not.toBe('healthy');
});

describe('likeness train', { timeout: 120_000 }, () => {
  const set = (values: Record<string, unknown>) =>
    Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const small = {
    architecture: 'resnet10',
    width: 4,
    crops: '2x16',
    scales: '0.3-1',
    imageSize: 16,
    threads: 1,
  };
  const command = (source: string, values: Record<string, unknown>, ...more: string[]) =>
    runHere(
      place,
      'train',
      source,
      '--method',
      'swav',
      '--preset',
      'small-32',
      ...set({ ...small, ...values }),
      ...more,
    );

  it('ends with code 5, the word and the remedy where a run diverges', async () => {
    const { code, stdout } = await command(
      'source',
      { learningRate: 1e30 },
      '--out',
      'rate',
      '--json',
    );
    expect(code).toBe(5);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe('train.unwell');
    expect(error.message).toMatch(
      /^diverged: .*\nRemedy: learningRate .*; or let --auto-remedy try/s,
    );
  });

  it('ends with code 3 for copies of one image', async () => {
    const { code, stderr } = await command('copies', {}, '--out', 'copies-run');
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /error: copies: found 24 images with the same pixels; expected different images/,
    );
  });

  it('says before training what the run cannot reach, and judges it in its last line', async () => {
    const { code, stdout, stderr } = await command('source', { epochs: 4 }, '--out', 'short');
    expect(code).toBe(0);
    const lines = `${stdout}${stderr}`;
    expect(lines).toContain(
      '256 images are fewer than the 4,096 needed for 512 prototypes with 8 images each',
    );
    expect(lines).toContain('256 images will see 4 of the 12 epochs that this recipe was made for');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^too few images: 256 images are fewer than .*256 images saw 4 of the 12 epochs.*Remedy: use more images/,
    );
  });

  it('puts the judgment beside the numbers of --json', async () => {
    const { stdout } = await command(
      'source',
      { epochs: 4, learningRate: 1e-30, prototypes: 12 },
      '--out',
      'json',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ outcome: 'finished', health: 'unlearned', epochs: 4 },
      verdict: expect.stringMatching(/^unlearned: the weights have hardly moved/),
      remedy: expect.stringContaining('instead of 1e-30'),
      recipe: { epochs: 12, paperEpochs: 200 },
    });
  });
});
