import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredTensor } from './dtypes.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const fixture = new URL('../../test/fixtures/formats/reference.safetensors', import.meta.url);

/**
 * The tensors that test/fixtures/make/formats.py stores with the reference implementation
 * (safetensors 0.8).
 */
const reference: Record<string, StoredTensor> = {
  weight: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
  moment: { dtype: 'float64', shape: [2], data: Float64Array.of(1e-300, -2.5) },
  step: { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 53n + 1n) },
  index: { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 7) },
  pixels: { dtype: 'uint8', shape: [1, 3], data: Uint8Array.of(0, 255, 3) },
  mask: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
  nothing: { dtype: 'float32', shape: [0, 4], data: new Float32Array() },
};
const metadata = { format: 'np', 'naïve key': 'a "quoted" value' };

const anyTensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    fc.constantFrom('float32', 'int32', 'uint8'),
  )
  .chain(([shape, dtype]): fc.Arbitrary<StoredTensor> => {
    const n = shape.reduce((a, b) => a * b, 1);
    const size = { minLength: n, maxLength: n };
    if (dtype === 'float32')
      return fc.float32Array(size).map((data) => ({ dtype: 'float32', shape, data }));
    if (dtype === 'int32')
      return fc.int32Array(size).map((data) => ({ dtype: 'int32', shape, data }));
    return fc.uint8Array(size).map((data) => ({ dtype: 'uint8', shape, data }));
  });

describe('safetensors', () => {
  it('reads what the reference implementation wrote', () => {
    const decoded = decodeSafetensors(readFileSync(fixture));
    expect(decoded.metadata).toEqual(metadata);
    expect(decoded.tensors).toEqual(reference);
  });

  it('writes tensors where the reference implementation puts them', () => {
    const theirs = readFileSync(fixture);
    const ours = encodeSafetensors(reference, metadata);
    expect(ours.byteLength).toBe(theirs.byteLength);
    const headerBytes = Number(theirs.readBigUInt64LE(0));
    expect(Buffer.from(ours).readBigUInt64LE(0)).toBe(BigInt(headerBytes));
    // The headers differ only in the order of metadata keys, which the reference leaves to chance.
    expect([...ours.subarray(8 + headerBytes)]).toEqual([...theirs.subarray(8 + headerBytes)]);
  });

  it('gives back what was stored, for any names, shapes and bits', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__'),
          anyTensor,
          { maxKeys: 5 },
        ),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
        fc.integer({ min: 0, max: 7 }),
        (tensors, notes, shift) => {
          const bytes = encodeSafetensors(tensors, notes);
          const moved = new Uint8Array(bytes.byteLength + shift).subarray(shift);
          moved.set(bytes);
          const decoded = decodeSafetensors(moved);
          expect({ ...decoded.tensors }).toEqual({ ...tensors });
          expect({ ...decoded.metadata }).toEqual({ ...notes });
        },
      ),
    );
  });

  it('gives the same bytes whatever the order of insertion, with data at a multiple of 8', () => {
    const reversed = Object.fromEntries(Object.entries(reference).reverse());
    const bytes = encodeSafetensors(reference, metadata);
    expect(encodeSafetensors(reversed, metadata)).toEqual(bytes);
    expect(Number(Buffer.from(bytes).readBigUInt64LE(0)) % 8).toBe(0);
  });

  it('refuses every truncation, and extra bytes, with a readable error', () => {
    const bytes = encodeSafetensors({ a: reference.weight!, b: reference.index! });
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), 'x')).toThrow(
        /x is not a complete safetensors file/,
      );
    }
    expect(() => decodeSafetensors(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(
      /the header describes 32/,
    );
  });

  it.each([
    ['not JSON', '{"a":', /header is not JSON/],
    ['a list', '[1]', /not a JSON object/],
    [
      'no offsets',
      '{"a":{"dtype":"F32","shape":[1]}}',
      /lacks a valid dtype, shape or data_offsets/,
    ],
    ['negative shape', '{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', /lacks a valid/],
    [
      'wrong size',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
      /needs 8 bytes but has 4/,
    ],
    [
      'a hole',
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
      /starts at byte 2 of the data, expected 0/,
    ],
    [
      'overlap',
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
      /expected 4/,
    ],
    ['beyond the end', '{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', /ends at byte/],
    [
      'unknown type',
      '{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}',
      /element type BF16; likeness reads I64, F64/,
    ],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', /must map text to text/],
  ])('refuses %s', (_, header, message) => {
    const bytes = Buffer.alloc(8 + header.length + 4);
    bytes.writeBigUInt64LE(BigInt(header.length), 0);
    bytes.write(header, 8);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('never throws anything but a readable error, whatever the bytes', () => {
    const bytes = encodeSafetensors(reference, metadata);
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        try {
          decodeSafetensors(damaged);
        } catch (error) {
          expect((error as Error).name).toBe('LikenessError');
        }
      }),
    );
  });

  it('refuses tensors whose parts do not agree', () => {
    const data = new Float32Array(3);
    expect(() => encodeSafetensors({ w: { dtype: 'float32', shape: [2, 2], data } })).toThrow(
      'Tensor "w" has shape [2, 2] but 3 numbers',
    );
    expect(() => encodeSafetensors({ w: { dtype: 'int32', shape: [3], data } })).toThrow(
      'Tensor "w" has dtype int32 but its data is a Float32Array; expected a Int32Array.',
    );
    expect(() =>
      encodeSafetensors({ __metadata__: { dtype: 'float32', shape: [3], data } }),
    ).toThrow(/reserves/);
  });
});
