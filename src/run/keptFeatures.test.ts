import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allRows } from '../cluster/index.ts';
import { keepFeatures } from './keptFeatures.ts';

describe('keepFeatures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-kept-'));
  const path = join(folder, 'features');
  afterAll(() => rmSync(folder, { recursive: true }));
  const data = Float32Array.from({ length: 30 }, (_, i) => i / 7);

  it('gives rows back, any of them, and leaves nothing', async () => {
    async function* parts() {
      yield data.slice(0, 12);
      yield data.slice(12);
    }
    const kept = await keepFeatures(path, parts(), 3);
    expect(kept.count).toBe(10);
    expect(await allRows(kept)).toEqual({ data, count: 10, dimension: 3 });
    expect([...(await kept.read(3, 4))]).toEqual([...data.subarray(9, 21)]);
    await kept.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves nothing when rows cannot be made', async () => {
    async function* broken() {
      yield data;
      throw new Error('stopped');
    }
    await expect(keepFeatures(path, broken(), 3)).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });
});
