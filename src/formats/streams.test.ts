import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { removeTemporaries, writeFileAtomic } from './atomicFile.ts';
import { encodeNpy, npyStream } from './npy.ts';
import { encodeParquet, parquetStream } from './parquet.ts';
import { encodeSafetensors, safetensorsStream } from './safetensors.ts';
import { openScratchFile } from './scratchFile.ts';

const D = 4;
const N = 121;
const data = Float32Array.from({ length: N * D }, (_, i) => (i % 1000) / 7);
const ids = Array.from({ length: N }, (_, i) => `${i}.png`);
const labels = Int32Array.from(ids, (_, i) => (i % 3) - 1);
const folder = mkdtempSync(join(tmpdir(), 'likeness-streams-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rows in parts, fewer or more of them than there should be. */
async function* parts(rows = 7, count = N) {
  for (let i = 0; i < count; i += rows) yield data.slice(i * D, Math.min(count, i + rows) * D);
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe('files of numbers that are made while they are written', () => {
  const features = { dtype: 'float32', shape: [N, D] } as const;
  const marks = { dtype: 'int32', shape: [N] } as const;

  it('are the same as of numbers in memory', async () => {
    const whole = { features: { ...features, data }, labels: { ...marks, data: labels } };
    const expected = {
      npy: encodeNpy({ shape: [N, D], data }),
      safetensors: encodeSafetensors(whole, { method: 'swav' }),
      parquet: encodeParquet({ ids, features: data, dimensions: D, labels }),
    };
    for (const rows of [1, 7, N]) {
      const tensors = {
        labels: { ...marks, pieces: [labels] },
        features: { ...features, pieces: parts(rows) },
      };
      const found = {
        npy: await bytesOf(npyStream([N, D], parts(rows))),
        safetensors: await bytesOf(safetensorsStream(tensors, { method: 'swav' })),
        parquet: await bytesOf(parquetStream({ ids, dimensions: D, labels }, parts(rows))),
      };
      for (const kind of ['npy', 'safetensors', 'parquet'] as const) {
        expect(found[kind].equals(expected[kind]), `${kind}, ${rows} rows at a time`).toBe(true);
      }
    }
  });

  it('are the same where a Parquet file has several groups of rows', async () => {
    const dimensions = 1_000_000; // two rows make a group
    const rows = { ids: ['a', 'b', 'c'], dimensions };
    const features = Float32Array.from({ length: 3 * dimensions }, (_, i) => i % 5);
    async function* one() {
      for (let i = 0; i < 3; i++) yield features.subarray(i * dimensions, (i + 1) * dimensions);
    }
    const expected = encodeParquet({ ...rows, features });
    expect((await bytesOf(parquetStream(rows, one()))).equals(expected)).toBe(true);
  });

  it('are refused when the numbers are not as many as was said', async () => {
    for (const count of [N - 1, N - 21]) {
      const fewer = () => parts(7, count);
      await expect(bytesOf(npyStream([N, D], fewer()))).rejects.toThrow('of the 1936 bytes');
      const tensors = { features: { ...features, pieces: fewer() } };
      await expect(bytesOf(safetensorsStream(tensors))).rejects.toThrow('of the 1936 bytes');
      await expect(bytesOf(parquetStream({ ids, dimensions: D }, fewer()))).rejects.toThrow(
        '121 x 4',
      );
    }
    await expect(bytesOf(npyStream([N - 1, D], parts()))).rejects.toThrow(
      'more than the 1920 bytes',
    );
    const short = { ids: ids.slice(1), dimensions: D };
    await expect(bytesOf(parquetStream(short, parts()))).rejects.toThrow('120 x 4');
  });

  it('do not appear when making the numbers fails', async () => {
    const file = join(folder, 'features.npy');
    async function* broken() {
      yield data.slice(0, D);
      throw new Error('stopped');
    }
    await expect(writeFileAtomic(file, npyStream([N, D], broken()))).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('openScratchFile', () => {
  it('gives back what was written, and leaves nothing', async () => {
    const file = await openScratchFile(join(folder, 'features'));
    await file.append(Uint8Array.of(1, 2, 3));
    await file.append(Uint8Array.of(4, 5));
    const part = new Uint8Array(3);
    await file.read(1, part);
    expect([...part]).toEqual([2, 3, 4]);
    await file.append(Uint8Array.of(6));
    await file.read(3, part);
    expect([...part]).toEqual([4, 5, 6]);
    await expect(file.read(4, part)).rejects.toThrow('ends at 6');
    expect(await removeTemporaries(folder)).toEqual([]); // in use
    expect(readdirSync(folder)).toHaveLength(1);
    await file.remove();
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(join(folder, 'features'))).toBe(false);
  });

  it('says why it cannot be made', async () => {
    await expect(openScratchFile(join(folder, 'none', 'features'))).rejects.toThrow(
      'Could not write',
    );
  });
});
