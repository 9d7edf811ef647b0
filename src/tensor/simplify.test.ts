import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { encodeOnnx, standardLowering } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  abs,
  add,
  broadcastTo,
  cast,
  concat,
  constantValue,
  div,
  exp,
  input,
  matmul,
  maximum,
  mul,
  neg,
  nodesOf,
  relu,
  reshape,
  scalar,
  simplify,
  slice,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  topK,
  transpose,
} from './index.ts';

const x = input('x', [2, 3]);
const y = input('y', [2, 3]);

/** Operators of the simplified graph, inputs left out, in order of computation. */
function operatorsOf(outputs: Record<string, Tensor>): string[] {
  return nodesOf(Object.values(simplify(outputs)))
    .map(({ operator }) => operator)
    .filter((operator) => operator !== 'input');
}

const simplified = (tensor: Tensor) => simplify({ tensor }).tensor;

describe('simplify', () => {
  it('leaves behind what no output depends on', () => {
    topK(exp(x), { k: 2 });
    expect(operatorsOf({ a: tanh(x) })).toEqual(['tanh']);
  });

  it('computes equal expressions once, however they came about', () => {
    const twice = add(exp(mul(x, y)), neg(exp(mul(x, y))));
    expect(operatorsOf({ twice })).toEqual(['mul', 'exp', 'neg', 'add']);
    const { a, b } = simplify({
      a: slice(x, { axis: 0, start: 0, end: 1 }),
      b: slice(x, { axis: 0, start: 0, end: 1 }),
    });
    expect(a).toBe(b);
  });

  it('keeps apart what differs only in attributes, in the order of inputs, or in the value of a constant', () => {
    const softmaxes = operatorsOf({ a: softmax(x, 0), b: softmax(x, 1) });
    expect(softmaxes).toEqual(['softmax', 'softmax']);
    expect(operatorsOf({ a: sub(x, y), b: sub(y, x) })).toEqual(['sub', 'sub']);
    for (const [one, other] of [
      [0, -0],
      [Infinity, -Infinity],
      [2, 3],
    ] as const) {
      const outputs = simplify({ a: maximum(x, scalar(one)), b: maximum(x, scalar(other)) });
      expect(outputs.a, `${one} and ${other}`).not.toBe(outputs.b);
    }
    const { values, indices } = topK(x, { k: 2 });
    const both = simplify({ values, indices });
    expect([both.values.index, both.indices.index]).toEqual([0, 1]);
    expect(both.values.node).toBe(both.indices.node);
  });

  it('replaces operators on constants by their value, with its shape', () => {
    const folded = simplified(
      mul(exp(scalar(0)), add(broadcastTo(scalar(2), [2, 3]), scalar(0.5))),
    );
    expect(folded.node.operator).toBe('constant');
    expect([constantValue(folded), folded.shape]).toEqual([2.5, [2, 3]]);
  });

  it('leaves large filled constants as one number that is broadcast', () => {
    const large = simplified(mul(broadcastTo(scalar(2), [100, 100]), scalar(3)));
    const stored = nodesOf([large]).flatMap(({ operator, attributes }) =>
      operator === 'constant' ? [(attributes.data as Float32Array).length] : [],
    );
    expect(Math.max(...stored)).toBe(1);
  });

  it.each<[string, Tensor]>([
    ['x + 0', add(x, scalar(0))],
    ['0 + x', add(scalar(0), x)],
    ['x - 0', sub(x, scalar(0))],
    ['x * 1', mul(x, scalar(1))],
    ['1 * x', mul(broadcastTo(scalar(1), [2, 3]), x)],
    ['x / 1', div(x, scalar(1))],
    ['--x', neg(neg(x))],
    ['stopGradient(x)', stopGradient(x)],
    ['x transposed twice', transpose(transpose(x))],
    ['x reshaped there and back', reshape(reshape(x, [3, 2]), [2, 3])],
    ['x cast to its own type', cast(x, 'float32')],
    [
      'all of these',
      neg(neg(add(transpose(transpose(mul(x, scalar(1)))), sub(scalar(1), scalar(1))))),
    ],
  ])('%s is x', (_name, tensor) => {
    expect(simplified(tensor)).toBe(x);
  });

  it('keeps an identity that changes the shape', () => {
    const wide = simplified(add(input('v', [3]), broadcastTo(scalar(0), [2, 3])));
    expect([wide.node.operator, wide.shape]).toEqual(['add', [2, 3]]);
    expect(simplified(mul(scalar(1), broadcastTo(input('v', [3]), [2, 3]))).node.operator).toBe(
      'broadcastTo',
    );
  });

  it('turns a transposition that moves no element into a reshape, and merges neighbours', () => {
    expect(operatorsOf({ a: transpose(input('c', [4, 1, 5]), [1, 0, 2]) })).toEqual(['reshape']);
    expect(
      operatorsOf({ a: transpose(transpose(input('c', [2, 3, 4]), [1, 2, 0]), [1, 0, 2]) }),
    ).toEqual(['transpose']);
    expect(operatorsOf({ a: reshape(reshape(x, [6]), [3, 2]) })).toEqual(['reshape']);
  });

  it('takes a graph of many thousand nodes in a row', () => {
    let chain = x;
    for (let i = 0; i < 20_000; i++) chain = i % 2 === 0 ? tanh(chain) : neg(chain);
    expect(operatorsOf({ chain }).length).toBe(20_000);
  });
});

