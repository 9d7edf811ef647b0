import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  encodeOnnx,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
  onnxTypes,
  Writer,
} from '../../compile/index.ts';
import { randomAt } from '../../core/random.ts';
import { bytesOf, fieldsOf, readOnnx } from '../../formats/index.ts';
import { withMetadata } from './editWeights.ts';
import { halfBits } from './halfWeights.ts';
import { type Precision, withPrecision } from './precision.ts';

const random = randomAt(1, 'synthetic');
const floats = (name: string, shape: readonly number[], scaleOf = (_: number) => 1) => ({
  ...{ name, shape, type: onnxTypes.float32 },
  data: Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => (random.uniform() - 0.5) * scaleOf(i),
  ),
});
const node = (
  type: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ type, inputs, outputs: [output], attributes, domain: '' });

/** A convolution, a Gemm of either order and a product, with a table that is added. */
function model(change: Partial<Record<string, OnnxConstant>> = {}) {
  const constants = [
    // Filters of very different size: one scale for all would round the small ones to 0.
    floats('conv', [16, 3, 3, 3], (i) => 10 ** (Math.floor(i / 27) % 4)),
    floats('bias', [16]),
    floats('gemm', [24, 16]),
    floats('product', [24, 20]),
    floats('table', [1, 20]),
    floats('wide', [20, 20]),
    { name: 'shape', shape: [2], data: BigInt64Array.of(0n, -1n), type: onnxTypes.int64 },
  ].map((constant) => change[constant.name] ?? constant);
  return encodeOnnx({
    ...{ name: 'g', constants },
    nodes: [
      node('Conv', ['x', 'conv', 'bias'], 'a'),
      node('GlobalAveragePool', ['a'], 'b'),
      node('Reshape', ['b', 'shape'], 'c'), // [B, 16]
      node('Gemm', ['c', 'gemm'], 'd', { transB: 1 }), // [B, 24]
      node('MatMul', ['d', 'product'], 'e'), // [B, 20]
      node('Add', ['e', 'table'], 'f'),
      node('Add', ['f', 'wide'], 'y'), // [20, 20]
    ],
    inputs: [{ name: 'x', shape: ['batch', 3, 8, 8], dtype: 'float32' }],
    outputs: [{ name: 'y', dtype: 'float32' }],
    metadata: { of: 'before' },
  });
}

const weight = floats('w', [16, 16]);
const GRAPH = 7;

/** A product with a weight. */
const product = (change: Partial<OnnxGraph> = {}) =>
  encodeOnnx({
    ...{ name: 'g', constants: [weight], outputs: [{ name: 'y', dtype: 'float32' }] },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
    inputs: [{ name: 'x', shape: ['batch', 16], dtype: 'float32' }],
    ...change,
  });

const images = new Tensor('float32', floats('x', [1, 3, 8, 8]).data, [1, 3, 8, 8]);

async function outputOf(bytes: Uint8Array): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes);
  const { y } = await session.run({ x: images });
  return y!.data as Float32Array;
}

