/** The example runs as its page says. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const cacheDir = mkdtempSync(join(tmpdir(), 'likeness-example-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

function run(...args: string[]): string {
  const file = fileURLToPath(new URL('../examples/train.ts', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LIKENESS_CACHE: cacheDir },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}
const nmiOf = (output: string) => Number(/NMI with the labels: (\d\.\d+)/.exec(output)?.[1]);
const sample = fileURLToPath(new URL('../sample', import.meta.url));

it('examples/train.ts trains on the sample and finds groups that agree with the labels', () => {
  const output = run();
  expect(output).toContain('5000 images, 0 skipped');
  expect(output).toMatch(/epoch 2: loss \d\.\d+/);
  // Two epochs are enough to be far from chance, which is below 0.01 for 5,000 images.
  expect(nmiOf(output)).toBeGreaterThan(0.3);
});

it('examples/train.ts trains another method by its name, with its clusterings between epochs', () => {
  const output = run(sample, '1', 'deepcluster');
  expect(output).toMatch(/epoch 1: loss \d\.\d+/);
  expect(nmiOf(output)).toBeGreaterThan(0.2);
});
