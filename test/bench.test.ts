/** The benchmarks pair times as they say, and read what a run leaves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ColorRow, colorPrediction } from '../bench/colors.ts';
import { type GroupsRow, gainsOf, groupsOfFile, groupsTable } from '../bench/groups.ts';
import { correlationCells, correlations, type LabelFreePoint, spread } from '../bench/labelFree.ts';
import { largestOfFamily, largestResident } from '../bench/memory.ts';
import { encoderRows } from '../bench/shapes.ts';
import { isRight, type SuggestedRow, suggestedTable, suggestForFile } from '../bench/suggestedK.ts';
import { trainedIn } from '../bench/trained.ts';
import { type Contender, median, pairRatios, takeTurns } from '../bench/turns.ts';
import { openEngine } from '../src/backends/index.ts';
import { clusterAlgorithms } from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import { encodeNpy } from '../src/formats/index.ts';

describe('turns', () => {
  it('pairs each of our turns with the peer turn that followed it', () => {
    expect(pairRatios([10, 20], [5, 40])).toEqual([0.5, 2]);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  /**
   * Says what happens to it; the first runs of a turn take twice and one and a half times as long.
   */
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
    const standing = await takeTurns(of('ours', 1000), [of('slow', 1200), of('fast', 500)], {
      rounds: 2,
    });
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

describe('the benchmark of color', () => {
  const row = (source: string, encoder: string, colorShare: number, nmi: number): ColorRow => ({
    ...{ name: `${source}/${encoder}`, source, encoder, colorShare, nmi },
    ...{ images: 10, classes: 2, colorHistogram: 0, acc: 0 },
    verdict: colorShare > 0.3 ? 'mostly' : 'not',
  });

  it('correlates color share with NMI in each source, without the classes', () => {
    const rows = [
      ...[row('a', 'x', 0.1, 0.9), row('a', 'y', 0.2, 0.5), row('a', 'z', 0.4, 0.1)],
      ...[row('b', 'x', 0.1, 0.2), row('b', 'y', 0.2, 0.3), row('b', 'z', 0.5, 0.1)],
      ...[row('a', 'classes', 0.9, 1), row('b', 'classes', 0.9, 1)],
    ];
    const { bySource, mean, ranks } = colorPrediction(rows);
    expect(bySource).toEqual({ a: -1, b: -0.5 });
    expect(mean).toBeCloseTo(-0.75, 12);
    // The last of each source is the one that follows color; the others have ranks 1 and 2.
    expect(ranks).toEqual({ not: { mean: 1.5, count: 4 }, mostly: { mean: 3, count: 2 } });
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
    expect(of('neighbourConsistency')).toMatchObject({
      all: 1,
      lastOfRuns: 1,
      withinRuns: 1,
      points: 7,
    });
    expect(of('viewAgreement')).toMatchObject({ all: -1, lastOfRuns: -1, withinRuns: -1 });
    // Rises with NMI in run a, falls in run b; the last of a, b, c: 0.2, 0.7, 0.05 against rising
    // NMI.
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
describe('the epoch benchmark', () => {
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

describe('groups', () => {
  const scores = (kmeans: number, smoothed: number) => ({
    kmeans: { nmi: kmeans, acc: 0.5, seconds: 1 },
    'smoothed-kmeans': { nmi: smoothed, acc: 0.25, seconds: 2 },
  });
  const about = { name: 'set, encoder', encoder: 'encoder', images: 100, classes: 3 };

  it('are compared by their gain over k-means', () => {
    const rows: GroupsRow[] = [
      { ...about, scores: scores(0.5, 0.75) },
      { ...about, scores: scores(0.5, 0.375) },
    ];
    expect(gainsOf(rows, 'nmi')).toEqual([0.25, -0.125]);
    expect(gainsOf(rows, 'acc')).toEqual([-0.25, -0.25]);
    expect(groupsTable(rows)[1]).toEqual([
      ...['set, encoder', '100', '3', '.500 / .500', '.750 / .250', '1.0 / 2.0'],
    ]);
  });

  it('are those of every algorithm on features with labels beside them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const random = randomAt(2, 'synthetic');
    const file = join(folder, 'three.npy');
    const data = Float32Array.from(
      { length: 90 * 4 },
      (_, i) => Number(i % 4 === Math.floor(i / 4) % 3) + 0.05 * random.normal(),
    );
    await writeFile(file, encodeNpy({ shape: [90, 4], data }));
    const ids = Array.from({ length: 90 }, (_, i) => `${i}.png,${'abc'[i % 3]}`);
    await writeFile(`${file}.ids.csv`, ['id,label', ...ids].join('\n'));
    const engine = await openEngine({ threads: 1 });
    onTestFinished(() => engine.close());
    const found = await groupsOfFile(engine, file, 'made up');
    expect(found).toMatchObject({ name: 'three, made up', images: 90, classes: 3 });
    for (const name of clusterAlgorithms)
      expect(found.scores[name], name).toMatchObject({ nmi: 1, acc: 1 });
  });
});

describe('suggested numbers of clusters', () => {
  const row = (classes: number, range: [number, number], found = true): SuggestedRow => ({
    ...{
      name: 'set, encoder',
      encoder: 'encoder',
      images: 100,
      classes,
      suggested: 4,
      range,
      found,
    },
    ...{ score: 0.5, seconds: 1 },
  });

  it('are right where the range has the classes, and for one class where none is found', () => {
    expect(isRight(row(4, [2, 8]))).toBe(true);
    expect(isRight(row(8, [2, 8]))).toBe(true);
    expect(isRight(row(9, [2, 8]))).toBe(false);
    expect(isRight(row(10, [5, 20], false))).toBe(false);
    expect(isRight(row(1, [2, 8]))).toBe(false);
    expect(isRight(row(1, [5, 20], false))).toBe(true);
    expect(suggestedTable([row(4, [2, 8]), row(9, [2, 8])]).at(-1)![6]).toBe('1 of 2');
  });

  it('come from features with labels beside them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const random = randomAt(2, 'synthetic');
    const file = join(folder, 'three.npy');
    const data = Float32Array.from(
      { length: 300 * 4 },
      (_, i) => Number(i % 4 === Math.floor(i / 4) % 3) + 0.05 * random.normal(),
    );
    await writeFile(file, encodeNpy({ shape: [300, 4], data }));
    const ids = Array.from({ length: 300 }, (_, i) => `${i}.png,${'abc'[i % 3]}`);
    await writeFile(`${file}.ids.csv`, ['id,label', ...ids].join('\n'));
    const engine = await openEngine({ threads: 1 });
    onTestFinished(() => engine.close());
    const found = await suggestForFile(engine, file, 'made up');
    expect(found).toMatchObject({ name: 'three, made up', images: 300, classes: 3, found: true });
    expect(isRight(found)).toBe(true);
    await writeFile(`${file}.ids.csv`, ['id', ...ids.map((id) => id.split(',')[0])].join('\n'));
    await expect(suggestForFile(engine, file, 'made up')).rejects.toThrow(
      'rows without labels; expected 300',
    );
  });
});
