import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeOnnx, standardLowering } from '../compile/index.ts';
import { input } from '../tensor/index.ts';
import { readOnnxMetadata } from './onnxMetadata.ts';

describe('readOnnxMetadata', () => {
  it('reads what the engine writes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        (metadata) => {
          const graph = standardLowering.lower(
            { y: input('x', [1, 3]) },
            { name: 'copy', metadata },
          );
          expect(readOnnxMetadata(encodeOnnx(graph))).toEqual(metadata);
        },
      ),
      { numRuns: 30, examples: [[{ ['__proto__']: 'kept' }]] },
    );
  });

  it('is undefined for other bytes', () => {
    expect(readOnnxMetadata(new TextEncoder().encode('no model'))).toBeUndefined();
    expect(readOnnxMetadata(Uint8Array.of(0x72, 0xff))).toBeUndefined();
    expect(readOnnxMetadata(Uint8Array.of(0x72, 0x05, 1))).toBeUndefined();
  });
});
