import { describe, expect, it } from 'vitest';
import { chooseOutput, pooled, poolingOf } from './modelOutput.ts';

const out = (name: string, ...shape: number[]) => ({ name, shape });
const file = 'model.onnx';

describe('chooseOutput', () => {
  it.each([
    [
      'pooled features by name',
      [out('last_hidden_state', 1, 257, 384), out('pooler_output', 1, 384)],
      'pooler_output',
    ],
    [
      'tokens by name',
      [out('logits', 1, 1000), out('last_hidden_state', 1, 197, 192)],
      'last_hidden_state',
    ],
    ['the first with two dimensions', [out('maps', 1, 8, 7, 7), out('y', 1, 64)], 'y'],
    ['a map where there is nothing else', [out('maps', 1, 8, 7, 7)], 'maps'],
    ['a map of one position as features', [out('a', 1, 8, 7, 7), out('b', 1, 8, 1, 1)], 'b'],
  ])('takes %s', (_, outputs, name) => {
    expect(chooseOutput(outputs, { file }).name).toBe(name);
  });

  it('refuses outputs of other forms, with their shapes', () => {
    expect(() => chooseOutput([out('y', 4)], { file })).toThrow('y [4]');
    expect(() => chooseOutput([], { file })).toThrow('2 to 4 dimensions');
  });
});

describe('poolingOf', () => {
  it.each([
    [[1, 384], 'none'],
    [[1, 257, 384], 'class'], // 16 x 16 patches and a class token
    [[1, 261, 384], 'class'], // and four registers
    [[1, 49, 768], 'mean'], // 7 x 7 patches alone
    [[1, 512, 7, 7], 'map'],
    [[1, 7, 7, 512], 'mapLast'],
    [[1, 512, 1, 1], 'map'],
  ] as const)('of %o is %s', (shape, pooling) => {
    expect(poolingOf(shape)).toBe(pooling);
  });
});

describe('pooled', () => {
  it('takes the first token, or means over tokens and positions', () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    expect([...pooled(data, [2, 3, 2], 'class')]).toEqual([0, 1, 6, 7]);
    expect([...pooled(data, [2, 3, 2], 'mean')]).toEqual([2, 3, 8, 9]);
    expect([...pooled(data, [1, 3, 2, 2], 'map')]).toEqual([1.5, 5.5, 9.5]);
    expect([...pooled(data, [1, 2, 2, 3], 'mapLast')]).toEqual([4.5, 5.5, 6.5]);
  });
});
