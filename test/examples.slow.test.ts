/**
 * Runs every example in one folder, in the order of their numbers, on a part of the bundled sample:
 * evaluating all of it takes most of the time.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listOfExamples } from '../docs/examples.ts';
import { samplePath } from '../src/likeness.ts';
import { sharedCode } from './likeness.cases.ts';

const folder = fileURLToPath(new URL('../examples', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'likeness-examples-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Fourteen steps of an epoch, and images to measure on. */
const [TRAIN, TEST] = [896, 224];

/** Writes the first images and labels of the sample as IDX files of their own. */
function writePart(): void {
  mkdirSync(join(place, 'part'));
  for (const [split, count] of [
    ['train', TRAIN],
    ['t10k', TEST],
  ] as const) {
    for (const [kind, header, size] of [
      ['images-idx3', 16, 28 * 28],
      ['labels-idx1', 8, 1],
    ] as const) {
      const name = `${split}-${kind}-ubyte`;
      const whole = gunzipSync(readFileSync(join(samplePath, `${name}.gz`)));
      const part = Buffer.from(whole.subarray(0, header + count * size));
      part.writeUInt32BE(count, 4);
      writeFileSync(join(place, 'part', name), part);
    }
  }
}
beforeAll(writePart);

/** Runs an example to its end; what it prints. */
function run(name: string): string {
  const args = [join(folder, name), 'part', 'tiny'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: place,
    env: { ...process.env, ...sharedCode, LIKENESS_CACHE: join(place, 'cache') },
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

/** Expected output by example, and files that it leaves. */
const expected: Record<string, { output: RegExp; files?: string[] }> = {
  '01-photos-to-clusters.ts': {
    output:
      /1120 images in \d+ clusters.*NMI with the labels: 0\.\d+.*new\.png belongs to cluster \d+/s,
    files: ['runs/photos/report.html', 'runs/photos/clusters.csv', 'encoder.onnx'],
  },
  '02-resume.ts': { output: /interrupted at step [56];.*finished at step 14/s },
  '03-evaluate.ts': {
    output: /trained encoder: NMI 0\.\d+.*untrained: NMI.*rawPixels: NMI.*linear/s,
  },
  '04-assign-new-files.ts': {
    output: /new\.png: (cluster \d+|undecided) .*README\.md: no such file/s,
  },
  '05-own-method.ts': { output: /barlow-twins: step 14, kNN 0\.\d{3}/ },
  '06-metric-and-kmeans.ts': { output: /NMI 1, ARI 1/ },
  '07-embeddings-to-python.ts': {
    output: /1120 features of dimension 32/,
    files: ['features.npy', 'features.npy.ids.csv'],
  },
  '08-exported-encoder.ts': { output: /dimension 32, cosine with openEncoder (1\.0|0\.99)/ },
  '09-compare.ts': {
    output: /swav.*simclr.*page: /s,
    files: ['runs/comparison/compare.json', 'runs/comparison/compare.html'],
  },
  '10-duplicates.ts': {
    output: /\d+ groups? of duplicates among 1120 images/,
  },
  '10-progress-and-abort.ts': {
    output: /(finished|interrupted) after .* s\nloss from \d\.\d+ to \d\.\d+/,
  },
  '11-report.ts': {
    output: /simclr: loss \d\.\d\d, .*cluster 0: \d+ images, such as \S+\n.*page: /s,
    files: ['page.html'],
  },
  '12-default-road.ts': {
    output: /Patch features of 1,120 images: .*1120 images in \d+ clusters by patches/s,
    files: ['runs/groups/encoder.safetensors', 'runs/groups/report.html'],
  },
  // Its model is the encoder that the first example exports.
  '13-head-on-a-model.ts': {
    output: /1120 images in 10 clusters by the head\nNMI 0\.\d+, k-means 0\.\d+/,
    files: ['runs/head/clusters.csv'],
  },
};

describe('the examples', () => {
  it.each(listOfExamples().map(({ name }) => name))(
    '%s',
    (name) => {
      const { output, files = [] } = expected[name]!;
      expect(run(name)).toMatch(output);
      for (const file of files) expect(existsSync(join(place, file)), file).toBe(true);
    },
    600_000,
  );

  it('have 8 to 60 lines each, and all of them are run', () => {
    const names = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name));
    expect(Object.keys(expected)).toEqual(names.sort());
    for (const name of names) {
      const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').length;
      expect(lines, name).toBeGreaterThanOrEqual(8);
      expect(lines, name).toBeLessThanOrEqual(60);
    }
  });
});
