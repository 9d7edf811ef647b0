/** Hostile files are skipped with a reason or decoded safely by every command that opens images. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jpegOfManyScans, jpegOfTwoHeaders } from '../src/data/jpegs.cases.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const at = (...path: string[]) => join(workplace.path, ...path);
const settings = [
  ...[
    'architecture=resnet10',
    'width=4',
    'crops=2x16',
    'scales=0.3-1',
    'imageSize=16',
    'batchSize=16',
  ],
  ...['prototypes=12', 'hiddenLength=16', 'embeddingLength=8', 'threads=1', 'workers=1'],
].flatMap((text) => ['--set', text]);
const large = { width: 4000, height: 3000 };
const little = { width: 40, height: 40 };
const TRUNCATED = /truncated or corrupt JPEG file/;
const SCANS = /JPEG with more than 100 scans/;

beforeAll(async () => {
  await writeTextures(at('pictures'), 40);
  writeFileSync(at('pictures/as-large.jpg'), await jpegOfTwoHeaders(large, little));
  writeFileSync(at('pictures/as-little.jpg'), await jpegOfTwoHeaders(little, large));
  writeFileSync(at('pictures/scans.jpg'), jpegOfManyScans(little, 5000));
});

describe('a JPEG of two headers, and one of thousands of scans', () => {
  it('are skipped or decoded by train', async () => {
    const args = ['train', 'pictures', '--out', 'run', '--epochs', '1', ...settings];
    const { code, signal, stdout, stderr } = await workplace.run(...args);
    expect([code, signal], stderr).toEqual([0, null]);
    const said = stdout + stderr;
    expect(said).toMatch(/skipped 2 images/);
    expect(said).toMatch(new RegExp(`as-large\\.jpg: ${TRUNCATED.source}`));
    expect(said).toMatch(new RegExp(`scans\\.jpg: ${SCANS.source}`));
  });

  it('are named as unreadable or assigned by assign', async () => {
    const clustered = await workplace.run('cluster', 'pictures', '--run', 'run', '-k', '3');
    expect(clustered.code, clustered.stderr).toBe(0);
    const files = ['as-large', 'as-little', 'scans'].map((name) => `pictures/${name}.jpg`);
    const { code, stdout, stderr } = await workplace.run(
      'assign',
      ...files,
      '--run',
      'run',
      '--json',
    );
    expect(code, stderr).toBe(0);
    const { images, unreadable } = JSON.parse(stdout);
    expect(images.map(({ path }: { path: string }) => path)).toEqual(['pictures/as-little.jpg']);
    expect(unreadable).toEqual([
      { path: 'pictures/as-large.jpg', reason: expect.stringMatching(TRUNCATED) },
      { path: 'pictures/scans.jpg', reason: expect.stringMatching(SCANS) },
    ]);
  });

  it('are refused or shown by views', async () => {
    for (const [name, reason] of [
      ['as-large', TRUNCATED],
      ['scans', SCANS],
    ] as const) {
      const { code, signal, stderr } = await workplace.run(
        'views',
        `pictures/${name}.jpg`,
        '--run',
        'run',
      );
      expect([code, signal]).toEqual([3, null]);
      expect(stderr).toMatch(reason);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    const shown = await workplace.run('views', 'pictures/as-little.jpg', '--run', 'run');
    expect(shown.code, shown.stderr).toBe(0);
  });
});

describe('stopping while a hostile file is decoded', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('takes a second or two, by %s', async (signal) => {
    // Just below the limit on scans, so that one image takes many seconds.
    writeFileSync(at('slow.jpg'), jpegOfManyScans({ width: 16_000, height: 16_000 }, 100));
    const started = workplace.start(
      'train',
      'slow.jpg',
      '--out',
      `stopped-${signal}`,
      '--epochs',
      '1',
    );
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(started.process.exitCode).toBeNull();
    const begun = performance.now();
    started.process.kill(signal);
    const { code } = await started.ended;
    expect(code).not.toBe(0);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
