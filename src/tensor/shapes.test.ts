/**
 * Wrong shapes are refused where they are written, with all the shapes that matter in the message.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import * as t from './index.ts';

const { input, scalar } = t;
const matrix = input('matrix', [4, 6]);
const images = input('images', [2, 3, 8, 8]);
const filters = input('filters', [5, 4, 3, 3]);
const indices = input('indices', [7], 'int32');

const cases: [name: string, build: () => unknown, parts: string[]][] = [
  ['add', () => t.add(matrix, input('b', [4, 5])), ['add', '[4, 6] and [4, 5]', 'equal or 1']],
  ['mul of types', () => t.mul(matrix, input('b', [4, 6], 'int32')), ['mul', 'float32 and int32']],
  ['exp of whole numbers', () => t.exp(indices), ['exp', 'int32', 'cast']],
  [
    'matmul',
    () => t.matmul(matrix, input('b', [4, 6])),
    ['matmul', '[4, 6] and [4, 6]', '[.., K, N]'],
  ],
  ['matmul of a vector', () => t.matmul(matrix, input('b', [6])), ['matmul', '[4, 6] and [6]']],
  ['linear', () => t.linear(matrix, input('w', [3, 5])), ['matmul', '[4, 6] and [5, 3]']],
  [
    'conv2d',
    () => t.conv2d(images, filters),
    ['conv2d', '[2, 3, 8, 8]', '[5, 4, 3, 3]', '1 group'],
  ],
  [
    'conv2d of a large window',
    () => t.conv2d(images, input('w', [5, 3, 9, 9])),
    ['conv2d', '[2, 3, 8, 8]', 'at least as large as the 9x9 window'],
  ],
  [
    'convTranspose2d',
    () => t.convTranspose2d(images, filters),
    ['convTranspose2d', '[2, 3, 8, 8]', '[5, 4, 3, 3]'],
  ],
  [
    'maxPool2d',
    () => t.maxPool2d(images, { kernel: 9 }),
    ['maxPool2d', '[2, 3, 8, 8]', '9x9 window'],
  ],
  [
    'pooling of a matrix',
    () => t.averagePool2d(matrix, { kernel: 2 }),
    ['averagePool2d', '[4, 6]', '[N, C, H, W]'],
  ],
  [
    'batchNorm',
    () => t.batchNorm(images, input('g', [4]), input('b', [3])),
    ['batchNorm', '[2, 3, 8, 8]', '[4], [3]'],
  ],
  ['reshape', () => t.reshape(matrix, [5, 5]), ['reshape', '[4, 6] to [5, 5]', 'as many elements']],
  [
    'reshape with a rest',
    () => t.reshape(matrix, [5, -1]),
    ['reshape', '[4, 6] to [5, -1]', 'a multiple of 5'],
  ],
  [
    'transpose',
    () => t.transpose(matrix, [0, 0]),
    ['transpose', '[0, 0] for [4, 6]', 'each axis from 0 to 1 once'],
  ],
  ['broadcastTo', () => t.broadcastTo(matrix, [4, 5]), ['broadcastTo', '[4, 6]', '[4, 5]']],
  ['broadcastTo fewer', () => t.broadcastTo(matrix, [6]), ['broadcastTo', '[4, 6] to [6]']],
  [
    'concat',
    () => t.concat([matrix, input('b', [4, 5])]),
    ['concat', '[4, 6] and [4, 5]', 'but 0'],
  ],
  ['concat of nothing', () => t.concat([]), ['concat', 'no tensors']],
  [
    'slice',
    () => t.slice(matrix, { axis: 1, start: 2, end: 7 }),
    ['slice', '2 to 7', '[4, 6]', 'end <= 6'],
  ],
  [
    'an empty slice',
    () => t.slice(matrix, { axis: 0, start: 2, end: 2 }),
    ['slice', '2 to 2', '[4, 6]'],
  ],
  [
    'pad',
    () => t.pad(matrix, { before: [1], after: [1] }),
    ['pad', '[1] before and [1] after [4, 6]'],
  ],
  ['sum', () => t.sum(matrix, { axes: [2] }), ['sum', 'axis 2', 'rank 2', 'from -2 to 1']],
  ['softmax', () => t.softmax(matrix, 1.5), ['softmax', 'axis 1.5']],
  ['gather', () => t.gather(matrix, matrix), ['gather', 'float32', 'int32']],
  [
    'gatherElements',
    () => t.gatherElements(matrix, indices),
    ['gatherElements', '[4, 6] and [7]', 'equal ranks'],
  ],
  [
    'scatterAdd',
    () => t.scatterAdd(matrix, indices, matrix),
    ['scatterAdd', '[7]', '[4, 6]', '[7, 6]'],
  ],
  ['topK', () => t.topK(matrix, { k: 7 }), ['topK', 'k = 7', '[4, 6]', 'from 1 to 6']],
  ['where', () => t.where(matrix, matrix, matrix), ['where', 'float32', 'bool']],
  [
    'where',
    () => t.where(t.greater(matrix, scalar(0)), scalar(1), input('b', [5])),
    ['where', '[4, 6]', '[5]'],
  ],
  [
    'crossEntropy',
    () => t.crossEntropy(matrix, input('q', [4, 1])),
    ['crossEntropy', '[4, 6]', '[4, 1]'],
  ],
  [
    'constant',
    () => t.constant(Float32Array.of(1, 2, 3), [2, 2]),
    ['constant', '3 values', '[2, 2]', 'expected 4'],
  ],
  ['input', () => input('x', [2, 0]), ['input "x"', '[2, 0]', 'positive whole extents']],
  ['logicalAnd', () => t.logicalAnd(matrix, matrix), ['logicalAnd', 'float32', 'bool']],
  ['split', () => t.split(matrix, 4, 1), ['split', '4 parts', 'axis 1', '[4, 6]', 'divides 6']],
  ['rows', () => t.rows(matrix, 3, 5), ['slice', '3 to 5', '[4, 6]', 'end <= 4']],
  [
    'a number beside bytes',
    () => t.add(input('bytes', [2], 'uint8'), 1),
    ['add', 'the number 1', 'uint8', 'cast one'],
  ],
];

describe('wrong shapes', () => {
  it.each(cases)('%s', (_name, build, parts) => {
    expect(build).toThrow(LikenessError);
    let message = '';
    try {
      build();
    } catch (error) {
      message = (error as Error).message;
    }
    for (const part of parts) expect(message).toContain(part);
  });
});

describe('broadcasting', () => {
  it('is symmetric, and gives the larger extent of each axis', () => {
    const extent = fc.constantFrom(1, 2, 3);
    fc.assert(
      fc.property(
        fc.array(extent, { maxLength: 4 }),
        fc.array(extent, { maxLength: 4 }),
        (a, b) => {
          const shape = (one: number[], other: number[]) => {
            try {
              return t.add(input('a', one), input('b', other)).shape;
            } catch {
              return 'refused';
            }
          };
          const [result, mirrored] = [shape(a, b), shape(b, a)];
          expect(mirrored).toEqual(result);
          const rank = Math.max(a.length, b.length);
          const aligned = (s: number[]) => [...Array<number>(rank - s.length).fill(1), ...s];
          const [p, q] = [aligned(a), aligned(b)];
          const fits = p.every((n, i) => n === q[i] || n === 1 || q[i] === 1);
          expect(result).toEqual(fits ? p.map((n, i) => Math.max(n, q[i]!)) : 'refused');
        },
      ),
    );
  });
});
