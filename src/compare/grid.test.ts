/** Varied settings of a comparison: every combination, or one value at a time. */
import { describe, expect, it } from 'vitest';
import { gridPoints, labelsOf, showGrid } from './grid.ts';

describe('the points of a comparison', () => {
  it('are one per combination of a grid', () => {
    expect(gridPoints({})).toEqual([{}]);
    expect(gridPoints({ grid: { width: [4, 8], stem: ['small', 'cifar'] } })).toEqual([
      { width: 4, stem: 'small' },
      { width: 4, stem: 'cifar' },
      { width: 8, stem: 'small' },
      { width: 8, stem: 'cifar' },
    ]);
    expect(gridPoints({ grid: { clusters: [[512], [512, 256]] } })).toEqual([
      { clusters: [512] },
      { clusters: [512, 256] },
    ]);
  });

  it('are one without changes and one per value where values vary alone', () => {
    expect(gridPoints({ vary: { width: [4, 8], stem: ['small'] } })).toEqual([
      {},
      { width: 4 },
      { width: 8 },
      { stem: 'small' },
    ]);
  });

  it('vary alone at each point of a grid', () => {
    expect(gridPoints({ grid: { width: [4, 8] }, vary: { stem: ['small'] } })).toEqual([
      { width: 4 },
      { width: 4, stem: 'small' },
      { width: 8 },
      { width: 8, stem: 'small' },
    ]);
  });

  it.each([
    [{ temperature: [] }, 'no values'],
    [{ width: [4, 4] }, '4, 4'],
    [{ scales: [[[0.2, 1]], [[0.2, 1]]] }, '0.2-1, 0.2-1'],
    [{ seed: [1, 2] }, '`seeds`'],
    [{ method: ['swav'] }, '`methods`'],
    [{ epochs: [1, 2] }, '`epochs` or `minutes`'],
  ])('refuse %j', (values, reason) => {
    expect(() => gridPoints({ grid: values })).toThrow(/^grid: received/);
    expect(() => gridPoints({ vary: values })).toThrow(/^vary: received/);
    expect(() => gridPoints({ grid: values })).toThrow(reason);
  });

  it('refuse a setting in both, also under its earlier name', () => {
    const vary = { embeddingDim: [3] };
    expect(() => gridPoints({ grid: { embeddingDim: [1, 2] }, vary })).toThrow(
      'vary: received embeddingDim',
    );
    expect(() => gridPoints({ grid: { embeddingLength: [1, 2] }, vary })).toThrow(
      'which `grid` has too',
    );
  });

  it('are shown as people read them', () => {
    const labels = labelsOf({
      temperature: 0.2,
      learningRate: 1e30,
      crops: [{ count: 2, size: 32 }],
      clusters: [9, 5],
    });
    expect(labels).toEqual({
      temperature: '0.2',
      learningRate: '1e30',
      crops: '2x32',
      clusters: '9,5',
    });
    expect(showGrid(labels)).toBe('temperature 0.2, learningRate 1e30, crops 2x32, clusters 9,5');
  });
});