type Step = [operator: number, a: number, b: number, extra: number];

/** Operators for synthetic graphs; none divides by a value that may be 0. */
const operators: ((a: Tensor, b: Tensor, extra: number) => Tensor)[] = [
  add,
  sub,
  mul,
  maximum,
  (a, b) => div(a, add(abs(b), scalar(1))),
  (a) => neg(a),
  (a) => tanh(a),
  (a) => relu(a),
  (a) => stopGradient(a),
  (a) => exp(tanh(a)),
  (a, _b, extra) => add(a, scalar(extra % 2)),
  (a, _b, extra) => mul(a, scalar(extra % 3)),
  (a, _b, extra) => div(a, scalar(1 + (extra % 2))),
  (a) => transpose(a),
  (a) => reshape(a, [-1, a.shape[0]!]),
  (a) => reshape(a, [a.shape[1]!, -1]),
  (a, b) => broadcastTo(a, b.shape),
  (a, b) => matmul(a, b),
  (a, _b, extra) => sum(a, { axes: [extra % 2], keepDims: true }),
  (a, b, extra) => concat([a, b], extra % 2),
  (a, _b, extra) => slice(a, { axis: extra % 2, start: 0, end: 1 }),
  (a, _b, extra) => softmax(a, extra % 2),
];

/** The tensors that a list of steps makes; a step that does not fit its shapes is left out. */
function graphOf(steps: readonly Step[]): Tensor[] {
  const pool = [
    x,
    y,
    input('v', [1, 3]),
    broadcastTo(scalar(0), [2, 3]),
    broadcastTo(scalar(1), [1, 3]),
  ];
  for (const [operator, a, b, extra] of steps) {
    const pick = (index: number) => pool[index % pool.length]!;
    try {
      pool.push(operators[operator % operators.length]!(pick(a), pick(b), extra));
    } catch (error) {
      if (!(error instanceof LikenessError)) throw error;
    }
  }
  return pool.slice(5);
}

async function run(outputs: Record<string, Tensor>): Promise<Record<string, Float32Array>> {
  const graph = standardLowering.lower(outputs, { name: 'test' });
  const session = await ort.InferenceSession.create(encodeOnnx(graph), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const values: Record<string, [number[], number[]]> = {
    x: [
      [0.5, -1.25, 2, 0.125, -0.75, 1.5],
      [2, 3],
    ],
    y: [
      [-0.5, 0.25, 1, -2, 3, 0.7],
      [2, 3],
    ],
    v: [
      [1.5, -0.3, 0.9],
      [1, 3],
    ],
  };
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const [data, shape] = values[name]!;
      return [name, new ort.Tensor('float32', Float32Array.from(data), shape)];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
  );
}

describe('a simplified graph', () => {
  it('gives the numbers of the graph as it was written', async () => {
    const step = fc.tuple(fc.nat(999), fc.nat(99), fc.nat(99), fc.nat(9));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), async (steps) => {
        const tensors = graphOf(steps);
        fc.pre(tensors.length > 0);
        const outputs = Object.fromEntries(tensors.map((tensor, i) => [`out${i}`, tensor]));
        const smaller = simplify(outputs);
        const count = (graph: Record<string, Tensor>) => nodesOf(Object.values(graph)).length;
        expect(count(smaller)).toBeLessThanOrEqual(count(outputs));
        // An output that simplifies to an input must not carry its name twice: each gets a node of
        // its own.
        const own = (graph: Record<string, Tensor>) =>
          Object.fromEntries(
            Object.entries(graph).map(([name, tensor]) => [name, abs(sub(tensor, scalar(100)))]),
          );
        const [before, after] = [await run(own(outputs)), await run(own(smaller))];
        for (const [name, tensor] of Object.entries(outputs)) {
          expect(smaller[name]!.shape).toEqual(tensor.shape);
          before[name]!.forEach((value, i) => {
            const scale = Math.max(1, Math.abs(value));
            expect(Math.abs(after[name]![i]! - value) / scale, `${name}[${i}]`).toBeLessThan(1e-5);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});
