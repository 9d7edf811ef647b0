import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { encodeSafetensors } from './safetensors.ts';
import { openSafetensors } from './safetensorsFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-safetensors-'));
const file = join(folder, 'a.safetensors');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = Float32Array.from({ length: 12 }, (_, i) => i / 3);
const bytes = encodeSafetensors(
  {
    rows: { dtype: 'float32', shape: [4, 3], data },
    names: { dtype: 'int32', shape: [2], data: Int32Array.of(7, -1) },
  },
  { about: 'ü' },
);

it('reads any part of a tensor', async () => {
  writeFileSync(file, bytes);
  const { tensors, metadata, close } = await openSafetensors(file);
  expect(metadata).toEqual({ about: 'ü' });
  expect(tensors.rows!.shape).toEqual([4, 3]);
  expect(await tensors.rows!.read(3, 6)).toEqual(data.slice(3, 9));
  expect(await tensors.names!.read(0, 2)).toEqual(Int32Array.of(7, -1));
  await expect(tensors.rows!.read(10, 3)).rejects.toThrow('received 10 + 3 of 12');
  await close();
});

it('refuses files that are missing, cut off, or no safetensors', async () => {
  await expect(openSafetensors(join(folder, 'none'))).rejects.toThrow(/Could not read .*none/);
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  await expect(openSafetensors(file)).rejects.toThrow(/tensor "names" does not fit in the file/);
  writeFileSync(file, bytes.subarray(0, 20));
  await expect(openSafetensors(file)).rejects.toThrow(/the header should have/);
  writeFileSync(file, 'x');
  await expect(openSafetensors(file)).rejects.toThrow(/1 bytes are too few/);
});
