/** Stored features: found again, after a kill too, and never trusted where they are damaged. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openWorkplace } from '../../test/likeness.cases.ts';
import { clearCaches, evict, listCaches } from './cache-folder.ts';
import { openFeatureCache } from './featureCache.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const D = 3;
const meta = { key: 'ab'.repeat(32), source: 'photos', model: 'tiny', dimension: D };
const row = (image: bigint) => [Number(image), Number(image) / 2, -Number(image)];
const rowsOf = (...images: bigint[]) => Float32Array.from(images.flatMap(row));
let folders = 0;
const newFolder = () => join(workplace.path, `cache-${folders++}`);
const filesIn = (folder: string) => readdirSync(folder).map((name) => join(folder, name));

function stored(folder: string, ...parts: bigint[][]): void {
  const cache = openFeatureCache(folder, meta);
  for (const images of parts) cache.append(images, rowsOf(...images));
  cache.close();
}

describe('a feature cache', () => {
  it('finds rows again, in any order, from all files of its key', () => {
    const folder = newFolder();
    stored(folder, [1n, 2n], [3n]);
    stored(folder, [2n ** 63n + 5n]);
    expect(filesIn(folder)).toHaveLength(2);
    const cache = openFeatureCache(folder, meta);
    expect([1n, 2n, 3n, 4n].map((image) => cache.has(image))).toEqual([true, true, true, false]);
    expect(cache.read([3n, 1n, 2n ** 63n + 5n])).toEqual(rowsOf(3n, 1n, 2n ** 63n + 5n));
    cache.append([9n], rowsOf(9n));
    expect(cache.read([9n, 2n])).toEqual(rowsOf(9n, 2n));
    cache.close();
  });

  it('has no rows of another key or dimension', () => {
    const folder = newFolder();
    stored(folder, [1n]);
    for (const other of [{ key: 'cd'.repeat(32) }, { dimension: 4 }]) {
      const cache = openFeatureCache(folder, { ...meta, ...other });
      expect(cache.has(1n)).toBe(false);
      cache.close();
    }
  });

  it('loses the last record alone where a file is cut off at any byte', () => {
    const folder = newFolder();
    stored(folder, [1n, 2n], [3n, 4n]);
    const [file] = filesIn(folder) as [string];
    const { size } = statSync(file);
    const record = 8 + 2 * (8 + D * 4);
    for (let cut = 1; cut < record; cut += 7) {
      truncateSync(file, size - cut);
      const cache = openFeatureCache(folder, meta);
      expect([1n, 2n, 3n, 4n].map((image) => cache.has(image))).toEqual([true, true, false, false]);
      expect(cache.read([2n, 1n])).toEqual(rowsOf(2n, 1n));
      cache.close();
    }
  });

  it('passes over changed bytes', () => {
    const folder = newFolder();
    stored(folder, [1n], [2n]);
    const [file] = filesIn(folder) as [string];
    const bytes = readFileSync(file);
    bytes[bytes.length - 6]! ^= 1;
    writeFileSync(file, bytes);
    const cache = openFeatureCache(folder, meta);
    expect([cache.has(1n), cache.has(2n)]).toEqual([true, false]);
    cache.close();
    writeFileSync(file, 'something else');
    const none = openFeatureCache(folder, meta);
    expect(none.has(1n)).toBe(false);
    none.close();
  });

  it('says where it cannot write, and keeps the rows', () => {
    const folder = newFolder();
    writeFileSync(folder, 'a file in the way');
    const cache = openFeatureCache(folder, meta);
    expect(() => cache.append([2n], rowsOf(2n))).toThrow('cannot write to');
    expect(cache.read([2n])).toEqual(rowsOf(2n));
    cache.close();
  });

  it('is listed with source and model, counts for the limit, and is cleared', () => {
    const folder = newFolder();
    stored(folder, [1n, 2n], [3n]);
    const features = { source: 'photos', model: 'tiny', count: 3, dimension: D };
    expect(listCaches(folder)).toMatchObject([{ features }]);
    stored(newFolder(), [1n]);
    expect(evict(folder, 0)).toEqual([]); // in use by this process
    expect(clearCaches(folder)).toMatchObject({ removed: 1 });
    expect(filesIn(folder)).toEqual([]);
  });
});