/** Largest difference, as a fraction of the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  const largest = a.reduce((best, value) => Math.max(best, Math.abs(value)), 0);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0) / largest;
}

describe('withPrecision', () => {
  it.each<[Precision, number, number]>([
    ['fp16', 1e-3, 0.55],
    ['int8', 1e-2, 0.4],
  ])('gives the same outputs in %s, from a smaller file', async (precision, tolerance, size) => {
    const whole = model();
    const small = withPrecision(whole, precision);
    const expected = await outputOf(whole);
    const got = await outputOf(small);
    expect(difference(expected, got)).toBeLessThan(tolerance);
    expect(difference(expected, got)).toBeGreaterThan(0);
    const bytesOf = (bytes: Uint8Array) =>
      [...readOnnx(bytes).initializers.values()].reduce((sum, { shape, kind, name }) => {
        const width = name.endsWith('/half') ? 2 : name.endsWith('/int8') ? 1 : 4;
        return kind === 'float' || width === 1
          ? sum + width * shape.reduce((a, b) => a * b, 1)
          : sum;
      }, 0);
    expect(bytesOf(small) / bytesOf(whole)).toBeLessThan(size);
  });

  it('gives every channel a scale of its own in int8', () => {
    const { initializers } = readOnnx(withPrecision(model(), 'int8'));
    expect(initializers.get('conv/scale')!.shape).toEqual([16, 1, 1, 1]);
    expect(initializers.get('gemm/scale')!.shape).toEqual([24, 1]);
    expect(initializers.get('product/scale')!.shape).toEqual([1, 20]);
    const scales = initializers.get('conv/scale')!.values();
    const weights = readOnnx(model()).initializers;
    expect(weights.has('conv')).toBe(true);
    expect(scales[3]! / scales[0]!).toBeGreaterThan(100);
    const values = [...initializers.get('conv/int8')!.values()];
    for (let c = 0; c < 16; c++) {
      const largest = values
        .slice(27 * c, 27 * c + 27)
        .reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      expect(largest).toBe(127);
    }
  });

  it('stores what no product reads as float16 in int8, and leaves small tensors alone', () => {
    const { initializers } = readOnnx(withPrecision(model(), 'int8'));
    const names = [...initializers.keys()];
    expect(names).toContain('wide/half');
    expect(names).toContain('bias');
    expect(names).toContain('table');
    expect(names).not.toContain('wide');
  });

  it('keeps weights whose values float16 lacks', async () => {
    const large = floats('gemm', [24, 16], () => 1e6);
    const bytes = withPrecision(model({ gemm: large }), 'fp16');
    expect(readOnnx(bytes).initializers.has('gemm')).toBe(true);
    expect((await outputOf(bytes)).every(Number.isFinite)).toBe(true);
  });

  it('replaces weights that old files list as inputs', async () => {
    const inputs = [
      { name: 'x', shape: ['batch', 16], dtype: 'float32' as const },
      { name: 'w', shape: [16, 16], dtype: 'float32' as const },
    ];
    const session = await InferenceSession.create(withPrecision(product({ inputs }), 'fp16'));
    expect(session.inputNames).toEqual(['x']);
  });

  it('replaces weights that are nodes of type Constant', async () => {
    const asNode = new Writer();
    for (const { field, value, encoded } of fieldsOf(product({ constants: [] }))) {
      if (field !== GRAPH) asNode.fields(encoded);
      else {
        const constant = new Writer()
          .text(2, 'w')
          .text(4, 'Constant')
          .message(5, (attribute) => {
            attribute
              .text(1, 'value')
              .integer(20, 4)
              .message(5, (tensor) => {
                tensor.integer(1, 16).integer(1, 16).integer(2, 1).raw(9, bytesOf(weight.data));
              });
          });
        asNode.raw(GRAPH, new Writer().raw(1, constant.finish()).fields(value!).finish());
      }
    }
    const bytes = withPrecision(asNode.finish(), 'int8');
    expect(readOnnx(bytes).nodes.map(({ type }) => type)).toEqual(['Cast', 'Mul', 'MatMul']);
    const x = new Tensor('float32', floats('x', [1, 16]).data, [1, 16]);
    const run = async (file: Uint8Array) =>
      (await (await InferenceSession.create(file)).run({ x })).y!.data as Float32Array;
    expect(difference(await run(product()), await run(bytes))).toBeLessThan(1e-2);
  });

  it('leaves the bytes of fp32 as they are', () => {
    const bytes = model();
    expect(withPrecision(bytes, 'fp32')).toBe(bytes);
  });
});

describe('withMetadata', () => {
  it('adds to the metadata of a file, which still opens', async () => {
    const whole = model();
    const bytes = withMetadata(whole, { loss: '0.1' });
    const text = Buffer.from(bytes).toString('latin1');
    expect(text).toContain('before');
    expect(text).toContain('loss');
    expect(await outputOf(bytes)).toEqual(await outputOf(whole));
  });
});

describe('halfBits', () => {
  it('rounds to the nearest, and to even on a tie', () => {
    // Values and bits from IEEE 754-2019, table 3.5, and its rounding roundTiesToEven.
    const table: [number, number][] = [
      [0, 0],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [65520, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1.5 * 2 ** -25, 0x0001],
      [3 * 2 ** -25, 0x0002],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [1 / 3, 0x3555],
      [Number.POSITIVE_INFINITY, 0x7c00],
      [Number.NaN, 0x7e00],
    ];
    const bits = halfBits(Float32Array.from(table, ([value]) => value));
    expect([...bits]).toEqual(table.map(([, expected]) => expected));
  });
});
