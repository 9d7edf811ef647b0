/** The example runs as its page says. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const cacheDir = mkdtempSync(join(tmpdir(), 'likeness-example-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

it('examples/swav.ts trains on the sample and finds groups that agree with the labels', () => {
  const file = fileURLToPath(new URL('../examples/swav.ts', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    env: { ...process.env, LIKENESS_CACHE: cacheDir },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain('5000 images, 0 skipped');
  expect(stdout).toMatch(/epoch 2: loss \d\.\d+/);
  // Two epochs are enough to be far from chance, which is below 0.01 for 5,000 images.
  expect(Number(/NMI with the labels: (\d\.\d+)/.exec(stdout)?.[1])).toBeGreaterThan(0.3);
});
