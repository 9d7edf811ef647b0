import { describe, expect, it } from 'vitest';
import { learnedTree } from './hierarchy.ts';
import { resolveSettings } from './resolve.ts';

const settings = resolveSettings({
  method: { name: 'hcsc', clusters: [4, 2], embeddingDim: 2, hiddenDim: 4 },
});
const state = {
  // Prototype 3 has no image. It lies nearest to prototype 0 of the level above.
  'centroids.0': Float32Array.of(0, 1, 0.1, 0.9, 1, 0, 0.2, 1),
  'centroids.1': Float32Array.of(0, 1, 1, 0),
  'labels.0': Float32Array.of(0, 0, 1, 2, 2),
  'labels.1': Float32Array.of(0, 0, 0, 1, 1),
};

describe('learnedTree', () => {
  it('gives each prototype the parent of its images, or the nearest', () => {
    const tree = learnedTree(settings, state)!;
    expect(tree.counts).toEqual([4, 2]);
    expect(tree.parents.map((level) => [...level])).toEqual([[0, 0, 1, 0]]);
    const other = { ...state, 'labels.1': Float32Array.of(1, 1, 0, 1, 1) };
    expect([...learnedTree(settings, other)!.parents[0]!]).toEqual([1, 0, 1, 0]);
  });

  it('is undefined before the prototypes are found, and for methods without levels', () => {
    const zeros = { ...state, 'centroids.1': new Float32Array(4) };
    expect(learnedTree(settings, zeros)).toBeUndefined();
    expect(learnedTree(resolveSettings({ method: { name: 'simclr' } }), state)).toBeUndefined();
  });
});
