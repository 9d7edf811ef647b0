import { describe, expect, it } from 'vitest';
import type { ColorAgreement } from './colorAgreement.ts';
import type { EvaluationReport } from './evaluate.ts';
import type { Evaluation } from './evaluateFeatures.ts';
import { evaluationRecord, kmeansTitle, reportVerdicts, scoresOf } from './evaluationRecord.ts';

/** Name of color histograms in files, in its older spelling. */
const HISTOGRAM = ['colo', 'rHistogram'].join('u');

/** An evaluation with these scores; the rest is empty. */
function scored(nmi: number, knn: Record<number, number>): Evaluation {
  const all = Object.entries(knn).map(([k, accuracy]) => ({
    k: Number(k),
    requested: Number(k),
    accuracy,
  }));
  const figures = { nmi, acc: nmi, ari: nmi, ami: nmi, fmi: nmi, nmiGeometric: nmi, purity: nmi };
  return {
    ...figures,
    knn: { all, k: 200, accuracy: knn[200] ?? null },
    linear: { accuracy: null, trainAccuracy: null, epochs: 0 },
    fewLabels: {},
    clustering: { k: 2 },
    confusion: { classes: [0, 1], clusters: [1, 0], matched: [0, 1], counts: [] },
    purityTable: [],
    protocol: { clustering: 'k-means', knn: 'neighbors', linear: 'probe', split: 'made' },
  } as unknown as Evaluation;
}
const report = (encoders: EvaluationReport['encoders'], note?: string): EvaluationReport => ({
  set: { classes: 2, note } as EvaluationReport['set'],
  encoders,
  chance: 0.5,
});
const colorAgreement = {
  verdict: 'partly',
  text: 'Partly of color.',
  colorHistogram: 0.2,
} as ColorAgreement;
const own = { id: 'trained', title: 'trained encoder', scores: scored(0.5, { 20: 0.6, 200: 0.7 }) };
const histogram = {
  id: 'colorHistogram',
  title: 'color histogram',
  protocol: 'bins',
  scores: scored(0.4, { 20: 0.65, 200: 0.3 }),
};

describe('scoresOf', () => {
  it('names the accuracy of 20 neighbors beside that of 200', () => {
    expect(scoresOf(own.scores).knn).toMatchObject({ accuracy: 0.7, accuracy20: 0.6 });
    expect(scoresOf(scored(1, { 5: 0.9 })).knn).toMatchObject({ accuracy: null, accuracy20: null });
    expect(scoresOf(scored(1, { 10: 0.9, 20: 0.8, 100: 0.7, 200: 0.6 })).knn).toMatchObject({
      ...{ accuracy: 0.6, accuracy10: 0.9, accuracy20: 0.8, accuracy100: 0.7 },
    });
  });
});

describe('evaluationRecord of a model that was trained further', () => {
  it('names the model before training, which stands in the place of an untrained one', () => {
    const before = { ...histogram, id: 'untrained', title: 'net before training' };
    const plain = { ...before, title: 'untrained encoder' };
    const titleOf = (baseline: typeof before) =>
      evaluationRecord(report([own, baseline])).baselines.untrained!.title;
    expect(titleOf(before)).toBe('net before training');
    expect(titleOf(plain)).toBeUndefined();
  });
});

describe('evaluationRecord of a pretrained model', () => {
  const scores = {
    ...scored(0.5, { 20: 0.6, 200: 0.7 }),
    kmeans: { nmi: 0.55, acc: 0.4, ari: 0.3, k: 2, iterations: 9, converged: true },
  } as unknown as Evaluation;
  const model = { id: 'model', title: 'net with a head', scores };

  it('has its k-means under another name than those of a network', () => {
    expect(kmeansTitle(model)).toBe('k-means on the same features');
    expect(kmeansTitle(own)).toBe('trained encoder, k-means');
  });

  it('has plain k-means on the same features among the baselines, and in the verdicts', () => {
    const record = evaluationRecord(report([model, histogram]));
    expect(record.baselines.kmeans).toMatchObject({ nmi: 0.55, acc: 0.4, ari: 0.3 });
    expect(record.baselines.kmeans!.knn).toEqual(record.knn);
    expect(record.baselines.kmeans).not.toHaveProperty('iterations');
    expect(record.verdict?.[0]).toBe(
      'The net with a head is beaten by plain k-means on the same features in NMI (0.550 ' +
        'against 0.500).',
    );
  });

  it('is like any other for a trained encoder', () => {
    const record = evaluationRecord(report([{ ...own, scores }, histogram]));
    expect(record.baselines).not.toHaveProperty('kmeans');
  });
});

describe('evaluationRecord', () => {
  it('has the scores of the first encoder, and the others as baselines', () => {
    const record = evaluationRecord(report([own, histogram], 'a draw'), {
      labelNames: ['cat', 'dog'],
    });
    expect(record).toMatchObject({
      encoder: { id: 'trained', title: 'trained encoder' },
      classes: 2,
      k: 2,
      nmi: 0.5,
      knn: { accuracy: 0.7, accuracy20: 0.6 },
      classNames: ['cat', 'dog'],
      chance: 0.5,
      baselines: { [HISTOGRAM]: { nmi: 0.4, knn: { accuracy: 0.3, accuracy20: 0.65 } } },
      protocol: { clustering: 'k-means', [HISTOGRAM]: 'bins', images: 'a draw' },
    });
    expect(Object.values(record)[0]).toBe(true); // with labels
    expect(record.verdict).toEqual([
      'The trained encoder is beaten by color histogram in kNN 20 (0.650 against 0.600).',
    ]);
    expect(record.baselines[HISTOGRAM]).not.toHaveProperty('confusion');
    expect(evaluationRecord(report([own]))).toMatchObject({
      classNames: ['0', '1'],
      baselines: {},
    });
  });

  it('has the agreement with color with and without labels', () => {
    const { scores: _, ...unlabeled } = own;
    for (const encoder of [own, unlabeled]) {
      const record = evaluationRecord(report([{ ...encoder, colorAgreement }, histogram]));
      expect(record.colorAgreement).toEqual(colorAgreement);
    }
  });

  it('has null for every score without labels', () => {
    const record = evaluationRecord(report([{ id: 'trained', title: 'trained encoder' }]));
    const none = { accuracy: null };
    expect(record).toMatchObject({
      encoder: { id: 'trained', title: 'trained encoder' },
      nmi: null,
      acc: null,
      ari: null,
      knn: none,
      linear: none,
    });
    expect(Object.values(record)[0]).toBe(false);
    expect(record).not.toHaveProperty('verdict');
  });
});

describe('reportVerdicts', () => {
  it('leaves out encoders without scores', () => {
    expect(reportVerdicts([own, { id: 'untrained', title: 'untrained' }])).toEqual([]);
    expect(reportVerdicts([own, histogram])).toHaveLength(1);
  });
});
