/**
 * The commands after training, as processes: the same clusters and report whatever the number of
 * workers, files that others can read, and what scripts rely on.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCsv, decodeSafetensors } from '../src/formats/index.ts';
import { type Ended, openWorkplace, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const COUNT = 96;
const at = (...path: string[]) => join(workplace.path, ...path);
const settings = [
  ...[
    'architecture=resnet10',
    'width=4',
    'crops=2x16',
    'scales=0.3-1',
    'imageSize=16',
    'batchSize=16',
  ],
  ...['method=swav', 'prototypes=12', 'hiddenLength=16', 'embeddingLength=8', 'threads=1'],
].flatMap((text) => ['--set', text]);

async function json(...args: string[]) {
  const ended = await runHere(workplace, ...args, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout);
}
function expectRefused({ code, stdout, stderr }: Ended, message: RegExp): void {
  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
  expect(stdout + stderr).not.toMatch(/^\s+at |internal error/m);
}
/** Trains and clusters in `<place>/run`, so that both runs have the same name. */
async function trainedAndClustered(place: string, workers: number): Promise<void> {
  const run = at(place, 'run');
  await json(
    'train',
    'pictures',
    '--out',
    run,
    '--epochs',
    '3',
    ...settings,
    '--set',
    `workers=${workers}`,
  );
  await json('cluster', 'pictures', '--run', run, '-k', '3');
}

beforeAll(async () => {
  await writeTextures(at('pictures'), COUNT);
  await trainedAndClustered('one', 1);
}, 120_000);

describe('cluster', () => {
  it('gives the same bytes again, with another number of workers: weights, clusters.csv, embeddings and report', async () => {
    await trainedAndClustered('two', 3);
    const last = readdirSync(at('one/run/checkpoints')).sort().at(-1)!;
    for (const file of [
      `checkpoints/${last}`,
      'clusters.csv',
      'clusters.safetensors',
      'embeddings.safetensors',
      'report.html',
    ]) {
      // The settings differ in the number of workers alone, which no result may show but for the
      // command that it was given in.
      const bytes = (place: string) =>
        readFileSync(at(place, 'run', file), 'latin1')
          .replaceAll(`${place}/run`, '<place>')
          .replaceAll(/workers=\d/g, 'workers=n');
      expect(bytes('two') === bytes('one'), file).toBe(true);
    }
  }, 120_000);

  it('names the commands that made the run and the clusters in the report', () => {
    const { settings: shown } = JSON.parse(readFileSync(at('one/run/report.json'), 'utf8'));
    const value = (name: string) =>
      shown.find((setting: { name: string }) => setting.name === name)?.value;
    expect(value('Trained with')).toMatch(/^likeness train pictures --out .*one\/run --epochs 3 /);
    expect(value('Clustered with')).toMatch(/^likeness cluster pictures --run .* -k 3 --json$/);
    expect(readFileSync(at('one/run/report.html'), 'utf8')).toContain('likeness train pictures');
  });

  it('assigns every image to one of the clusters, with confidence, margin and prototype', () => {
    const [header, ...rows] = decodeCsv(
      readFileSync(at('one/run/clusters.csv'), 'utf8'),
      'clusters.csv',
    );
    expect(header).toEqual(['path', 'cluster', 'confidence', 'margin', 'prototype']);
    expect(rows.map(([path]) => path)).toEqual(readdirSync(at('pictures')).sort());
    for (const [, cluster, confidence, margin, prototype] of rows) {
      expect(['0', '1', '2']).toContain(cluster);
      expect(Number(confidence)).toBeGreaterThan(1 / 3 - 1e-6);
      expect(Number(margin)).toBeGreaterThanOrEqual(0);
      expect(Number(prototype)).toBeLessThan(12);
    }
  });

  it('sorts the images into a folder per cluster, by copy or by link, each image once', async () => {
    for (const by of ['copy', 'link']) {
      await json(
        'cluster',
        'pictures',
        '--run',
        'one/run',
        '-k',
        '3',
        '--into',
        `sorted-${by}`,
        '--by',
        by,
      );
      const folders = readdirSync(at(`sorted-${by}`), { withFileTypes: true }).filter((e) =>
        e.isDirectory(),
      );
      expect(folders).toHaveLength(3);
      const names = folders.flatMap(({ name }) => readdirSync(at(`sorted-${by}`, name)));
      expect(names.toSorted()).toEqual(readdirSync(at('pictures')).sort());
    }
  }, 60_000);

  it('suggests K where none is given, and says how', async () => {
    const { k, kReason, kRange, clusters } = await json('cluster', 'pictures', '--run', 'one/run');
    expect(clusters).toHaveLength(k);
    expect(kReason.length).toBeGreaterThan(20);
    expect(kRange[0]).toBeLessThanOrEqual(k);
    expect(kRange[1]).toBeGreaterThanOrEqual(k);
    // The clusters of the other tests again.
    await json('cluster', 'pictures', '--run', 'one/run', '-k', '3');
  }, 60_000);

  it('refuses more clusters than images, and a run that is none', async () => {
    expectRefused(
      await runHere(workplace, 'cluster', 'pictures', '--run', 'one/run', '-k', '1000'),
      /-k: received 1000 for 96 images/,
    );
    expectRefused(await runHere(workplace, 'cluster', 'pictures', '--run', 'nowhere'), /nowhere/);
  });
});

