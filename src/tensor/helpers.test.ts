/** Numbers as operands and the small helpers: values and gradients, by arithmetic done by hand. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import * as t from './index.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** Values of y, and of the gradient of its weighted sum by each input. */
async function evaluate(
  y: t.Tensor,
  inputs: Record<string, Float32Array>,
  by: Record<string, t.Tensor>,
  weights?: t.Tensor,
) {
  const slopes = t.gradients(t.sum(weights ? t.mul(y, weights) : y), Object.values(by));
  const named = Object.fromEntries(Object.keys(by).map((name, i) => [`d${name}`, slopes[i]!]));
  const executable = await engine.compile({ outputs: { y, ...named } });
  const results = await executable.run(inputs);
  await executable.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]));
}

const x = t.input('x', [2, 2]);
const X = Float32Array.of(1, 2, 4, 8);

describe('a number as an operand', () => {
  it.each<[string, t.Tensor, number[], number[]]>([
    ['add', t.add(x, 1), [2, 3, 5, 9], [1, 1, 1, 1]],
    ['add, first', t.add(1, x), [2, 3, 5, 9], [1, 1, 1, 1]],
    ['sub', t.sub(x, 1), [0, 1, 3, 7], [1, 1, 1, 1]],
    ['sub, first', t.sub(1, x), [0, -1, -3, -7], [-1, -1, -1, -1]],
    ['mul', t.mul(x, 0.5), [0.5, 1, 2, 4], [0.5, 0.5, 0.5, 0.5]],
    ['div', t.div(x, 4), [0.25, 0.5, 1, 2], [0.25, 0.25, 0.25, 0.25]],
    ['div, first', t.div(8, x), [8, 4, 2, 1], [-8, -2, -0.5, -0.125]],
    ['maximum', t.maximum(x, 4), [4, 4, 4, 8], [0, 0, 1, 1]],
    ['minimum', t.minimum(x, 4), [1, 2, 4, 4], [1, 1, 1, 0]],
    ['pow', t.pow(x, 3), [1, 8, 64, 512], [3, 12, 48, 192]],
    ['where', t.where(t.greater(x, 2), x, 0), [0, 0, 4, 8], [0, 0, 1, 1]],
    ['where, first', t.where(t.less(x, 2), -1, x), [-1, 2, 4, 8], [0, 1, 1, 1]],
  ])('%s', async (_name, y, values, slopes) => {
    expect(await evaluate(y, { x: X }, { x })).toEqual({ y: values, dx: slopes });
  });

  it('is the scalar of the other operand in the graph', () => {
    const shaped = (y: t.Tensor) =>
      t.nodesOf([y]).map(({ operator, attributes }) => [operator, attributes]);
    expect(shaped(t.mul(x, 0.5))).toEqual(shaped(t.mul(x, t.scalar(0.5))));
    for (const dtype of ['float64', 'float32', 'int32'] as const) {
      expect(t.add(t.input('typed', [1], dtype), 2).node.inputs[1]!.dtype).toBe(dtype);
    }
  });
});

describe('helpers', () => {
  it('split cuts equal parts, whose gradients meet in the whole', async () => {
    const [a, b] = t.split(x, 2) as [t.Tensor, t.Tensor];
    expect(a.shape).toEqual([1, 2]);
    const { y, dx } = await evaluate(t.mul(a, b), { x: X }, { x });
    expect(y).toEqual([4, 16]);
    expect(dx).toEqual([4, 8, 1, 2]);
    const columns = t.split(x, 2, -1);
    expect(columns.map(({ shape }) => shape)).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(await evaluate(columns[1]!, { x: X }, { x })).toEqual({ y: [2, 8], dx: [0, 1, 0, 1] });
    expect(t.split(x, 1)).toEqual([x]);
  });

  it('rows takes some rows', async () => {
    expect(await evaluate(t.rows(x, 1, 2), { x: X }, { x })).toEqual({
      y: [4, 8],
      dx: [0, 0, 1, 1],
    });
  });

  it('arange counts from 0', async () => {
    const weights = t.cast(t.arange(2), 'float32');
    expect(t.arange(2).dtype).toBe('int32');
    expect(await evaluate(t.mul(x, weights), { x: X }, { x })).toEqual({
      y: [0, 2, 0, 8],
      dx: [0, 1, 0, 1],
    });
  });

  it('dotRows multiplies row by row', async () => {
    const w = t.input('w', [2, 2]);
    const W = Float32Array.of(3, 5, 7, 11);
    const weights = t.constant(Float32Array.of(1, 2), [2]);
    const y = t.dotRows(x, w);
    expect(y.shape).toEqual([2]);
    expect(t.dotRows(x, w, { keepDims: true }).shape).toEqual([2, 1]);
    expect(await evaluate(y, { x: X, w: W }, { x, w }, weights)).toEqual({
      y: [13, 116],
      dx: [3, 5, 14, 22],
      dw: [1, 2, 8, 16],
    });
  });

  it('maskFill replaces values, which then have no gradient', async () => {
    const y = t.maskFill(x, t.equal(x, 4), -1e9);
    expect(await evaluate(y, { x: X }, { x })).toEqual({ y: [1, 2, -1e9, 8], dx: [1, 1, 0, 1] });
  });
});
