/**
 * Opens runs of an earlier version, stopped in the middle, by the command line: every later version
 * reads them, gives the features that they were stored with, and goes on training. They lie in
 * fixtures/runs and are never written again.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../src/formats/index.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';
import { writeSource } from './records/source.ts';
import { runHere } from './runHere.cases.ts';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', 'runs');
const place = openWorkplace();
const IMAGES = { train: 64, test: 16 };
/** Eight steps in each of four epochs. */
const STEPS = 32;

beforeAll(async () => {
  writeSource(join(place.path, 'source'), IMAGES);
  await writeTextures(join(place.path, 'new'), 3);
});
afterAll(() => place.remove());

async function answer(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runHere(place, ...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const featuresIn = (file: string) => {
  const { shape, data } = decodeSafetensors(readFileSync(file), file).tensors.features!;
  return { shape, data: data as Float32Array };
};

describe.each(['swav', 'deepcluster'])('a stored run of %s', (name) => {
  beforeAll(() => cpSync(join(fixtures, name), join(place.path, name), { recursive: true }));

  it('is inspected', async () => {
    const { stdout, code } = await runHere(place, 'inspect', name);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`${name} on source \\(64 images\\)`));
    expect(stdout).toMatch(/step 10\b/);
  });

  it('embeds to the features that it was stored with', async () => {
    await answer('embed', 'source', '--run', name, '--out', `${name}.safetensors`);
    const [now, stored] = [`${name}.safetensors`, join(name, 'embeddings.safetensors')].map(
      (file) => featuresIn(join(place.path, file)),
    );
    expect(now!.shape).toEqual([IMAGES.train + IMAGES.test, 32]);
    expect(now!.shape).toEqual(stored!.shape);
    const largest = now!.data.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - stored!.data[i]!)),
      0,
    );
    // Unit rows; other processors add up in another order.
    expect(largest).toBeLessThan(1e-4);
  });

  it('assigns new images to its stored clusters', async () => {
    const { images } = await answer('assign', 'new', '--run', name);
    expect(images).toHaveLength(3);
  });

  it('clusters', async () => {
    const csv = () =>
      readFileSync(join(place.path, name, 'clusters.csv'), 'utf8')
        .trim()
        .split('\n');
    const paths = () => csv().map((line) => line.split(',')[0]);
    const before = [...paths()].sort();
    expect(await answer('cluster', 'source', '--run', name, '-k', '4')).toMatchObject({ k: 4 });
    expect([...paths()].sort()).toEqual(before);
  });

  it('is evaluated', async () => {
    expect(await answer('evaluate', 'source', '--run', name)).toMatchObject({
      nmi: expect.any(Number),
    });
    // Learning the baseline of patch features takes seconds, whatever the number of images.
  }, 300_000);

  it('is resumed to its end', async () => {
    const report = await answer('train', 'source', '--out', name, '--resume');
    expect(report).toMatchObject({ outcome: 'finished', steps: STEPS, totalSteps: STEPS });
    expect(readdirSync(join(place.path, name, 'checkpoints'))).toContain(
      'step-0000000032.safetensors',
    );
    const events = readFileSync(join(place.path, name, 'events.jsonl'), 'utf8');
    expect(events).toMatch(/"kind":"run-started","step":10,.*"resumed":true/);
  });
});
