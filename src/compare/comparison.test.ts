/**
 * A comparison as data and as a page: means over seeds, published figures, and an escaped,
 * self-contained file.
 */
import { describe, expect, it } from 'vitest';
import {
  type ComparedRun,
  type Comparison,
  compareHtml,
  dataSetOf,
  type Figures,
  originOf,
  originSentence,
  publishedFor,
  summarizeMethod,
  summaryOf,
} from './index.ts';

const figures = (knn: number, nmi: number): Figures => ({
  knn,
  knn20: knn,
  nmi,
  acc: nmi,
  ari: nmi,
  linear: knn,
  trainAndTest: { nmi: nmi / 2, acc: nmi, ari: nmi },
});
const run = (seed: number, knn: number): ComparedRun => ({
  seed,
  folder: `runs/swav-seed${seed}`,
  minutes: 2 + seed,
  steps: 100,
  epochs: 4,
  figures: figures(knn, 0.25),
  labelFree: { 'effectiveRank.rank': 10 + seed, 'sample.viewAgreement': 0.3 + seed / 10 },
  curve: [
    { step: 50, minutes: 1, knn: 0.3, nmi: 0.1 },
    { step: 100, minutes: 2 + seed, knn, nmi: 0.25 },
  ],
});
const failed: ComparedRun = {
  seed: 2,
  folder: 'runs/swav-seed2',
  failure: { code: 'train.unwell', reason: 'collapsed: <the loss> & "all"\nRemedy: none' },
};

describe('figures over seeds', () => {
  it('are mean and sample deviation, and leave out what is missing', () => {
    const { mean, sd, values } = summaryOf([0.5, null, 0.7, 0.6, undefined]);
    expect(mean).toBeCloseTo(0.6, 12);
    expect(sd).toBeCloseTo(0.1, 12); // sqrt((0.01 + 0.01 + 0) / 2)
    expect(values).toEqual([0.5, 0.7, 0.6]);
    expect(summaryOf([0.5])).toEqual({ mean: 0.5, sd: 0, values: [0.5] });
    expect(summaryOf([null])).toEqual({ mean: null, sd: null, values: [] });
  });

  it('are over the seeds that did not fail', () => {
    const row = summarizeMethod('swav', {}, [run(0, 0.4), run(1, 0.6), failed]);
    expect(row.seeds).toBe(2);
    expect(row.knn.mean).toBeCloseTo(0.5, 12);
    expect(row.trainAndTest.nmi.mean).toBeCloseTo(0.125, 12);
    expect(row.minutes).toBe(2.5);
    expect(row.curve.map(({ minutes }) => minutes)).toEqual([1, 2.5]);
    expect(row.curve[1]!.knn).toBeCloseTo(0.5, 12);
    expect(row.labelFree['effectiveRank.rank']!.values).toEqual([10, 11]);
    expect(row.runs).toHaveLength(3);
  });
});

describe('where a comparison comes from', () => {
  const by = (date: string, commit?: string) => ({
    ...run(0, 0.5),
    measured: { date, version: '0.1.0', commit },
  });
  const of = (...runs: ComparedRun[]) => originOf([summarizeMethod('swav', {}, runs)]);

  it('is the last date, and every program that measured a run', () => {
    const origin = of(
      by('2026-11-28T09:00:00.000Z', 'bb'),
      by('2026-11-27T09:00:00.000Z', 'aa'),
      failed,
    );
    expect(origin).toEqual({
      date: '2026-11-28T09:00:00.000Z',
      likeness: { versions: ['0.1.0'], commits: ['aa', 'bb'] },
    });
    expect(originSentence(origin)).toBe(
      'measured until 2026-11-28 by likeness 0.1.0, commits aa and bb',
    );
    expect(originSentence(of(by('2026-11-28T09:00:00.000Z')))).toBe(
      'measured until 2026-11-28 by likeness 0.1.0',
    );
  });

  it('is nothing before a run is measured', () => {
    expect(of(failed)).toEqual({ date: null, likeness: { versions: [], commits: [] } });
    expect(originSentence(of(failed))).toBeUndefined();
  });
});

describe('published figures', () => {
  it('belong to a data set that is certain', () => {
    expect(dataSetOf({ kind: 'cifar10', name: 'x', classes: 10 })).toBe('cifar10');
    expect(dataSetOf({ kind: 'cifar100', name: 'x', classes: 100 })).toBe('cifar100');
    expect(dataSetOf({ kind: 'folder', name: 'CIFAR-10', classes: 10 })).toBe('cifar10');
    expect(dataSetOf({ kind: 'folder', name: 'cifar10', classes: 7 })).toBeUndefined();
    expect(dataSetOf({ kind: 'folder', name: 'cifar10-my-own-mix', classes: 10 })).toBeUndefined();
    expect(dataSetOf({ kind: 'idx', name: 'sample', classes: 10 })).toBeUndefined();
  });

  it('are those of the table, column by column', () => {
    const of = (kind: string, classes: number, name = 'x') =>
      Object.fromEntries(
        publishedFor({ kind, name, classes })
          .filter(({ source }) => source.includes('table II'))
          .map(({ method, figures: printed }) => [method, printed]),
      );
    expect(of('cifar10', 10)['contrastive-clustering']).toEqual({
      nmi: 0.705,
      acc: 0.79,
      ari: 0.637,
    });
    expect(of('stl10', 10).kmeans).toEqual({ nmi: 0.125, acc: 0.192, ari: 0.061 });
    expect(of('cifar10', 10).adc).toEqual({ acc: 0.325 });
    expect(of('folder', 200, 'tiny-imagenet').pica).toEqual({ nmi: 0.277, acc: 0.098, ari: 0.04 });
    expect(Object.keys(of('cifar10', 10))).toHaveLength(18);
    expect(of('cifar100', 100)).toEqual({}); // the table's classes are the 20 coarse ones
    expect(of('stl10', 10).ddc).toEqual({ nmi: 0.371, acc: 0.489, ari: 0.267 });
  });
});

