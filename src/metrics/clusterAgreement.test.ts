import { describe, expect, it } from 'vitest';
import { accuracy, adjustedRand, clusterAgreement, nmi } from './index.ts';

describe('clusterAgreement', () => {
  const truth = [0, 0, 1, 1, 2, -1];
  const clusters = [5, 5, 5, 7, 7, 7];

  it('gives NMI, ACC and ARI', () => {
    expect(clusterAgreement(truth, clusters)).toEqual({
      nmi: nmi(truth, clusters),
      acc: accuracy(truth, clusters),
      ari: adjustedRand(truth, clusters),
    });
  });

  it('compares the given rows only', () => {
    const { acc } = clusterAgreement(truth, clusters, { rows: [0, 1, 3] });
    expect(acc).toBe(1);
    expect(clusterAgreement(truth, clusters).acc).toBe(3 / 5);
  });
});
