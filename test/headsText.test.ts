/** The table of heads on a pretrained model, and the sentences that follow from its numbers. */
import { describe, expect, it } from 'vitest';
import {
  type HeadComparison,
  headsSentences,
  headsTable,
  shortHeads,
  withRows,
} from '../docs/heads.ts';
import { type Comparison, summarizeMethod, summaryOf } from '../src/compare/index.ts';
import { defaultHead } from '../src/methods/index.ts';

const set = (title: string, scores: Record<string, [acc: number, nmi: number]>) =>
  ({
    ...{ name: title, title, command: 'likeness', state: 'idle', measured: '2026-11-30' },
    ...{ images: 4, seeds: [0], model: 'net', machine: 'm' },
    features: { knn20: summaryOf([0.5]), linear: summaryOf([0.5]) },
    rows: Object.entries(scores).map(([name, [acc, nmi]]) => ({
      ...{ name, kind: name.endsWith('k-means') ? 'k-means' : 'head' },
      figures: { acc: summaryOf([acc]), nmi: summaryOf([nmi]) },
    })),
  }) as HeadComparison;
const plain = { 'k-means': [0.5, 0.4], 'smoothed k-means': [0.6, 0.5] } as const;

describe('the table of heads', () => {
  const sets = [
    set('clothes', { ...plain, consensus: [0.7, 0.6], temi: [0.55, 0.35] } as never),
    set('animals', { ...plain, consensus: [0.65, 0.45], temi: [0.6, 0.5] } as never),
  ];

  it('has ACC and NMI of each set and their means', () => {
    const lines = headsTable(sets).split('\n');
    expect(lines[0]).toBe('|  | clothes, one seed | animals, one seed | mean |');
    expect(lines.find((line) => line.includes('consensus'))).toBe(
      '| consensus | 0.700 / 0.600 | 0.650 / 0.450 | 0.675 / 0.525 |',
    );
  });

  it('is told with the best head, and every place where one loses', () => {
    expect(headsSentences(sets)).toEqual([
      'By the mean of ACC and NMI over these sets consensus leads (0.600; k-means 0.450, ' +
        'smoothed k-means 0.550).',
      'Not above smoothed k-means on the average: temi.',
      'Below k-means: temi on clothes (NMI 0.350 against 0.400).',
      `The default is ${defaultHead}.`,
    ]);
    expect(headsSentences([sets[1]!])).toContain('No head is below k-means on any of them.');
  });

  it('has rows that were measured again with more seeds, and says so', () => {
    const again = { ...set('animals', { temi: [0.8, 0.7] } as never), seeds: [0, 1, 2] };
    const lines = headsTable([withRows(sets[1]!, again)]).split('\n');
    expect(lines.find((line) => line.includes('temi'))).toContain('| 0.800 / 0.700, 3 seeds |');
    expect(lines.find((line) => line.includes('consensus'))).toContain('| 0.650 / 0.450 |');
  });

  it('has rows that were added with the same seeds, with the command of all', () => {
    const more = { ...set('animals', { swav: [0.4, 0.3] } as never), command: 'of all' };
    const joined = withRows(sets[1]!, more);
    expect(joined.command).toBe('of all');
    expect(headsTable([joined])).toContain('| swav | 0.400 / 0.300 | 0.400 / 0.300 |');
  });

  it('has means only of rows that every set has', () => {
    const more = [...sets, set('cars', { ...plain, consensus: [0.5, 0.4] } as never)];
    const temi = headsTable(more)
      .split('\n')
      .find((line) => line.startsWith('| temi'));
    expect(temi).toBe('| temi | 0.550 / 0.350 | 0.600 / 0.500 |  |  |');
  });
});

describe('a comparison in short', () => {
  const run = {
    ...{ seed: 0, folder: 'f', minutes: 2 },
    figures: {
      ...{ knn: 0.5, knn20: 0.6, nmi: 0.3, acc: 0.4, ari: 0.2, linear: 0.7 },
      trainAndTest: { nmi: 0.3, acc: 0.4, ari: 0.2 },
    },
  };
  const row = (training: 'head' | 'scratch', method: string) =>
    summarizeMethod(method, {}, [run], { training, model: 'net' });
  const comparison = {
    ...{ seeds: [0], images: { evaluated: 9 }, date: '2026-11-30T01:00:00Z', machine: 'm' },
    model: { model: 'net' },
    methods: [row('head', 'scan'), row('scratch', 'simclr')],
    baselines: { modelKmeans: row('head', ''), modelSmoothedKmeans: row('head', '') },
  } as unknown as Comparison;
  const by = { name: 'a', title: 'A', command: 'c', state: 's' };

  it('keeps the heads and both k-means', () => {
    const { rows, images, model } = shortHeads(comparison, by);
    expect(rows.map(({ name }) => name)).toEqual(['k-means', 'smoothed k-means', 'scan']);
    expect([images, model, rows[2]!.minutes]).toEqual([9, 'net', 2]);
  });

  it('needs a pretrained model', () => {
    const without = { ...comparison, baselines: {} };
    expect(() => shortHeads(without, by)).toThrow('received one without a pretrained model');
  });
});
