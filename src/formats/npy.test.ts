import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from './npy.ts';

// Written by NumPy 1.24: see test/fixtures/make/formats.py.
const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/formats/${name}`, import.meta.url));
const thirds = { shape: [3, 2], data: Float32Array.from([0, 1, 2, 3, 4, 5], (i) => i / 3) };
const integers = { shape: [3], data: Int32Array.of(5, -6, 7) };

describe('npy', () => {
  it('reads what NumPy wrote', () => {
    expect(decodeNpy(fixture('float.npy'))).toEqual(thirds);
    expect(decodeNpy(fixture('int.npy'))).toEqual(integers);
  });

  it('writes byte for byte what NumPy writes', () => {
    expect(Buffer.from(encodeNpy(thirds)).equals(fixture('float.npy'))).toBe(true);
    expect(Buffer.from(encodeNpy(integers)).equals(fixture('int.npy'))).toBe(true);
  });

  it('gives back what was stored', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), (n, d) => {
        const array = {
          shape: [n, d],
          data: Float32Array.from({ length: n * d }, (_, i) => Math.sin(i)),
        };
        expect(decodeNpy(encodeNpy(array))).toEqual(array);
      }),
    );
  });

  it('says why a file cannot be read', () => {
    expect(() => decodeNpy(fixture('double.npy'), 'd.npy')).toThrow(
      'd.npy cannot be read as .npy: its element type is <f8',
    );
    expect(() => decodeNpy(fixture('fortran.npy'))).toThrow(/column-major/);
    const whole = fixture('float.npy');
    for (const length of [0, 9, 20, 128, whole.length - 1]) {
      expect(() => decodeNpy(whole.subarray(0, length))).toThrow(/cannot be read as \.npy/);
    }
    expect(() => encodeNpy({ shape: [2], data: new Float32Array(3) })).toThrow(
      'Shape [2] does not describe 3 numbers',
    );
  });
});
