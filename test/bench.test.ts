/** The benchmarks run, also where a peer is not installed, and pair times as they say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { benchmarkClustering } from '../bench/clustering.ts';
import { benchmarkDecode } from '../bench/decode.ts';
import { benchmarkEpoch } from '../bench/epoch.ts';
import { functionTimes } from '../bench/functionTimes.ts';
import { benchmarkGrowth } from '../bench/growth.ts';
import { benchmarkInference } from '../bench/inference.ts';
import { benchmarkJavascript } from '../bench/javascript.ts';
import { benchmarkKmeans } from '../bench/kmeans.ts';
import { correlationCells, correlations, type LabelFreePoint, spread } from '../bench/labelFree.ts';
import { largestOfFamily, largestResident } from '../bench/memory.ts';
import { benchmarkPhase } from '../bench/phases.ts';
import { profileOf } from '../bench/profile.ts';
import { benchmarkScale } from '../bench/scale.ts';
import { benchmarkSettings } from '../bench/settings.ts';
import { encoderRows } from '../bench/shapes.ts';
import { benchmarkStep } from '../bench/step.ts';
import { benchmarkSwav, type SwavShape } from '../bench/swav.ts';
import { trainedIn } from '../bench/trained.ts';
import { type Contender, median, pairRatios, takeTurns } from '../bench/turns.ts';
import { benchmarkViews } from '../bench/views.ts';
import { writeTextures } from './likeness.cases.ts';

describe('turns', () => {
  it('pairs each of our turns with the peer turn that followed it', () => {
    expect(pairRatios([10, 20], [5, 40])).toEqual([0.5, 2]);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  /** Says what happens to it; the first runs of a turn take twice and one and a half times as long. */
  function contender(name: string, milliseconds: number, told: string[]): Contender {
    return {
      name,
      async enter() {
        told.push(`${name} enters`);
        let taken = 0;
        return {
          async run(runs) {
            told.push(`${name} ${runs}`);
            return Array.from({ length: runs }, () => milliseconds * ([2, 1.5][taken++] ?? 1));
          },
          versions: { [name]: '1.0' },
          megabytes: () => milliseconds,
          async leave() {
            told.push(`${name} leaves`);
          },
        };
      },
    };
  }

  it('alternate, one there at a time, and set ours beside the fastest peer', async () => {
    const told: string[] = [];
    const of = (name: string, milliseconds: number) => contender(name, milliseconds, told);
    const standing = await takeTurns(of('ours', 1000), [of('slow', 1200), of('fast', 500)], { rounds: 2 });
    const turn = (name: string) => [
      `${name} enters`,
      // Twice as long, one and a half times as long, then as long as the one after.
      ...Array.from({ length: 4 }, () => `${name} 1`),
      `${name} 3`,
      `${name} leaves`,
    ];
    const turns = ['ours', 'slow', 'fast'].flatMap(turn);
    expect(told).toEqual([...turns, ...turns]);
    expect(standing).toEqual({
      ours: 1000,
      peer: { name: 'fast', milliseconds: 500 },
      peers: { slow: 1200, fast: 500 },
      ratio: 0.5,
      spread: [0.5, 0.5],
      megabytes: 1000,
      peerMegabytes: 500,
      versions: { slow: '1.0', fast: '1.0' },
    });
  });

  it('of slow runs settle in one', async () => {
    const told: string[] = [];
    const standing = await takeTurns(contender('ours', 8000, told), [], { rounds: 1 });
    expect(told).toEqual(['ours enters', 'ours 1', 'ours 1', 'ours leaves']);
    // The second takes one and a half times as long in this test, and counts.
    expect(standing.ours).toBe(12_000);
  });

  it('end a contender that fails', async () => {
    const told: string[] = [];
    const whole = contender('ours', 1, told);
    const broken: Contender = {
      name: 'ours',
      enter: async () => ({
        ...(await whole.enter()),
        run: () => Promise.reject(new Error('out of memory')),
      }),
    };
    await expect(takeTurns(broken, [], { rounds: 1 })).rejects.toThrow('out of memory');
    expect(told).toEqual(['ours enters', 'ours leaves']);
  });
});

describe('the rows', () => {
  it('are seven encoders with each batch', () => {
    const names = Object.keys(encoderRows([1, 256]));
    expect(names).toHaveLength(14);
    expect(names).toContain('resnet18-cifar-32-w16-b1');
    expect(names).toContain('resnet50-imagenet-96-w64-b256');
  });
});

