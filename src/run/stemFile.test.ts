import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readStem, writeStem } from './stemFile.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const stem = { name: 'conv1.weight', shape: [2, 1, 1, 2] };
const filters = Float32Array.of(1, 2, 3, 4);
const file = () => join(folder.path, 'stem.safetensors');

describe('stem.safetensors', () => {
  it('gives the filters back', async () => {
    await writeStem(file(), stem, filters);
    expect(await readStem(file(), stem)).toEqual(filters);
  });

  it('is not there before the filters are learned', async () => {
    expect(await readStem(join(folder.path, 'none.safetensors'), stem)).toBeUndefined();
  });

  it('is refused for another network', async () => {
    await writeStem(file(), stem, filters);
    const other = { ...stem, shape: [1, 1, 2, 2] };
    await expect(readStem(file(), other)).rejects.toThrow(
      /no filters "conv1.weight" of shape 1 x 1 x 2 x 2/,
    );
    await expect(readStem(file(), { ...stem, name: 'features.0.weight' })).rejects.toThrow(
      /no filters/,
    );
  });

  it('is refused with any changed value', async () => {
    await writeStem(file(), stem, filters);
    const bytes = await readFile(file());
    bytes[bytes.length - 3]! ^= 1;
    await writeFile(file(), bytes);
    await expect(readStem(file(), stem)).rejects.toMatchObject({
      code: 'stem.malformed',
      message: expect.stringMatching(/do not match its checksum.*learned again/),
    });
  });
});