describe("lightly's benchmark", () => {
  it('has three budgets of five methods, each said to be of the best epoch', () => {
    const rows = publishedFor({ kind: 'cifar10', name: 'x', classes: 10 }).filter(({ source }) =>
      source.startsWith('lightly'),
    );
    const of = (method: string) =>
      rows.filter((row) => row.method === method).map(({ figures }) => figures.knn);
    expect(of('byol')).toEqual([0.869, 0.868, 0.91]);
    expect(of('moco')).toEqual([0.838, 0.847, 0.899]);
    expect(of('simclr')).toEqual([0.847, 0.848, 0.879]);
    expect(of('simsiam')).toEqual([0.819, 0.764, 0.904]);
    expect(of('swav')).toEqual([0.812, 0.842, 0.884]);
    expect(rows).toHaveLength(15);
    expect(rows[1]!.budget).toContain('batch 512, 200 epochs, the best of all epochs');
    expect(rows.every(({ budget }) => budget.includes('best of all epochs'))).toBe(true);
    expect(
      publishedFor({ kind: 'cifar100', name: 'x', classes: 100 }).some(
        ({ method }) => method === 'byol',
      ),
    ).toBe(false);
  });
});

const baseline = (name: string) => ({
  name,
  protocol: 'as it is',
  ...summarizeMethod(name, {}, [run(0, 0.2)]),
});
const comparison: Comparison = {
  version: 1,
  source: '/photos/<b>',
  data: { name: 'cifar10 <i>', kind: 'cifar10' },
  labelled: true,
  images: { train: 50_000, test: 10_000, evaluated: 60_000 },
  classes: 10,
  chance: 0.1,
  budget: { minutes: 0.5 },
  seeds: [0, 1, 2],
  preset: 'small-32',
  shared: { architecture: 'resnet10', batchSize: 256 },
  baselines: { untrained: baseline('untrained encoder'), kmeans: baseline('kmeans on raw pixels') },
  methods: [
    summarizeMethod('swav', { scales: '0.2-1<script>' }, [run(0, 0.4), run(1, 0.6), failed]),
    summarizeMethod('moco', {}, [{ ...failed, seed: 0 }]),
  ],
  likelyOrder: [],
  published: publishedFor({ kind: 'cifar10', name: 'x', classes: 10 }),
  protocol: { curves: 'on a "fixed" sample' },
  complete: false,
  date: '2026-11-28T10:00:00.000Z',
  likeness: { versions: ['0.1.0'], commits: [] },
  machine: 'a machine',
  program: 'likeness',
};

describe('compare.html', () => {
  const html = compareHtml(comparison);

  it('shows every row, the curves, the failures and the published rows as of another budget', () => {
    for (const text of [
      'untrained encoder',
      '0.500',
      '±0.141',
      'swav: published, other budget [3]</th><td>0.884</td>',
      '[3] published, other budget: ResNet-18, 32 px, batch 512, 800 epochs, the best of all epochs',
      '2 of 3 seeds',
      'collapsed: ',
      'minutes of training',
      'Not complete',
      '0.5 min',
      'measured until 2026-11-28 by likeness 0.1.0',
    ]) {
      expect(html, text).toContain(text);
    }
    expect(html.match(/<svg class="curves" /g)).toHaveLength(2);
  });

  it('escapes names and reasons, and needs nothing from elsewhere', () => {
    for (const raw of ['/photos/<b>', 'cifar10 <i>', '<script', '<the loss>', '& "all"']) {
      expect(html, raw).not.toContain(raw);
    }
    expect(html).toContain('scales 0.2-1&lt;script&gt;');
    expect(html).not.toMatch(/(src|href)="(?!data:,)/);
    expect(html).not.toMatch(/url\(/);
    expect(html).toContain("default-src 'none'");
  });

  it('has a light and a dark form, a color for every line, and the same bytes for the same facts', () => {
    expect(html.match(/prefers-color-scheme:dark/g)!.length).toBeGreaterThan(1);
    expect(html).toMatch(/<g class="c0"><title>swav/);
    expect(compareHtml(comparison)).toBe(html);
  });

  it('shows the measure that follows true clusters beside the figures with labels', () => {
    const table = /On the test images.*?<\/table>/s.exec(html)![0];
    expect(table).toMatch(/>Views agree<\/abbr>/);
    expect(table).toContain('<b>0.350</b> <small>±0.071</small>');
  });

  it('shows that measure alone where there are no labels', () => {
    const page = compareHtml({ ...comparison, labelled: false });
    expect(page).toContain('Measured without labels');
    expect(page).toMatch(/>Views agree<\/abbr>.*<b>0\.350<\/b> <small>±0\.071/s);
    expect(page).not.toContain('effectiveRank');
    expect(page).not.toContain('On the test images');
  });
});
