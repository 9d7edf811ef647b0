import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allRows, featuresOf, rowsOf } from '../cluster/index.ts';
import { encodeSafetensors } from '../formats/index.ts';
import { type Embeddings, openEmbeddings, writeEmbeddings } from './embeddings.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'embeddings.safetensors');
const embeddings: Embeddings = {
  features: rowsOf(featuresOf(Float32Array.of(3, 4, 0, -2, 1, 0), 2)),
  ids: ['a/ü.jpg', 'b.jpg', 'c.jpg'],
  clusters: Int32Array.of(1, 0, 0),
  labels: Int32Array.of(-1, 0, 1),
  labelNames: ['cat', 'dog'],
  about: { source: 'photos', step: '12' },
};

describe('embeddings.safetensors', () => {
  it('gives back what was stored, with features of length 1', async () => {
    await writeEmbeddings(file(), embeddings);
    const { features, close, ...rest } = await openEmbeddings(file());
    const { features: _, ...expected } = embeddings;
    expect(rest).toEqual(expected);
    expect([...(await allRows(features)).data]).toEqual([
      ...Float32Array.of(0.6, 0.8, 0, -1, 1, 0),
    ]);
    expect([...(await features.read(1, 1))]).toEqual([0, -1]);
    await close();
  });

  it('has no labels where no image has one', async () => {
    const { labels: _, labelNames: __, ...plain } = embeddings;
    await writeEmbeddings(file(), plain);
    const stored = await openEmbeddings(file());
    expect(stored).not.toHaveProperty('labels');
    expect(stored).not.toHaveProperty('labelNames');
    await stored.close();
  });

  it('refuses another file', async () => {
    const data = new Float32Array(2);
    await writeFile(
      file(),
      encodeSafetensors({ features: { dtype: 'float32', shape: [2], data } }),
    );
    await expect(openEmbeddings(file())).rejects.toThrow(
      /no features \[N, D\] with clusters \[N\]/,
    );
  });
});