// Only Linux tells in /proc what memory a process and its children have held.
describe.skipIf(process.platform !== 'linux')('the memory of a peer', () => {
  it('is that of its children, too', async () => {
    const work = `const held = Buffer.alloc(2 ** 28, 1); console.log(held.length); setTimeout(() => {}, 60000)`;
    const child = spawn(process.execPath, ['-e', work]);
    onTestFinished(() => void child.kill());
    await once(child.stdout, 'data');
    expect(largestOfFamily(process.pid)! - largestResident()!).toBeGreaterThan(256);
    expect(largestOfFamily(child.pid!)).toBe(largestResident(child.pid));
  });
});

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
    const row = await benchmarkEpoch('small-32', { source: folder, epochs: 1, rounds: 1, python: null });
    expect(row).toMatchObject({ peer: null, ratio: null });
    expect(row.ours).toBeGreaterThan(0);
    expect(row.losses[0]).toBeGreaterThan(0);
    expect(row.waiting).toBeGreaterThanOrEqual(0);
    expect(row.waiting).toBeLessThan(1);
    expect(row.pause).toBeGreaterThanOrEqual(0);
    expect(row.megabytes).toBeGreaterThan(50);
  });

  it('tells of the whole training: each step once, and from its first to its end', () => {
    // 40 steps of 10 ms and 4 images; the first eight wait for half of it, the others for 1 ms.
    const line = (step: number) => {
      const recent = Array.from({ length: Math.min(step, 32) }, (_, i) => (step - i <= 8 ? 5 : 1));
      const waiting = recent.reduce((sum, waited) => sum + waited, 0) / (10 * recent.length);
      return { kind: 'step', step, seconds: step / 100, imagesPerSecond: 400, waiting };
    };
    const found = trainedIn([
      { kind: 'schedule', step: 0, time: '2026-01-01T00:00:00.000Z' },
      ...Array.from({ length: 40 }, (_, i) => line(i + 1)),
      { kind: 'run-ended', step: 40, time: '2026-01-01T00:00:01.500Z' },
    ]);
    expect(found).toMatchObject({ steps: 40, seconds: 0.4 });
    expect(found.waiting).toBeCloseTo((8 * 5 + 32) / 400, 12);
    expect(found.span.to - found.span.from).toBe(1500);
  });
});

describe('the benchmark of growth', () => {
  it('varies one thing at a time', async () => {
    const shape: SwavShape = {
      ...{ architecture: 'resnet10', stem: 'cifar', width: 4, batch: 4, crops: '2x8' },
      ...{ prototypes: 8, hiddenLength: 8, queueLength: 8 },
    };
    const rows = await benchmarkGrowth({ shape, varied: { prototypes: ['8', '16'], crops: ['2x8+1x8'] } });
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
    ['neighbours-smoke', 'search', ['TopK', 'merging lists, beside the engine']],
    ['decode-smoke', 'picture', ['reading the file', 'decoding', 'shrinking', 'storing']],
  ])('adds up the parts of %s, the longest first', async (name, per, parts) => {
    const profile = await profileOf(name, { steps: 3 });
    expect(profile).toMatchObject({ name, per });
    expect(profile.operators.map(({ operator }) => operator)).toEqual(expect.arrayContaining(parts));
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
    const of = { file: 'bench.test.ts', names: ['counted', 'unused'] };
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
    const settings = ['one thread', 'no graph optimisation', 'results in new memory'];
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
    // 600 rows of 8 values of variance about 1 around centres of variance 1.
    expect(row.objective).toBeGreaterThan(600);
    expect(row.objective).toBeLessThan(600 * 16);
  });
});

describe('the phase benchmark', () => {
  it("runs a method's phase as it is in a run", async () => {
    const row = await benchmarkPhase('hcsc', 300, { clusters: '20,5', width: 4 });
    expect(row).toMatchObject({ method: 'hcsc', images: 300, clusters: '20,5', dimension: 128 });
    expect(row.seconds).toBeGreaterThan(0);
  });
});

describe('the label-free benchmark', () => {
  const point = (run: string, step: number, nmi: number, silhouette: number): LabelFreePoint => ({
    ...{ run, method: 'swav', step, epoch: step, nmi, seconds: 1 },
    measures: {
      silhouette,
      viewAgreement: -nmi,
      epochStability: step === 0 ? null : nmi,
      seedStability: 0.5,
      neighbourConsistency: nmi,
      prototypeUsage: null,
      effectiveRank: nmi,
    },
  });
  const points = [
    ...[0, 1, 2].map((step) => point('a', step, 0.1 * step, 0.1 * step)),
    ...[0, 1, 2].map((step) => point('b', step, 0.15 + 0.1 * step, 0.9 - 0.1 * step)),
    point('c', 0, 0.9, 0.05),
  ];
  const rows = correlations(points);
  const of = (name: string) => rows.find(({ measure }) => measure === name)!;

  it('ranks over all points, the last of the runs, and within runs', () => {
    expect(of('neighbourConsistency')).toMatchObject({ all: 1, lastOfRuns: 1, withinRuns: 1, points: 7 });
    expect(of('viewAgreement')).toMatchObject({ all: -1, lastOfRuns: -1, withinRuns: -1 });
    // Rises with NMI in run a, falls in run b; the last of a, b, c: 0.2, 0.7, 0.05 against rising NMI.
    expect(of('silhouette')).toMatchObject({ withinRuns: 0, lastOfRuns: -0.5 });
    expect(of('epochStability')).toMatchObject({ all: 1, points: 4 });
    expect(of('seedStability').all).toBeNull();
    expect(of('prototypeUsage')).toMatchObject({ all: null, withinRuns: null, points: 0 });
  });

  it('prints the best first', () => {
    const [head, ...cells] = correlationCells(rows);
    expect(head).toContain('last of runs');
    expect(cells[0]![1]).toBe('1.00');
    expect(cells.findIndex(([measure]) => measure === 'viewAgreement')).toBeGreaterThan(3);
  });

  it('spreads checkpoints evenly', () => {
    expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 9]);
    expect(spread([1, 2], 3)).toEqual([1, 2]);
    expect(spread([1, 2], 1)).toEqual([2]);
  });
});
