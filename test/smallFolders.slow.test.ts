/**
 * Heads on small folders: images of the bundled sample as features of 14 x 14 pixels, few of them
 * and with few images per cluster. No head collapses, and each is above chance.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { openEngine } from '../src/backends/index.ts';
import { type Features, featuresOf } from '../src/cluster/index.ts';
import { samplePath } from '../src/likeness.ts';
import { headNames } from '../src/methods/index.ts';
import { ami } from '../src/metrics/index.ts';
import { headClustersOf } from './headGate.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const SIDE = 28;
const HALF = SIDE / 2;
const bytesOf = (name: string, header: number) =>
  gunzipSync(readFileSync(join(samplePath, name))).subarray(header);
const pixels = bytesOf('t10k-images-idx3-ubyte.gz', 16);
const labels = Int32Array.from(bytesOf('t10k-labels-idx1-ubyte.gz', 8));

/** The first images, each as means of 2 x 2 pixels. */
function firstImages(count: number): Features {
  const rows = new Float32Array(count * HALF * HALF);
  for (let at = 0; at < count * SIDE * SIDE; at++) {
    const [image, y, x] = [Math.floor(at / SIDE / SIDE), Math.floor(at / SIDE) % SIDE, at % SIDE];
    rows[image * HALF * HALF + Math.floor(y / 2) * HALF + Math.floor(x / 2)]! +=
      pixels[at]! / 255 / 4;
  }
  return featuresOf(rows, HALF * HALF);
}

/**
 * Images and clusters by head. The last folder of each size has three images per cluster. TEMI is
 * left out, because it takes minutes for each.
 */
const folders = {
  consensus: [
    [60, 10],
    [60, 20],
    [150, 10],
    [150, 50],
    [300, 10],
    [300, 100],
  ],
  ensemble: [
    [60, 10],
    [60, 20],
    [150, 10],
    [150, 50],
    [300, 10],
  ],
  scan: [
    [60, 10],
    [60, 20],
    [150, 10],
  ],
  turtle: [
    [60, 10],
    [60, 20],
    [150, 10],
    [150, 50],
    [300, 10],
    [300, 100],
  ],
} as const;
/** Least fraction of the clusters that have an image, and least AMI, which is 0 by chance. */
const [LEAST_USED, LEAST_AMI] = [0.7, 0.25];

const cases = Object.entries(folders).flatMap(([method, sizes]) =>
  sizes.map(([images, k]) => ({ method, images, k })),
);

it.each(cases)(
  '$method on $images images with $k clusters',
  async ({ method, images, k }) => {
    const found = await headClustersOf(engine, firstImages(images), { method, k, seed: 0 });
    expect(new Set(found).size).toBeGreaterThanOrEqual(Math.ceil(LEAST_USED * k));
    expect(ami(labels.subarray(0, images), found)).toBeGreaterThan(LEAST_AMI);
  },
  600_000,
);

it('stand in the table, but for TEMI', () => {
  expect(Object.keys(folders).sort()).toEqual(
    headNames.filter((name) => name !== 'temi').toSorted(),
  );
});
