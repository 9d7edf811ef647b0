/**
 * Kernel positions that read only padding are left out of a convolution, without effect on its
 * values and gradients.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { conv2d, gradients, input, mul, nodesOf, pad, sum, type Tensor } from '../tensor/index.ts';
import { draw } from './draw.cases.ts';
import { openEngine } from './index.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

/** Extents of the filters of the convolution in a graph. */
function filtersOf(y: Tensor): readonly number[] {
  return nodesOf([y]).find(({ operator }) => operator === 'conv2d')!.inputs[1]!.shape;
}

describe('a convolution', () => {
  const cases: [
    extent: number,
    options: { stride?: number; padding: number; dilation?: number },
    left: number,
  ][] = [
    [1, { padding: 1 }, 1],
    [2, { padding: 1 }, 3],
    [1, { padding: 1, stride: 2 }, 1],
    // Only the first position is idle: equally many are left out at either end.
    [2, { padding: 1, stride: 2 }, 3],
    [2, { padding: 2, dilation: 2 }, 1],
    [3, { padding: 2, dilation: 2 }, 3],
  ];
  for (const [extent, options, left] of cases) {
    it(`of a map of ${extent} x ${extent} with ${JSON.stringify(options)} has ${left} of 3 kernel positions`, () => {
      const y = conv2d(input('x', [2, 3, extent, extent]), input('w', [4, 3, 3, 3]), options);
      expect(filtersOf(y)).toEqual([4, 3, left, left]);
    });
  }

  it('equals that of images with their padding, which has all kernel positions', async () => {
    const size = fc.integer({ min: 1, max: 4 });
    const shapes = fc.record({
      extents: fc.tuple(size, size),
      kernel: fc.constantFrom(1, 2, 3, 5),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.integer({ min: 0, max: 4 }),
      dilation: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ extents, kernel, stride, padding, dilation }) => {
        fc.pre(extents.every((extent) => extent + 2 * padding > dilation * (kernel - 1)));
        const x = input('x', [2, 2, ...extents]);
        const w = input('w', [3, 2, kernel, kernel]);
        const border = [0, 0, padding, padding];
        const one = conv2d(x, w, { stride, padding, dilation });
        const other = conv2d(pad(x, { before: border, after: border }), w, { stride, dilation });
        expect(filtersOf(other)).toEqual(w.shape);
        const dy = input('dy', one.shape);
        const of = (y: Tensor) =>
          [y, ...gradients(sum(mul(y, dy)), [x, w])].map((tensor) => tensor!);
        const outputs = Object.fromEntries(
          [...of(one), ...of(other)].map((tensor, i) => [`t${i}`, tensor]),
        );
        const executable = await engine.compile({ outputs });
        const found = await executable.run({ x: draw(x, 0), w: draw(w, 1), dy: draw(dy, 2) });
        await executable.dispose();
        for (const i of [0, 1, 2]) {
          const [a, b] = [found[`t${i}`]!, found[`t${i + 3}`]!];
          for (const [at, value] of a.entries()) expect(value).toBeCloseTo(b[at]!, 4);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
