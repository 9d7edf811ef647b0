import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allRows } from '../cluster/index.ts';
import { writeFeatureFile } from './featureFile.ts';

describe('writeFeatureFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-features-'));
  const path = join(folder, 'features');
  afterAll(() => rmSync(folder, { recursive: true }));
  const data = Float32Array.from({ length: 30 }, (_, i) => i / 7);

  it('gives rows back, any of them, and leaves nothing', async () => {
    async function* parts() {
      yield data.slice(0, 12);
      yield data.slice(12);
    }
    const file = await writeFeatureFile(path, parts(), 3);
    expect(file.count).toBe(10);
    expect(await allRows(file)).toEqual({ data, count: 10, dimension: 3 });
    expect([...(await file.read(3, 4))]).toEqual([...data.subarray(9, 21)]);
    await file.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves nothing when rows cannot be made', async () => {
    async function* broken() {
      yield data;
      throw new Error('stopped');
    }
    await expect(writeFeatureFile(path, broken(), 3)).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });
});
