/** The benchmarks run, also where a peer is not installed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { benchmarkClustering } from '../bench/clustering.ts';
import { benchmarkColors, type ColorRow } from '../bench/colors.ts';
import { benchmarkDecode } from '../bench/decode.ts';
import { benchmarkEpoch } from '../bench/epoch.ts';
import { functionTimes } from '../bench/functionTimes.ts';
import { benchmarkGrowth } from '../bench/growth.ts';
import { benchmarkInference } from '../bench/inference.ts';
import { benchmarkJavascript } from '../bench/javascript.ts';
import { benchmarkKmeans } from '../bench/kmeans.ts';
import { benchmarkPatches } from '../bench/patches.ts';
import { pythonWith } from '../bench/peer.ts';
import { benchmarkPhase } from '../bench/phases.ts';
import { profileOf } from '../bench/profile.ts';
import { benchmarkScale } from '../bench/scale.ts';
import { benchmarkSettings } from '../bench/settings.ts';
import { benchmarkStep } from '../bench/step.ts';
import { benchmarkSwav, type SwavShape } from '../bench/swav.ts';
import { benchmarkViews } from '../bench/views.ts';
import { benchmarkVit } from '../bench/vit.ts';
import { writeTextures } from './likeness.cases.ts';
import { writeTextures as writeLabeledTextures } from './textures.cases.ts';

describe('the step benchmark', () => {
  it('reports our speed alone where there is no PyTorch', async () => {
    const row = await benchmarkStep('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null });
    expect(row.ours).toBeGreaterThan(0);
  });
});

describe('the inference benchmark', () => {
  it('reports our speed alone where there is no PyTorch', async () => {
    const row = await benchmarkInference('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null, featureDifference: null });
    expect(row.ours).toBeGreaterThan(0);
  });
});

describe('the benchmark of vision transformers', () => {
  it.each(['smoke-features', 'smoke-step'])('reports our speed alone for %s', async (name) => {
    const row = await benchmarkVit(name, { rounds: 1, python: null });
    expect(row).toMatchObject({ name, peer: null, ratio: null, difference: null });
    expect(row.ours).toBeGreaterThan(0);
  });
});

describe('the benchmark of libraries in JavaScript', () => {
  it('reports our speed alone where none is installed', async () => {
    const row = await benchmarkJavascript('smoke', { rounds: 1, peers: [] });
    expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null, lossDifferences: {} });
    expect(row.ours).toBeGreaterThan(0);
  });
});

describe('the benchmarks of pictures', () => {
  it('report our speed alone where there is no torchvision', async () => {
    for (const run of [benchmarkViews, benchmarkDecode]) {
      const row = await run('smoke', { rounds: 1, python: null });
      expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null, difference: null });
      expect(row.ours).toBeGreaterThan(0);
    }
  });
});

describe('the epoch benchmark', () => {
  it('times a run of the program, alone where there is no PyTorch', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-epoch-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await writeTextures(folder, 64);
    const row = await benchmarkEpoch('small-32', {
      source: folder,
      epochs: 1,
      rounds: 1,
      python: null,
    });
    expect(row).toMatchObject({ peer: null, ratio: null });
    expect(row.ours).toBeGreaterThan(0);
    expect(row.losses[0]).toBeGreaterThan(0);
    expect(row.waiting).toBeGreaterThanOrEqual(0);
    expect(row.waiting).toBeLessThan(1);
    expect(row.pause).toBeGreaterThanOrEqual(0);
    expect(row.megabytes).toBeGreaterThan(50);
  });
});

describe('the benchmark of growth', () => {
  it('varies one thing at a time', async () => {
    const shape: SwavShape = {
      ...{ architecture: 'resnet10', stem: 'cifar', width: 4, batch: 4, crops: '2x8' },
      ...{ prototypes: 8, hiddenLength: 8, queueLength: 8 },
    };
    const rows = await benchmarkGrowth({
      shape,
      varied: { prototypes: ['8', '16'], crops: ['2x8+1x8'] },
    });
    expect(rows.map(({ varied, value }) => `${varied} ${value}`)).toEqual([
      ...['prototypes 8', 'prototypes 16', 'crops 2x8+1x8'],
    ]);
    for (const { milliseconds } of rows) expect(milliseconds).toBeGreaterThan(0);
  });
});

describe('the benchmark of scale', () => {
  it('takes the program through training, embedding and clustering of made-up pictures', async () => {
    const rows = await benchmarkScale(200, { minutes: 0.02, clusters: 5 });
    expect(rows.map(({ work, detail }) => [work, detail])).toEqual([
      ['decode and train', '0.02 min'],
      ['embed', '20 images'],
      ['cluster', '5 clusters'],
    ]);
    for (const { seconds, megabytes } of rows) {
      expect(seconds).toBeGreaterThan(0);
      expect(megabytes).toBeGreaterThan(50);
    }
  });
});

describe('the clustering benchmark', () => {
  it('reports our time alone where there is no PyTorch', async () => {
    const row = await benchmarkClustering('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peerSeconds: null, ratio: null, difference: null });
    expect(row.seconds).toBeGreaterThan(0);
  });
});

describe('the SwAV benchmark', () => {
  it('reports our speed alone where there is no PyTorch', async () => {
    const row = await benchmarkSwav('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null, lossDifference: null });
    expect(row.ours).toBeGreaterThan(0);
  });
});

describe('the profile', () => {
  it.each([
    ['smoke', 'step', ['Conv']],
    ['swav-smoke', 'step', ['Conv']],
    ['neighbors-smoke', 'search', ['TopK', 'merging lists, beside the engine']],
    ['decode-smoke', 'picture', ['reading the file', 'decoding', 'shrinking', 'storing']],
  ])('adds up the parts of %s, the longest first', async (name, per, parts) => {
    const profile = await profileOf(name, { steps: 3 });
    expect(profile).toMatchObject({ name, per });
    expect(profile.operators.map(({ operator }) => operator)).toEqual(
      expect.arrayContaining(parts),
    );
    const shares = profile.operators.map(({ share }) => share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
  });

  it('tells how long functions of a file take among others', async () => {
    const spin = (milliseconds: number) => {
      for (const begun = performance.now(); performance.now() - begun < milliseconds; );
    };
    function counted() {
      spin(60);
    }
    const of = { file: 'bench.slow.test.ts', names: ['counted', 'unused'] };
    const found = await functionTimes(of, async () => {
      counted();
      spin(30);
    });
    expect(found.counted).toBeGreaterThan(40);
    expect(found.counted).toBeLessThan(85);
    expect(found.unused).toBe(0);
  });
});

describe('the benchmark of settings of the runtime', () => {
  it('times a step with each switched alone, after all have given the same loss', async () => {
    const settings = ['one thread', 'no graph optimization', 'results in new memory'];
    const row = await benchmarkSettings('smoke', { rounds: 1, settings });
    expect(row).toMatchObject({ name: 'smoke' });
    expect(row.milliseconds).toBeGreaterThan(0);
    expect(row.switched.map(({ setting }) => setting)).toEqual(settings);
    for (const { ratio, spread } of row.switched) expect(spread).toEqual([ratio, ratio]);
  });
});

describe('the k-means benchmark', () => {
  it('reports our time and objective alone where there is no scikit-learn', async () => {
    const row = await benchmarkKmeans('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', k: 12, peerSeconds: null, ratio: null });
    expect(row.seconds).toBeGreaterThan(0);
    // 600 rows of 8 values of variance about 1 around centers of variance 1.
    expect(row.objective).toBeGreaterThan(600);
    expect(row.objective).toBeLessThan(600 * 16);
  });
});

describe('the benchmark of patch features', () => {
  it('reports our time alone where there is no scikit-learn', async () => {
    const row = await benchmarkPatches('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peerSeconds: null, ratio: null, difference: null });
    expect(row.seconds).toBeGreaterThan(0);
  });

  const python = pythonWith('sklearn');
  // The peer is in Python, which the tests do not need.
  it.skipIf(!python)('computes the same features as NumPy, with the same tensors', async () => {
    const row = await benchmarkPatches('smoke', { rounds: 1, python });
    expect(row.difference).toBeLessThan(1e-4);
    expect(row.ratio).toBeCloseTo(row.peerSeconds! / row.seconds, 6);
  });
});

describe('the benchmark of color', () => {
  it('measures the clusters of five encoders, and the classes, on a labeled source', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-colors-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeLabeledTextures(folder, { train: 150, test: 150 });
    const rows: ColorRow[] = [];
    await benchmarkColors(folder, { images: 300, epochs: 1, onRow: (row) => rows.push(row) });
    const of = Object.fromEntries(rows.map((row) => [row.encoder, row]));
    expect(Object.keys(of).sort()).toEqual([
      ...['classes', 'colorHistogram', 'patches', 'rawPixels', 'trained', 'untrained'],
    ]);
    expect(of.classes).toMatchObject({ images: 300, classes: 10, nmi: 1, acc: 1 });
    expect(of.colorHistogram).toMatchObject({ colorHistogram: 1, verdict: 'mostly' });
    expect(of.colorHistogram!.colorShare).toBeGreaterThan(of.classes!.colorShare + 0.2);
  }, 300_000);
});

describe('the phase benchmark', () => {
  it("runs a method's phase as it is in a run", async () => {
    const row = await benchmarkPhase('hcsc', 300, { clusters: '20,5', width: 4 });
    expect(row).toMatchObject({ method: 'hcsc', images: 300, clusters: '20,5', dimension: 128 });
    expect(row.seconds).toBeGreaterThan(0);
  });
});
