/**
 * The comparison in a terminal: failed runs, missing figures and published rows in their places.
 */
import { describe, expect, it } from 'vitest';
import {
  type ComparedRun,
  type Comparison,
  compareHtml,
  publishedFor,
  summarizeMethod,
  type Training,
} from './index.ts';
import { compareTable } from './table.ts';

const run = (seed: number, value: number): ComparedRun => ({
  seed,
  folder: `runs/x-seed${seed}`,
  minutes: 3,
  labelFree: { 'sample.viewAgreement': value / 10, 'sample.silhouette': 0.777 },
  figures: {
    ...{ knn: value, knn20: value, nmi: value / 2, acc: value, ari: null, linear: value },
    trainAndTest: { nmi: value / 4, acc: value, ari: value },
  },
});
const failed = (seed: number, reason: string): ComparedRun => ({
  seed,
  folder: 'f',
  failure: { code: 'train.unwell', reason },
});
const comparison: Comparison = {
  ...{ version: 1, source: '/x', data: { name: 'cifar10', kind: 'cifar10' }, labelled: true },
  ...{
    images: { train: 50, test: 10, evaluated: 60 },
    classes: 10,
    chance: 0.1,
    budget: { minutes: 12 },
  },
  ...{ seeds: [0, 1], preset: 'small-32', shared: {}, complete: true, machine: 'm', program: 'p' },
  ...{ date: '2026-11-28T10:00:00.000Z', likeness: { versions: ['0.1.0'], commits: ['abc'] } },
  baselines: {
    untrained: {
      ...summarizeMethod('', {}, [run(0, 0.3)]),
      name: 'untrained encoder',
      protocol: '',
    },
  },
  methods: [
    summarizeMethod('swav', {}, [run(0, 0.4), run(1, 0.5)]),
    summarizeMethod('contrastive-clustering', {}, [
      run(0, 0.6),
      failed(1, 'narrow: all alike\nRemedy: x'),
    ]),
    summarizeMethod('moco', { temperature: '0.2' }, [failed(0, 'broken'), failed(1, 'broken')]),
  ],
  likelyOrder: [],
  published: publishedFor({ kind: 'cifar10', name: 'cifar10', classes: 10 }),
  protocol: { split: 'as it is' },
};

describe('the table', () => {
  const lines = compareTable(comparison);
  const starting = (text: string) => lines.filter((line) => line.startsWith(text));

  it('has mean and deviation, and marks the best of a column', () => {
    expect(starting('swav ')[0]).toMatch(/0\.450 ±0\.071 .* 3\.0$/);
    expect(starting('untrained encoder')[0]).toMatch(/0\.300 +0\.300 +0\.150 +0\.300 +- +0\.030$/);
    expect(starting('contrastive-clustering, 1 of 2 seeds')[0]).toContain('0.600*');
  });

  it('says when it was measured, and by what', () => {
    expect(lines.at(-1)).toBe('measured until 2026-11-28 by likeness 0.1.0, commit abc');
  });

  it('keeps a failed method in its place, with dashes and the reason', () => {
    expect(starting('moco (temperature 0.2), failed')[0]).toMatch(/failed( +-){6}$/);
    expect(lines).toContain('moco (temperature 0.2), seed 1, failed: broken');
    expect(lines).toContain('contrastive-clustering, seed 1, failed: narrow: all alike');
  });

  it('has published figures of the methods compared in the table of their protocol, marked', () => {
    const both = lines.findIndex((line) =>
      line.startsWith('clusters of train and test images together'),
    );
    const table = starting('contrastive-clustering, published');
    expect(lines.indexOf(table[0]!)).toBeGreaterThan(both);
    expect(table[0]).toMatch(/0\.705 +0\.790 +0\.637$/);
    const kNN = lines.findIndex((line) => /^swav, published \[\d\] +0\.884/.test(line));
    expect(kNN).toBeGreaterThan(0);
    expect(kNN).toBeLessThan(both);
    expect(
      lines.some((line) => line.includes('published, other budget: ResNet-34 at 224 px')),
    ).toBe(true);
    const notes = lines.filter((line) => /^\[\d\] published, other budget/.test(line));
    expect(
      notes.filter((line) => line.includes('batch 512, 800 epochs, the best of all epochs')),
    ).toHaveLength(1);
  });

  it('has the other methods of the paper in a short table of their own', () => {
    const own = lines.findIndex((line) =>
      line.startsWith('other methods, published, other budget'),
    );
    expect(lines[own]).toMatch(/NMI +ACC +ARI$/);
    expect(starting('pica')[0]).toMatch(/0\.591 +0\.696 +0\.512$/);
    expect(starting('iic')[0]).toMatch(/- +0\.617 +-$/);
    expect(lines.indexOf(starting('pica')[0]!)).toBeGreaterThan(own);
    expect(starting('byol')).toEqual([]);
  });
});

describe('the table without labels', () => {
  const order = [
    { name: 'contrastive-clustering', rank: 1 },
    { name: 'swav', rank: 2 },
  ];
  const lines = compareTable({ ...comparison, labelled: false, likelyOrder: order, published: [] });

  it('has the measure that follows true clusters, and no other', () => {
    expect(lines.some((line) => /^without labels +views agree +minutes$/.test(line))).toBe(true);
    expect(lines.find((line) => line.startsWith('swav '))).toMatch(/0\.045 ±0\.007 +3\.0$/);
    expect(lines.find((line) => line.startsWith('contrastive-clustering, 1'))).toContain('0.060*');
    expect(lines.join('\n')).not.toMatch(/silhouette|0\.777|kNN/);
    expect(
      lines.some((line) => line.startsWith('likely best without labels: contrastive-clustering')),
    ).toBe(true);
  });
});

describe('rows on a pretrained model', () => {
  const of = (method: string, training: Training, model?: string) =>
    summarizeMethod(method, {}, [run(0, 0.4)], { training, ...(model && { model }) });
  const methods = [
    of('consensus', 'head', 'net'),
    of('contrastive-clustering', 'head', 'net'),
    of('simclr', 'fine-tuning', 'net'),
    of('simclr', 'scratch'),
  ];
  const lines = compareTable({ ...comparison, methods });

  it('are named by the model and the way that it is used in', () => {
    for (const name of ['consensus on net,', 'net fine-tuned by simclr,', 'simclr from scratch,']) {
      expect(lines.filter((line) => line.startsWith(name)).length, name).toBeGreaterThan(0);
    }
    expect(lines[0]).toBe(
      'cifar10: 12 minutes of training per network, heads by their own recipes, 2 seeds',
    );
    const alone = compareTable({ ...comparison, budget: null, methods: methods.slice(0, 2) });
    expect(alone[0]).toBe('cifar10: heads by their own recipes, 2 seeds');
  });

  it('have no published scores beside them, which are of networks from scratch', () => {
    expect(lines.join('\n')).toContain('simclr, published');
    expect(lines.join('\n')).not.toContain('contrastive-clustering, published');
  });

  it('have a note on the page, with the facts of the model', () => {
    const page = compareHtml({ ...comparison, methods, model: { dimension: 512 } });
    expect(page).toContain('are of the clusters that the head learned');
    expect(page).toContain('<h2>Pretrained model</h2>');
    expect(page).toContain('<dt>dimension</dt><dd>512</dd>');
    expect(compareHtml(comparison)).not.toContain('Pretrained model');
  });
});
