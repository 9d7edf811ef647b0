/**
 * Tests the watch of a training run on real images: its events, their agreement, and when it is
 * silent.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { allRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { openPixelCache, openSource, type PixelCache } from '../data/index.ts';
import { trainedEncoder } from '../encoders/index.ts';
import { epochPlan, measureEpoch, openEpochSample } from '../evaluate/index.ts';
import {
  methodNamed,
  methodNames,
  methodProgram,
  patchOf,
  resolveSettings,
} from '../methods/index.ts';
import { type RunEvent, readWatched, writeWatched } from '../run/index.ts';
import { createEpochWatch, type EpochWatchOptions } from './watch.ts';

const sample = fileURLToPath(new URL('../../sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'likeness-watch-'));
const settings = resolveSettings({
  data: { batchSize: 64, imageSize: 16 },
  views: { crops: [{ count: 2, size: 14 }], scales: [[0.3, 1]] },
  encoder: { architecture: 'resnet10', width: 4 },
  method: { name: 'swav', hiddenDim: 16, embeddingDim: 8, prototypes: 12 },
});
const IMAGES = 200;

let engine: Engine;
let cache: PixelCache;
let indices: Uint32Array;
let state: Values;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
  const source = await openSource(sample);
  cache = await openPixelCache(source, { size: 24, cacheDir: folder });
  await source.close();
  indices = Uint32Array.from({ length: IMAGES }, (_, i) => 3 * i + 1);
  state = methodProgram(settings, { images: IMAGES }).initialState(0);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const readState = async (names: readonly string[]): Promise<Values> =>
  Object.fromEntries(names.map((name) => [name, state[name]!.slice()]));

function expectClose(found: Float32Array, expected: Float32Array): void {
  for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, 4);
}

describe('the sample of a run', () => {
  it('goes through the encoder as all other images do, with embeddings and prototypes', async () => {
    const open = await openEpochSample({ engine, settings, cache, indices, images: IMAGES });
    const { features, secondView, prototypes } = await open.look(readState);
    expect([features.count, secondView.count, prototypes!.embeddings.count]).toEqual([
      IMAGES,
      IMAGES,
      IMAGES,
    ]);
    // All images are in the sample, so that it has them in their order.
    const encoder = await trainedEncoder({ engine, settings, state });
    const expected = await encoder.embed({ cache, indices });
    expectClose(features.data, expected.data);
    const { heads } = encoder;
    const z = await allRows(heads.project(expected));
    expectClose(prototypes!.embeddings.data, z.data);
    expect(prototypes!.prototypes!.data).toEqual(heads.prototypes!.data);
    // Another view of the same images: near to the first, not equal.
    expect(secondView.data).not.toEqual(features.data);
    expect(await open.look(readState)).toEqual({ features, secondView, prototypes });
    await Promise.all([open.close(), encoder.close()]);
  });

  it('draws the same images for every seed of training', async () => {
    const looks = [];
    for (const seed of [0, 9]) {
      const open = await openEpochSample({
        engine,
        settings: { ...settings, run: { ...settings.run, seed } },
        cache,
        indices,
        images: 50,
      });
      looks.push(await open.look(readState));
      await open.close();
    }
    expect(looks[0]).toEqual(looks[1]);
  });
});

describe('every method', () => {
  it.each(methodNames)('%s can be watched', async (method) => {
    const count = methodNamed(method).crops === 'single' ? 1 : 2;
    const { settings: given } = patchOf({
      ...{ method, hiddenDim: 16, embeddingDim: 8, prototypes: 12, clusters: '8', queueLength: 64 },
    });
    const { recipe } = methodNamed(method);
    // Networks of some methods take images of one size alone, from 25 px on.
    const size = recipe.encoder?.architecture === undefined ? 14 : 25;
    const views = { ...settings.views, crops: [{ count, size }] };
    const own = resolveSettings({
      ...settings,
      ...(size > 14 && { data: { ...settings.data, imageSize: size } }),
      encoder: { ...settings.encoder, ...recipe.encoder, width: 4 },
      views,
      method: given.method!,
    });
    const start = methodProgram(own, { images: IMAGES }).initialState(0);
    const open = await openEpochSample({ engine, settings: own, cache, indices, images: 60 });
    const seen = await open.look(async (names) =>
      Object.fromEntries(names.map((name) => [name, start[name]!])),
    );
    const { measures } = await measureEpoch(engine, seen, undefined);
    await open.close();
    for (const [name, value] of Object.entries(measures)) {
      if (value !== null) expect(Number.isFinite(value), name).toBe(true);
    }
    expect(measures.prototypeUsage === null).toBe(
      methodNamed(method).head(own).prototypes === undefined,
    );
  });
});

describe('the watch', () => {
  function watching(changes: Partial<EpochWatchOptions> = {}) {
    const written: RunEvent[] = [];
    const warnings: string[] = [];
    const watch = createEpochWatch({
      ...{ engine, settings, cache, indices },
      events: { append: (event) => void written.push(event) },
      reporter: {
        warn: ({ message }) => void warnings.push(message),
        progress: () => {},
        signal: new AbortController().signal,
      },
      ...changes,
    });
    const every = epochPlan(settings, IMAGES).every;
    /** The end of the turn-th epoch that the plan measures. */
    const end = (turn: number, seconds: number, last = false) =>
      watch.after({ epoch: turn * every - 1, step: turn * 100, last, seconds, readState });
    return { watch, written, warnings, every, end };
  }

  it('writes the measures of epochs in their turn, compared with the time before, and what they cost', async () => {
    const { watch, written, every, end } = watching();
    expect(every).toBeGreaterThan(1);
    await watch.after({ epoch: 0, step: 1, last: false, seconds: 1e6, readState });
    expect(written).toEqual([]);
    await end(1, 1000);
    await end(2, 2000);
    await watch.close();
    expect(written.map(({ kind, epoch, since }) => [kind, epoch, since])).toEqual([
      ['measures', every - 1, null],
      ['measures', 2 * every - 1, every],
    ]);
    expect(written[0]!.epochStability).toBeNull();
    // The same weights: the same clusters.
    expect(written[1]!.epochStability).toBe(1);
    const { duration, cost } = written[1]! as { duration?: number; cost?: number };
    expect(cost).toBeCloseTo(duration! / 1000, 9);
  });

  it('goes on from what an earlier session measured last', async () => {
    const file = join(folder, 'watched.safetensors');
    const first = watching({ remember: (measured) => writeWatched(file, measured) });
    await first.end(1, 1000);
    await first.watch.close();
    const before = await readWatched(file, { step: 100 });
    expect(before).toMatchObject({ epoch: first.every - 1, step: 100 });
    const second = watching({ started: 1000, before });
    await second.end(2, 2000);
    await second.watch.close();
    expect(second.written).toMatchObject([{ since: first.every, epochStability: 1 }]);
  });

  it('has nothing to go on from where that is later than the checkpoint, damaged or missing', async () => {
    const file = join(folder, 'later.safetensors');
    expect(await readWatched(file, { step: 100 })).toBeUndefined();
    await writeWatched(file, { epoch: 3, step: 101, clusters: Int32Array.of(0, 1) });
    expect(await readWatched(file, { step: 100 })).toBeUndefined();
    expect(await readWatched(file, { step: 101 })).toEqual({
      ...{ epoch: 3, step: 101, clusters: Int32Array.of(0, 1) },
    });
    writeFileSync(file, 'torn');
    expect(await readWatched(file, { step: 101 })).toBeUndefined();
  });

  it('leaves epochs out that are too short for what it takes, but not the last', async () => {
    const { watch, written, end } = watching();
    await end(1, 2);
    expect(written).toEqual([]);
    await end(2, 3, true);
    expect(written).toHaveLength(1);
    await watch.close();
    const resumed = watching({ started: 1000 });
    await resumed.end(1, 1002);
    expect(resumed.written).toEqual([]);
  });

  it('keeps still where it is told to, and never ends the training', async () => {
    const silent = watching({
      settings: { ...settings, run: { ...settings.run, measures: 'none' } },
    });
    await silent.end(1, 1000, true);
    expect(silent.written).toEqual([]);
    const { watch, written, warnings, every } = watching();
    const broken = async () =>
      Object.fromEntries(Object.keys(state).map((n) => [n, new Float32Array(1)]));
    await watch.after({ epoch: every - 1, step: 1, last: false, seconds: 1e5, readState: broken });
    await watch.after({ epoch: 2 * every - 1, step: 2, last: true, seconds: 1e6, readState });
    expect(written).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('measures without labels are left out from now on');
    await watch.close();
  });
});
