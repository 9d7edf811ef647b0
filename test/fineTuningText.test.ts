/** The tables of models that were trained further, and the sentences that follow from them. */
import { describe, expect, it } from 'vitest';
import { shortTuned, tunedSentence, tunedText } from '../docs/fineTuning.ts';
import { type Comparison, summarizeMethod } from '../src/compare/index.ts';

const run = (score: number) => ({
  ...{ seed: 0, folder: 'f', minutes: 2 },
  figures: {
    ...{ knn: 0.5, knn20: score, nmi: 0.3, acc: 0.4, ari: 0.2, linear: 0.7 },
    trainAndTest: { nmi: 0.3, acc: 0.4, ari: 0.2 },
  },
});
const row = (training: 'head' | 'fine-tuning' | 'scratch', method: string, score: number) =>
  summarizeMethod(method, { learningRate: '1e-5' }, [run(score)], { training, model: 'net' });
const comparison = {
  ...{ seeds: [0], images: { evaluated: 9000 }, date: '2026-11-30T01:00:00Z', machine: 'm' },
  model: { model: 'net' },
  protocol: { 'fine-tuning': 'views 2x32' },
  methods: [
    row('fine-tuning', 'simclr', 0.7),
    row('head', 'scan', 0.6),
    row('scratch', 'byol', 0.1),
  ],
  baselines: { modelKmeans: row('head', '', 0.6), patches: row('scratch', '', 0.2) },
} as unknown as Comparison;
const by = { name: 'a', title: 'A', command: 'likeness compare', state: 'idle' };

describe('a comparison with a model that is trained further', () => {
  it('keeps the model, its trained forms, networks from scratch and patch features', () => {
    const { rows } = shortTuned(comparison, by);
    expect(rows.map(({ name, figures }) => [name, figures.knn20?.mean])).toEqual([
      ['net, as it is', 0.6],
      ['simclr, fine-tuned, learningRate 1e-5', 0.7],
      ['byol from scratch', 0.1],
      ['patch features', 0.2],
    ]);
  });

  it('is a table with its command, and tells what training has raised', () => {
    const text = tunedText(shortTuned(comparison, by));
    expect(text).toContain('A, 9,000 images, one seed; views 2x32:');
    expect(text).toContain('| net, as it is | 0.600 | 0.500 | 0.700 | 0.300 | 0.400 |');
    expect(text).toContain(
      'Above the model as it is: simclr, fine-tuned, learningRate 1e-5 (kNN, k = 20). Measured ' +
        'on 2026-11-30, m, idle:',
    );
    const none = { ...comparison, methods: [row('fine-tuning', 'simclr', 0.6)] };
    expect(tunedSentence(shortTuned(none, by))).toBe(
      'In no column above it: simclr, fine-tuned, learningRate 1e-5.',
    );
  });

  it('has neither columns without a figure nor a command that was not recorded', () => {
    const { command: _, rows, ...rest } = shortTuned(comparison, by);
    const only = rows.map((row) => ({ ...row, figures: { knn20: row.figures.knn20! } }));
    const text = tunedText({ ...rest, rows: only });
    expect(text).toContain('|  | kNN, k = 20 |\n');
    expect(text).toMatch(/idle\.$/);
  });

  it('needs a row of fine-tuning', () => {
    const without = { ...comparison, methods: comparison.methods.slice(1) };
    expect(() => shortTuned(without, by)).toThrow('received one without finished rows');
  });
});
