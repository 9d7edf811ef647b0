/**
 * The learning gate of SwAV: a small seeded run on the pictures that the repository ships must clearly beat an untrained
 * encoder and raw pixels, measured with labels that training never saw. The loss alone proves nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featuresOf } from '../src/cluster/index.ts';
import { openPixelCache, openSource, type PixelCache } from '../src/data/index.ts';
import { type Evaluation, evaluateFeatures, rawPixels } from '../src/evaluate/index.ts';
import { methodProgram, presetNamed, resolveSettings, viewsOf } from '../src/methods/index.ts';
import { openEncoder, untrainedState } from '../src/run/index.ts';
import { type Engine, openEngine, type Values } from '../src/runtime/index.ts';
import { train } from '../src/train/index.ts';
import { evaluationBatches, openLoader } from '../src/views/index.ts';

const sample = fileURLToPath(new URL('../sample', import.meta.url));
const cacheDir = mkdtempSync(join(tmpdir(), 'likeness-gate-'));
const settings = resolveSettings({ ...presetNamed('tiny-28').settings, epochs: 10 });

let engine: Engine;
let cache: PixelCache;
const scores: Record<'trained' | 'untrained' | 'rawPixels', Evaluation> = {} as never;

async function measure(features: ReturnType<typeof featuresOf>): Promise<Evaluation> {
  const labels = Int32Array.from(cache.entries, ({ label }) => label!);
  const split = cache.entries.map((entry) => entry.split);
  return evaluateFeatures(engine, { features, labels, split }, { seed: 0, probe: { epochs: 1 } });
}

async function embed(state: Values) {
  const encoder = await openEncoder({ engine, settings, state });
  const features = await encoder.embed(cache);
  await encoder.close();
  return features;
}

async function pixels() {
  const size = settings.imageSize;
  const rows: Float32Array[] = [];
  for await (const { images, pixels } of evaluationBatches(cache, { size, batchSize: 500 })) {
    rows.push(rawPixels({ pixels, count: images.length, size }));
  }
  const data = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row, at);
    at += row.length;
  }
  return featuresOf(data, data.length / cache.count);
}

beforeAll(async () => {
  engine = await openEngine();
  const source = await openSource(sample);
  cache = await openPixelCache(source, { size: 42, cacheDir });
  await source.close();
  const indices = Uint32Array.from(cache.entries.keys()).filter((i) => cache.entries[i]!.split === 'train');
  const { batchSize, seed } = settings;
  const loader = openLoader({ cache, indices, views: viewsOf(settings), batchSize, seed });
  const method = methodProgram(settings, { images: indices.length });
  const { standing } = await train({
    engine,
    method,
    loader,
    batchSize,
    seed,
    budget: { epochs: settings.epochs },
    save: async () => {},
  });
  await loader.close();
  scores.trained = await measure(await embed(standing.state));
  scores.untrained = await measure(await embed(await untrainedState({ engine, settings, cache, indices })));
  scores.rawPixels = await measure(await pixels());
}, 600_000);

afterAll(async () => {
  await engine.close();
  rmSync(cacheDir, { recursive: true, force: true });
});

describe('SwAV learns', () => {
  it('features whose neighbours share a class, beyond an untrained encoder', () => {
    expect(scores.trained.knn.accuracy! - scores.untrained.knn.accuracy!).toBeGreaterThan(0.03);
  });

  it('clusters that match the classes, well beyond those of an untrained encoder and of raw-pixel k-means', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.1);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.1);
    expect(trained.acc - raw.acc).toBeGreaterThan(0.02);
  });
});
