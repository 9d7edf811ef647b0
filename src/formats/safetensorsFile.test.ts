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

it.each([
  ['F16', [0x3c00, 0xc100, 0x0001, 0x7bff], [1, -2.5, 2 ** -24, 65504]],
  ['BF16', [0x3f80, 0xc020, 0x0080, 0x4780], [1, -2.5, 2 ** -126, 65536]],
])('reads any part of a tensor of type %s as float32', async (dtype, bits, expected) => {
  const header = JSON.stringify({
    a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] },
    h: { dtype, shape: [2, 2], data_offsets: [2, 10] },
  });
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, BigInt(header.length), true);
  const data = new Uint8Array(Uint16Array.from(bits).buffer);
  writeFileSync(file, Buffer.concat([head, Buffer.from(header), Uint8Array.of(1, 2), data]));
  const { tensors, close } = await openSafetensors(file);
  expect(tensors.h).toMatchObject({ dtype: 'float32', shape: [2, 2] });
  expect(await tensors.h!.read(0, 4)).toEqual(Float32Array.from(expected));
  expect(await tensors.h!.read(1, 2)).toEqual(Float32Array.from(expected.slice(1, 3)));
  await expect(tensors.h!.read(3, 2)).rejects.toThrow('received 3 + 2 of 4');
  await close();
  writeFileSync(file, Buffer.concat([head, Buffer.from(header), Uint8Array.of(1, 2)]));
  await expect(openSafetensors(file)).rejects.toThrow('tensor "h" does not fit in the file');
});

it('refuses files that are missing, cut off, or no safetensors', async () => {
  await expect(openSafetensors(join(folder, 'none'))).rejects.toThrow(/Could not read .*none/);
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  await expect(openSafetensors(file)).rejects.toThrow(/tensor "names" does not fit in the file/);
  writeFileSync(file, bytes.subarray(0, 20));
  await expect(openSafetensors(file)).rejects.toThrow(/the header should have/);
  writeFileSync(file, new Uint8Array(5000).fill(7));
  await expect(openSafetensors(file)).rejects.toThrow('bytes, the file has 5000.');
  writeFileSync(file, 'x');
  await expect(openSafetensors(file)).rejects.toThrow(/1 bytes are too few/);
});
