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

  it('gives back what was stored', async () => {
    await writeClustering(file(), { ...clustering, kRange: [2, 4] });
    expect(await readClustering(file())).toEqual({ ...clustering, kRange: [2, 4] });
  });

  it('names the algorithm of the clusters, and no other than those there are', async () => {
    await writeClustering(file(), { ...clustering, algorithm: 'smoothed-kmeans' });
    expect((await readClustering(file())).algorithm).toBe('smoothed-kmeans');
    await writeClustering(file(), { ...clustering, algorithm: 'magic' as never });
    await expect(readClustering(file())).rejects.toThrow(/cannot be used: .*algorithm/);
  });

  it("names the output of the method's head for each cluster", async () => {
    await writeClustering(file(), { ...clustering, head: [4, 1] });
    expect((await readClustering(file())).head).toEqual([4, 1]);
    await writeClustering(file(), clustering);
    expect((await readClustering(file())).head).toBeUndefined();
  });

  it('is refused where outputs and clusters do not match', async () => {
    for (const head of [[1], [0, -1], [0.5, 1]]) {
      await writeClustering(file(), { ...clustering, head });
      await expect(readClustering(file())).rejects.toThrow(
        /cannot be used: .*head.*Cluster the images again/,
      );
    }
    await writeFile(file(), 'no clusters');
    await expect(readClustering(file())).rejects.toThrow(/not a complete safetensors file/);
  });
});