describe('assign', () => {
  it('gives images that were clustered the clusters that they have', async () => {
    const rows = decodeCsv(readFileSync(at('one/run/clusters.csv'), 'utf8'), 'clusters.csv').slice(
      1,
    );
    const names = rows.slice(0, 8).map(([path]) => `pictures/${path}`);
    const { images } = await json('assign', ...names, '--run', 'one/run');
    expect(images.map(({ cluster }: { cluster: number }) => String(cluster))).toEqual(
      rows.slice(0, 8).map(([, cluster]) => cluster),
    );
  });

  it('says which images it could not read, and fails when it could read none', async () => {
    expectRefused(
      await runHere(workplace, 'assign', 'one/run/config.json', '--run', 'one/run'),
      /config\.json/,
    );
  });
});

describe('embed', () => {
  const rowsOfNpy = (bytes: Buffer): [number, number] => {
    const header = bytes.subarray(10, 10 + bytes.readUInt16LE(8)).toString('latin1');
    const [, rows, columns] = /\((\d+), (\d+)\)/.exec(header)!;
    return [Number(rows), Number(columns)];
  };

  it('writes npy, parquet, safetensors and csv', async () => {
    for (const format of ['npy', 'parquet', 'safetensors', 'csv']) {
      const result = await json(
        'embed',
        'pictures',
        '--run',
        'one/run',
        '--out',
        `features.${format}`,
      );
      expect(result).toMatchObject({ format, images: COUNT, dimension: 32, normalised: true });
    }
    expect(rowsOfNpy(readFileSync(at('features.npy')))).toEqual([COUNT, 32]);
    expect(readFileSync(at('features.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    const { tensors } = decodeSafetensors(readFileSync(at('features.safetensors')), 'features');
    const features = tensors.features!;
    expect(features.shape).toEqual([COUNT, 32]);
    const lines = decodeCsv(readFileSync(at('features.csv'), 'utf8'), 'features.csv').slice(1);
    expect(lines).toHaveLength(COUNT);
    const first = (features.data as Float32Array).subarray(0, 32);
    expect(Math.hypot(...first)).toBeCloseTo(1, 5);
    expect(lines[0]!.slice(-32).map(Number)).toEqual(
      [...first].map((value) => expect.closeTo(value, 4)),
    );
  }, 60_000);
});

describe('export', () => {
  it('writes an ONNX file that agrees with the engine, and the weights', async () => {
    const onnx = await json('export', '--run', 'one/run', '--to', 'encoder.onnx');
    expect(onnx.check.largestDifference).toBeLessThan(1e-5);
    await json('export', '--run', 'one/run', '--to', 'encoder.safetensors');
    const { tensors } = decodeSafetensors(readFileSync(at('encoder.safetensors')), 'encoder');
    expect(tensors['conv1.weight']!.shape).toEqual([4, 3, 3, 3]);
  });

  it('writes fewer bits and a folder of the hub, and tells what is lost', async () => {
    const args = ['export', '--run', 'one/run'];
    const { loss, precision } = await json(...args, '--to', 'int8.onnx', '--precision', 'int8');
    expect(precision).toBe('int8');
    expect(loss.neighbors.agreement).toBeGreaterThan(0.5);
    expect(loss.meanCosine).toBeGreaterThan(0.9);
    const { files, models } = await json(...args, '--to', 'hub', '--format', 'hub');
    expect(files).toContain('onnx/model_quantized.onnx');
    expect(models.map((model: { precision: string }) => model.precision)).toEqual([
      'fp32',
      'fp16',
      'int8',
    ]);
    const again = await runHere(workplace, ...args, '--to', 'again.onnx', '--precision', 'fp16');
    expect(again.stderr + again.stdout).toMatch(
      /fp16 on 96 images: .*of the 10 nearest neighbors stay, mean cosine (0\.99|1\.0)/,
    );
  }, 120_000);

  it.each([
    [['--precision', 'int4'], /precision: received "int4"; expected one of fp32, fp16, int8/],
    [['--format', 'gguf', '--to', 'x'], /--format: received "gguf"; expected hub/],
    [['--format', 'hub'], /--to/],
    [['--to', 'x.safetensors', '--precision', 'int8'], /--precision: expected with one \.onnx/],
    [['--format', 'hub', '--to', 'pictures'], /holds other files; expected a new or empty folder/],
  ])('refuses %j', async (args, expected) => {
    expectRefused(await runHere(workplace, 'export', '--run', 'one/run', ...args), expected);
  });
});

describe('evaluate', () => {
  it('trains the whole network with few labels where it is asked to', async () => {
    await writeTextures(at('classes'), 60, ['kind0', 'kind1', 'kind2']);
    const result = await json('evaluate', 'classes', '--run', 'one/run', '--fine-tune');
    expect(Object.keys(result.fineTuned)).toEqual(['0.01', '0.1']);
    for (const [share, { labels, steps, accuracy }] of Object.entries<Record<string, number>>(
      result.fineTuned,
    )) {
      expect(labels).toBe(result.fewLabels[share].labels);
      expect(steps).toBe(600);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
    }
    expect(result.protocol.fineTuned).toMatch(/^the whole network and a linear classifier trained/);
    const plain = await json('evaluate', 'classes', '--run', 'one/run');
    expect(plain).not.toHaveProperty('fineTuned');
    expect(plain.key).not.toBe(result.key);
  });

  it('prints what scripts rely on, for the trained encoder and each baseline', async () => {
    mkdirSync(at('labeled'));
    const kinds = ['across', 'down', 'spots'];
    for (const kind of kinds) mkdirSync(at('labeled', kind));
    for (const [i, name] of readdirSync(at('pictures')).sort().entries()) {
      cpSync(at('pictures', name), at('labeled', kinds[i % 3]!, name));
    }
    const result = await json('evaluate', 'labeled', '--run', 'one/run');
    for (const figures of [result, ...Object.values(result.baselines as object)]) {
      for (const name of ['nmi', 'acc', 'ari']) expect(figures[name], name).toBeTypeOf('number');
      expect(figures.knn.accuracy).toBeTypeOf('number');
      expect(figures.linear.accuracy).toBeTypeOf('number');
    }
    expect(Object.keys(result.baselines).sort()).toEqual([
      'colourHistogram',
      'patches',
      'rawPixels',
      'untrained',
    ]);
  }, 60_000);

  it('measures without labels where there are none', async () => {
    const result = await json('evaluate', 'pictures', '--run', 'one/run');
    expect(result.nmi ?? null).toBeNull();
    expect(JSON.stringify(result)).toMatch(/effectiveRank/);
  }, 60_000);
});

describe('inspect, views and cache', () => {
  it('say what a run, a checkpoint and a source are', async () => {
    expect(await json('inspect', 'one/run')).toMatchObject({
      kind: 'run',
      images: COUNT,
      final: true,
    });
    const last = readdirSync(at('one/run/checkpoints')).sort().at(-1)!;
    expect(await json('inspect', `one/run/checkpoints/${last}`)).toMatchObject({
      kind: 'checkpoint',
    });
    expect(await json('inspect', 'pictures')).toMatchObject({
      kind: 'source',
      images: COUNT,
      skipped: 0,
    });
  });

  it('write a contact sheet', async () => {
    await json('views', 'pictures/0000.png', '--run', 'one/run', '--out', 'views.png');
    expect(readFileSync(at('views.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('show which formulations a step uses, and measure them anew where asked', async () => {
    const few = ['--set', 'width=16', '--set', 'batchSize=32', '--set', 'architecture=resnet10'];
    const found = await json('tune', '--preset', 'small-32', '--again', ...few);
    expect(found.measured).toBeGreaterThan(3);
    const [timed] = found.formulations.filter(
      ({ milliseconds }: { milliseconds?: object }) => milliseconds,
    );
    expect(Object.keys(timed.milliseconds)).toContain(timed.chosen);
    const again = await json('tune', '--preset', 'small-32', ...few);
    expect(again.measured).toBe(0);
    const choices = ({ formulations }: { formulations: { chosen: string }[] }) =>
      formulations.map(({ chosen }) => chosen);
    expect(choices(again)).toEqual(choices(found));
  }, 60_000);

  it('list the cached images, and clear them without harm to the runs', async () => {
    const before = await json('cache');
    expect(before.bytes).toBeGreaterThan(COUNT * 16 * 16 * 3);
    const { removed, bytes } = await json('cache', '--clear');
    expect(removed).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThanOrEqual(before.bytes);
    expect((await json('cache')).bytes).toBe(0);
    renameSync(at('one/run/clusters.csv'), at('before.csv'));
    await json('cluster', 'pictures', '--run', 'one/run', '-k', '3');
    expect(readFileSync(at('one/run/clusters.csv'), 'utf8')).toBe(
      readFileSync(at('before.csv'), 'utf8'),
    );
    expect(existsSync(at('one/run/report.html'))).toBe(true);
  }, 60_000);
});
