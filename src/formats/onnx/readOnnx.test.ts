import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeOnnx, onnxTypes, Writer } from '../../compile/index.ts';
import { LikenessError } from '../../core/errors.ts';
import { fieldsOf, varintsOf } from '../protobuf.ts';
import { readOnnxTensor } from './onnxTensor.ts';
import { readOnnx } from './readOnnx.ts';

/** A tensor's message: shape, type and a writer of its numbers. */
function tensor(shape: readonly number[], type: number, numbers: (writer: Writer) => void) {
  const writer = new Writer();
  for (const extent of shape) writer.integer(1, extent);
  writer.integer(2, type).text(8, 'w');
  numbers(writer);
  return writer.finish();
}

const packed = (values: readonly number[]) => {
  const writer = new Writer();
  for (const value of values) writer.integer(1, value);
  return Uint8Array.from([...fieldsOf(writer.finish())].flatMap(({ number }) => varint(number!)));
};

/** A signed integer of 64 bits as a varint. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const raw = (data: ArrayBufferView) => (writer: Writer) =>
  void writer.raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

describe('varints', () => {
  it('are signed integers of 64 bits', () => {
    const values = [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, 2 ** 52 + 1, -1, -2, -(2 ** 40) - 3];
    expect(varintsOf(Uint8Array.from(values.flatMap(varint)))).toEqual(values);
    expect(varintsOf(Uint8Array.from(varint(Number.MAX_SAFE_INTEGER)))).toEqual([2 ** 53 - 1]);
  });
});

describe('readOnnx', () => {
  const model = encodeOnnx({
    name: 'g',
    nodes: [
      {
        ...{ type: 'Conv', inputs: ['x', 'w', ''], outputs: ['y'], domain: '' },
        attributes: { pads: { ints: [0, -1, 2, 3] }, group: 4, alpha: { float: 0.25 }, mode: 'b' },
      },
    ],
    constants: [{ name: 'w', shape: [2], data: Float32Array.of(1, 2), type: onnxTypes.float32 }],
    inputs: [{ name: 'x', shape: ['batch', 3, 8, 8], dtype: 'float32' }],
    outputs: [{ name: 'y', dtype: 'float32' }],
  });

  it('reads nodes, attributes, weights, inputs and outputs', () => {
    const { opsets, nodes, initializers, inputs, outputs, hasExternalData } = readOnnx(model);
    expect(opsets).toEqual(new Map([['', 18]]));
    const [node] = nodes;
    expect(node).toMatchObject({ type: 'Conv', inputs: ['x', 'w', ''], outputs: ['y'] });
    expect(node!.attributes.get('pads')!.integers).toEqual([0, -1, 2, 3]);
    expect(node!.attributes.get('group')!.integer).toBe(4);
    expect(node!.attributes.get('alpha')!.float).toBe(0.25);
    expect(node!.attributes.get('mode')!.text).toBe('b');
    expect([...initializers.get('w')!.values()]).toEqual([1, 2]);
    expect(inputs).toEqual([{ name: 'x', shape: ['batch', 3, 8, 8] }]);
    expect(outputs).toEqual([{ name: 'y' }]);
    expect(hasExternalData).toBe(false);
  });

  it.each([
    ['float32 in bytes', 1, raw(Float32Array.of(-1.5, 3)), [-1.5, 3]],
    ['half precision in bytes', 10, raw(Uint16Array.of(0xbe00, 0x0001)), [-1.5, 2 ** -24]],
    [
      'half precision in integers',
      10,
      (w: Writer) => void w.raw(5, packed([0x3c00, 0xfc00])),
      [1, -Infinity],
    ],
    ['bfloat16', 16, raw(Uint16Array.of(0x3fc0, 0xc000)), [1.5, -2]],
    ['doubles', 11, raw(Float64Array.of(0.25, -8)), [0.25, -8]],
    [
      'packed floats',
      1,
      (w: Writer) => void w.raw(4, new Uint8Array(Float32Array.of(5, 6).buffer)),
      [5, 6],
    ],
    ['single floats', 1, (w: Writer) => void w.float(4, 5).float(4, 6), [5, 6]],
    ['integers in bytes', 7, raw(BigInt64Array.of(-1n, 2n ** 40n)), [-1, 2 ** 40]],
    ['packed integers', 7, (w: Writer) => void w.raw(7, packed([-7, 9])), [-7, 9]],
    ['booleans', 9, raw(Uint8Array.of(0, 3)), [0, 1]],
  ])('reads numbers: %s', (_, type, numbers, expected) => {
    expect([...readOnnxTensor(tensor([2], type, numbers)).values()]).toEqual(expected);
  });

  it.each([
    [
      'fewer numbers than the shape has',
      tensor([3], 1, raw(Float32Array.of(1))),
      'received 1 numbers',
    ],
    ['more numbers', tensor([], 1, raw(Float32Array.of(1, 2))), 'received 2 numbers; expected 1'],
    [
      'bytes that are no whole number',
      tensor([1], 1, raw(Uint8Array.of(1, 2, 3))),
      'received 0.75',
    ],
    ['a huge shape without numbers', tensor([2 ** 30, 2], 1, () => {}), 'received 0 numbers'],
    ['text', tensor([1], 8, () => {}), 'its type has no numbers'],
    ['numbers of another file', tensor([1], 1, (w) => void w.integer(14, 1)), 'another file'],
  ])('refuses numbers: %s', (_, bytes, reason) => {
    expect(() => readOnnxTensor(bytes).values()).toThrow(reason);
  });

  it.each([
    ['too many elements', [2 ** 20, 2 ** 20]],
    ['a product beyond exact numbers', Array<number>(16).fill(2 ** 40)],
    ['a negative extent', [-1]],
    ['too many axes', Array<number>(17).fill(1)],
    ['very many axes', Array<number>(300_000).fill(1)],
  ])('refuses shapes: %s', (_, shape) => {
    const bytes = new Writer().raw(1, packed(shape)).integer(2, 1).text(8, 'w').finish();
    expect(() => readOnnxTensor(bytes)).toThrow('expected at most 16 extents');
  });

  it('refuses two weights of one name, and bytes without a graph', () => {
    const weight = (w: Writer) => void w.text(8, 'w').integer(2, 1);
    const twice = new Writer().message(7, (g) => g.message(5, weight).message(5, weight)).finish();
    expect(() => readOnnx(twice)).toThrow('two weights "w"');
    expect(() => readOnnx(new Uint8Array())).toThrow('it has no graph');
    expect(() => readOnnx(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x07))).toThrow('longer');
  });

  it('gives a model or a LikenessError for any truncated or changed bytes', () => {
    for (let length = 0; length < model.length; length++) attempt(model.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(model.length - 1), fc.nat(255), (at, value) => {
        attempt(model.with(at, value));
      }),
      { numRuns: 500 },
    );
  });
});

function attempt(bytes: Uint8Array): void {
  try {
    for (const weight of readOnnx(bytes).initializers.values()) weight.values();
  } catch (error) {
    expect(error).toBeInstanceOf(LikenessError);
  }
}
