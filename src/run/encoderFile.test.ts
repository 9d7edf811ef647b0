import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultEncoder } from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { readEncoder, readEncoderIfLearned, writeEncoder } from './encoderFile.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'encoder.safetensors');
const config = {
  ...{ encoder: defaultEncoder('patches'), imageSize: 32, seed: 0, images: 10 },
  split: 'train',
} as const;
const tensors: Tensors = {
  a: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  b: { dtype: 'int32', shape: [1], data: Int32Array.of(7) },
};

describe('encoder.safetensors', () => {
  it('gives the tensors back', async () => {
    await writeEncoder(file(), config, tensors);
    expect(await readEncoder(file(), config)).toEqual(tensors);
    expect(await readEncoderIfLearned(file(), config)).toEqual(tensors);
  });

  it('is not there before the encoder is learned', async () => {
    expect(await readEncoderIfLearned(file(), config)).toBeUndefined();
    await expect(readEncoder(file(), config)).rejects.toMatchObject({ code: 'encoder.missing' });
  });

  it.each([{ seed: 1 }, { imageSize: 28 }, { images: 9 }, { split: 'all' as const }])(
    'is refused for other settings: %o',
    async (other) => {
      await writeEncoder(file(), config, tensors);
      await expect(readEncoder(file(), { ...config, ...other })).rejects.toThrow(
        /learned with other/,
      );
      // A wrong file is an error also where an absent one is none.
      await expect(readEncoderIfLearned(file(), { ...config, ...other })).rejects.toThrow();
    },
  );

  it('is refused with any changed value', async () => {
    await writeEncoder(file(), config, tensors);
    const bytes = await readFile(file());
    for (const at of [bytes.length - 1, bytes.length - 20]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      await writeFile(file(), changed);
      await expect(readEncoder(file(), config)).rejects.toThrow(/do not match its checksum/);
    }
    await writeFile(file(), bytes.subarray(0, -1));
    await expect(readEncoder(file(), config)).rejects.toMatchObject({
      code: 'safetensors.malformed',
    });
  });

  it('is refused with values that are not finite', async () => {
    const a = { dtype: 'float32', shape: [1], data: Float32Array.of(Number.NaN) } as const;
    await writeEncoder(file(), config, { a });
    await expect(readEncoder(file(), config)).rejects.toThrow(/"a" has values that are not finite/);
  });
});
