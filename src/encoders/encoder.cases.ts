/** The test suite that every implementation of ImageEncoder runs, and small images to run it on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { type ProgressEvent, reporterOf } from '../core/reporter.ts';
import { openPixelCache, openSource, type PixelCache } from '../data/index.ts';
import { resolveSettings } from '../methods/index.ts';
import { evaluationBatches } from '../views/index.ts';
import type { ImageEncoder } from './encoder.ts';

const sample = fileURLToPath(new URL('../../sample', import.meta.url));

/** Settings of a network that embeds in milliseconds. */
export const tinySettings = resolveSettings({
  data: { batchSize: 32, imageSize: 16 },
  views: { crops: [{ count: 2, size: 14 }], scales: [[0.3, 1]] },
  encoder: { architecture: 'resnet10', width: 4 },
  method: { name: 'swav', hiddenDim: 16, embeddingDim: 8, prototypes: 12 },
});

/** Engine, images and folder that the suite opens encoders with. */
export interface TinyImages {
  readonly engine: Engine;
  readonly cache: PixelCache;
  /** A folder that is removed afterwards. */
  readonly folder: string;
}

/** Opens an engine and a cache of the bundled sample for the tests of a file. */
export function useTinyImages(): TinyImages {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-encoders-'));
  const open: { -readonly [name in keyof TinyImages]?: TinyImages[name] } = { folder };
  beforeAll(async () => {
    open.engine = await openEngine({ threads: 1 });
    const source = await openSource(sample);
    open.cache = await openPixelCache(source, { size: 24, cacheDir: folder });
    await source.close();
  }, 60_000);
  afterAll(async () => {
    await open.engine?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return open as TinyImages;
}

/** Two whole batches of every implementation and a part of one. */
const N = 2 * 256 + 7;
/** Rounding between two batch sizes. */
const DIGITS = 4;

function expectClose(found: Float32Array, expected: Float32Array): void {
  expect(found.length).toBe(expected.length);
  const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - found[i]!)), 0);
  expect(worst).toBeLessThan(10 ** -DIGITS);
}

/** Holds an implementation to the interface. */
export function encoderCases(
  name: string,
  images: TinyImages,
  open: () => Promise<ImageEncoder>,
): void {
  describe(`${name}, as an ImageEncoder`, () => {
    let encoder: ImageEncoder;
    const indices = Uint32Array.from({ length: N }, (_, i) => (7 * i + 3) % 5000);
    beforeAll(async () => {
      encoder = await open();
    }, 60_000);
    afterAll(() => encoder.close());

    it('says what it is', () => {
      expect(encoder.id).toMatch(/^[a-zA-Z0-9@-]+$/);
      expect(encoder.title).toMatch(/^[a-z]/);
      expect(encoder.dimension).toBeGreaterThan(0);
      expect(encoder.input.size).toBe(tinySettings.data.imageSize);
    });

    it('gives one row per image in the given order, the same with more workers', async () => {
      const { cache } = images;
      const features = await encoder.embed({ cache, indices });
      expect([features.count, features.dimension]).toEqual([N, encoder.dimension]);
      expect(await encoder.embed({ cache, indices }, { workers: 2 })).toEqual(features);
      const reversed = await encoder.embed({ cache, indices: indices.toReversed() });
      const D = encoder.dimension;
      const last = features.data.subarray((N - 1) * D);
      expectClose(reversed.data.subarray(0, D), last);
    });

    it('gives the same in parts, with progress up to the last image', async () => {
      const { cache } = images;
      const seen: ProgressEvent[] = [];
      const reporter = reporterOf({ onProgress: (event) => void seen.push(event) });
      const values = new Float32Array(N * encoder.dimension);
      let at = 0;
      for await (const part of encoder.parts({ cache, indices }, { reporter })) {
        expect(part.length % encoder.dimension).toBe(0);
        values.set(part, at);
        at += part.length;
      }
      expect(values).toEqual((await encoder.embed({ cache, indices })).data);
      expect(seen.at(-1)).toMatchObject({ stage: 'embed', done: N, total: N });
      expect(seen.length).toBeGreaterThan(1);
    });

    it('embeds views that were rendered elsewhere', async () => {
      const { cache } = images;
      const few = indices.slice(0, 5);
      const { size } = encoder.input;
      for await (const { pixels } of evaluationBatches(cache, {
        size,
        batchSize: 5,
        indices: few,
      })) {
        expectClose(
          await encoder.embedViews(pixels),
          (await encoder.embed({ cache, indices: few })).data,
        );
      }
      await expect(encoder.embedViews(new Uint8Array(5))).rejects.toThrow(/received 5 bytes/);
    });

    it('stops at an aborted signal', async () => {
      const { cache } = images;
      const reporter = reporterOf({ signal: AbortSignal.abort(new Error('enough')) });
      await expect(encoder.embed({ cache, indices }, { reporter })).rejects.toThrow('enough');
    });
  });
}
