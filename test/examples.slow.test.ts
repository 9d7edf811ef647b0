/** Runs every example in one folder, in the order of their numbers, on the bundled sample. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { listOfExamples } from '../docs/examples.ts';

const folder = fileURLToPath(new URL('../examples', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'likeness-examples-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs an example to its end; what it prints. */
function run(name: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, name)], {
    encoding: 'utf8',
    cwd: place,
    env: { ...process.env, LIKENESS_CACHE: join(place, 'cache') },
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

/** Expected output by example, and files that it leaves. */
const expected: Record<string, { output: RegExp; files?: string[] }> = {
  '01-photos-to-clusters.ts': {
    output:
      /5000 images in \d+ clusters.*NMI with the labels: 0\.\d+.*new\.png belongs to cluster \d+/s,
    files: ['runs/photos/report.html', 'runs/photos/clusters.csv', 'encoder.onnx'],
  },
  '02-resume.ts': { output: /interrupted at step [56];.*finished at step 31/s },
  '03-evaluate.ts': {
    output: /trained encoder: NMI 0\.\d+.*untrained: NMI.*rawPixels: NMI.*linear/s,
  },
  '04-assign-new-files.ts': {
    output: /new\.png: (cluster \d+|undecided) .*README\.md: no such file/s,
  },
  '05-own-method.ts': { output: /barlow-twins: step 31, kNN 0\.\d{3}/ },
  '06-metric-and-kmeans.ts': { output: /NMI 1, ARI 1/ },
  '07-embeddings-to-python.ts': {
    output: /5000 features of dimension 32/,
    files: ['features.npy', 'features.npy.ids.csv'],
  },
  '08-exported-encoder.ts': { output: /dimension 32, cosine with openEncoder (1\.0|0\.99)/ },
  '09-compare.ts': {
    output: /swav.*simclr.*page: /s,
    files: ['runs/comparison/compare.json', 'runs/comparison/compare.html'],
  },
  '10-progress-and-abort.ts': {
    output: /(finished|interrupted) after .* s\nloss from \d\.\d+ to \d\.\d+/,
  },
  '11-report.ts': {
    output: /swav: loss \d\.\d\d, .*cluster 0: \d+ images, such as \S+\n.*page: /s,
    files: ['page.html'],
  },
  '12-default-road.ts': {
    output: /Patch features of 5,000 images: .*5000 images in \d+ clusters by patches/s,
    files: ['runs/groups/encoder.safetensors', 'runs/groups/report.html'],
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
