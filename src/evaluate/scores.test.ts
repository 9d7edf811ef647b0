import { describe, expect, it } from 'vitest';
import { verdictsOf } from './scores.ts';

const scores = (nmi: number, knn: number, linear: number | null = null) => ({
  nmi,
  knn: { accuracy: knn, accuracy20: knn },
  linear: { accuracy: linear },
});

describe('verdictsOf', () => {
  it('names each baseline that is ahead, with the values', () => {
    const verdicts = verdictsOf([
      { title: 'trained encoder', scores: scores(0.5, 0.8, 0.9) },
      { title: 'raw pixels', scores: scores(0.6, 0.85) },
      { title: 'color histogram', scores: scores(0.1, 0.2, 0.3) },
    ]);
    expect(verdicts).toEqual([
      {
        tone: 'bad',
        text:
          'The trained encoder is beaten by raw pixels in NMI (0.600 against 0.500), ' +
          'kNN 200 (0.850 against 0.800) and kNN 20 (0.850 against 0.800).',
      },
    ]);
  });

  it('is good where no baseline is ahead; equal scores are not ahead', () => {
    const rows = ['trained encoder', 'raw pixels'].map((title) => ({
      title,
      scores: scores(0.5, 0.5),
    }));
    expect(verdictsOf(rows)).toEqual([
      {
        tone: 'good',
        text: 'No baseline beats the trained encoder in NMI, kNN 200 or kNN 20.',
      },
    ]);
  });

  it('says nothing without scores or baselines', () => {
    expect(verdictsOf([])).toEqual([]);
    expect(verdictsOf([{ title: 'trained encoder', scores: scores(1, 1) }])).toEqual([]);
    const unmeasured = { title: 'trained encoder', scores: { nmi: null } };
    expect(verdictsOf([unmeasured, { title: 'raw pixels', scores: scores(1, 1) }])).toEqual([]);
  });
});
