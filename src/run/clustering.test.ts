import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readClustering, writeClustering } from './clustering.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();

describe('clusters.safetensors', () => {
  const clustering = {
    centroids: Float32Array.of(1, 0, 0, 1),
    k: 2,
    dimension: 2,
    temperature: 1,
    kReason: 'because',
    seed: 0,
    images: 9,
    step: 3,
  };
  const file = () => join(folder.path, 'clusters.safetensors');

  it("keeps which output of the method's head each cluster is", async () => {
    await writeClustering(file(), { ...clustering, head: [4, 1] });
    expect((await readClustering(file())).head).toEqual([4, 1]);
    await writeClustering(file(), clustering);
    expect((await readClustering(file())).head).toBeUndefined();
  });

  it('is refused where that is not one output per cluster', async () => {
    for (const head of [[1], [0, -1], [0.5, 1]]) {
      await writeClustering(file(), { ...clustering, head });
      await expect(readClustering(file())).rejects.toThrow(/does not hold clusters that this program reads/);
    }
    await writeFile(file(), 'no clusters');
    await expect(readClustering(file())).rejects.toThrow();
  });
});
