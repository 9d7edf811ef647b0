import { describe, expect, it } from 'vitest';
import { encodeOnnx, onnxTypes, Writer } from '../../compile/index.ts';
import { fieldsOf } from '../protobuf.ts';
import { readOnnx } from './readOnnx.ts';
import { widenOnnx } from './widenFloats.ts';

const HALF = 10;
const BRAIN = 16;

/** Numbers of two bytes, and the floats that they are. */
const halves: readonly [number, number][] = [
  [0x3c00, 1],
  [0xc100, -2.5],
  [0x0001, 2 ** -24],
  [0x7bff, 65504],
];
const brains: readonly [number, number][] = [
  [0x3f80, 1],
  [0xc020, -2.5],
  [0x0080, 2 ** -126],
  [0x7f7f, 3.3895313892515355e38],
];

/** A tensor's message with numbers of two bytes. */
function stored(name: string, type: number, bits: readonly number[], isRaw: boolean): Uint8Array {
  const tensor = new Writer().integer(1, bits.length).integer(2, type).text(8, name);
  const raw = Uint16Array.from(bits);
  if (isRaw) return tensor.raw(9, new Uint8Array(raw.buffer)).finish();
  for (const value of bits) tensor.integer(5, value);
  return tensor.finish();
}

/** A model whose input, weights, constants, casts and branches are of a type. */
function modelOf(type: number, bits: readonly number[], isRaw = true): Uint8Array {
  const port = (name: string) => (writer: Writer) =>
    writer.text(1, name).message(2, (of) => of.message(1, (t) => t.integer(1, type)));
  const cast = (node: Writer) =>
    node
      .text(1, 'x')
      .text(2, 'c')
      .text(4, 'Cast')
      .message(5, (attribute) => attribute.text(1, 'to').integer(3, type).integer(20, 2));
  return new Writer()
    .integer(1, 9)
    .message(7, (graph) =>
      graph
        .message(1, cast)
        .message(1, (node) =>
          node
            .text(2, 'k')
            .text(4, 'Constant')
            .message(5, (a) => a.text(1, 'value').raw(5, stored('v', type, bits, isRaw))),
        )
        .message(1, (node) =>
          node
            .text(2, 'b')
            .text(4, 'If')
            .message(5, (a) => a.text(1, 'then_branch').message(6, (g) => g.message(1, cast))),
        )
        .raw(5, stored('w', type, bits, isRaw))
        .message(11, port('x'))
        .message(12, port('c'))
        .message(13, port('k')),
    )
    .message(8, (opset) => opset.text(1, '').integer(2, 18))
    .finish();
}

/** Numbers of every field of a message with these numbers of fields before it. */
function numbersAt(bytes: Uint8Array, path: readonly number[]): number[] {
  const [first, ...rest] = path;
  return [...fieldsOf(bytes)].flatMap(({ field, value, number }) =>
    field !== first ? [] : rest.length === 0 ? [number!] : value ? numbersAt(value, rest) : [],
  );
}

describe('widenOnnx', () => {
  it.each([
    ['float16, raw', HALF, halves, true],
    ['float16 as integers', HALF, halves, false],
    ['bfloat16, raw', BRAIN, brains, true],
    ['bfloat16 as integers', BRAIN, brains, false],
  ] as const)('makes float32 of %s', (_, type, pairs, isRaw) => {
    const model = modelOf(
      type,
      pairs.map(([bits]) => bits),
      isRaw,
    );
    const bytes = widenOnnx(model);
    const expected = pairs.map(([, value]) => value);
    const { initializers, nodes } = readOnnx(bytes);
    expect([...initializers.get('w')!.values()]).toEqual(expected);
    expect([...nodes[1]!.attributes.get('value')!.tensor!.values()]).toEqual(expected);
    expect(nodes[0]!.attributes.get('to')!.integer).toBe(1);
    expect(numbersAt(bytes, [7, 1, 5, 6, 1, 5, 3])).toEqual([1]);
    expect(numbersAt(bytes, [7, 5, 2])).toEqual([1]);
    for (const ports of [11, 12, 13]) expect(numbersAt(bytes, [7, ports, 2, 1, 1])).toEqual([1]);
    // Nothing of the type is left, and a second pass changes nothing.
    expect(widenOnnx(bytes)).toBe(bytes);
  });

  it('leaves other models and other integers as they are', () => {
    const bytes = encodeOnnx({
      name: 'g',
      nodes: [
        {
          ...{ type: 'Concat', inputs: ['x', 'w'], outputs: ['y'], domain: '' },
          attributes: { axis: HALF },
        },
      ],
      constants: [{ name: 'w', shape: [1], data: Float32Array.of(1), type: onnxTypes.float32 }],
      inputs: [{ name: 'x', shape: [1], dtype: 'float32' }],
      outputs: [{ name: 'y', dtype: 'float32' }],
    });
    expect(widenOnnx(bytes)).toBe(bytes);
  });

  it('refuses what is no model, and graphs in graphs without end', () => {
    expect(() => widenOnnx(Uint8Array.of(58, 200, 1))).toThrow('no ONNX model');
    let graph = new Writer().finish();
    for (let i = 0; i < 100; i++) {
      const inner = graph;
      graph = new Writer().message(1, (node) => node.message(5, (a) => a.raw(6, inner))).finish();
    }
    expect(() => widenOnnx(new Writer().raw(7, graph).finish())).toThrow('too deep');
  });
});
