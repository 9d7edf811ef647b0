/** Features of a clustering from the files of its run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allRows, rowsOf } from '../cluster/index.ts';
import { runFolderAt, writeEmbeddings } from '../run/index.ts';
import { withStoredFeatures } from './storedFeatures.ts';

const folder = runFolderAt(mkdtempSync(join(tmpdir(), 'likeness-stored-features-')));
afterAll(() => rmSync(folder.path, { recursive: true, force: true }));
mkdirSync(folder.path, { recursive: true });

const ids = ['a.jpg', 'b.jpg'];
const clusters = Int32Array.of(1, 0);
const features = rowsOf({ data: Float32Array.of(3, 4, 0, 2), count: 2, dimension: 2 });
await writeEmbeddings(folder.files.embeddings, { features, ids, clusters, about: { step: '7' } });
const read = (of: { ids: string[]; clusters: Int32Array }) =>
  withStoredFeatures(folder, of, allRows);

describe('stored features of a clustering', () => {
  it('are rows of length 1', async () => {
    const { data, count, dimension } = await read({ ids, clusters });
    expect([count, dimension]).toEqual([2, 2]);
    expect([...data]).toEqual([0.6, 0.8, 0, 1].map(Math.fround));
  });

  it('are refused where another clustering has replaced them', async () => {
    const message = `${folder.path} was clustered again since`;
    await expect(read({ ids, clusters: Int32Array.of(0, 1) })).rejects.toThrow(message);
    await expect(read({ ids: ['a.jpg', 'c.jpg'], clusters })).rejects.toThrow(message);
  });
});
