/** Work that a model does once: features of the same images, and baselines of earlier calls. */
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import type { ProgressEvent } from '../core/reporter.ts';
import { reporterOf } from '../core/reporter.ts';
import { encoderSpec } from '../encoders/index.ts';
import { listCaches, type Model, openImages, openModel } from '../likeness.ts';
import { newFeatures } from './learnFeatures.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);

/** Texts of the progress of a call. */
async function textsOf(
  work: (options: { onProgress(event: ProgressEvent): void }) => Promise<unknown>,
): Promise<string[]> {
  const texts: string[] = [];
  await work({ onProgress: ({ text }) => texts.push(text) });
  return texts;
}

const begins = (texts: readonly string[], start: string) =>
  texts.some((text) => text.startsWith(start));

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('all'), 36);
  for (const [i, name] of readdirSync(at('all')).sort().entries()) {
    const kind = at('pictures', i % 2 === 0 ? 'even' : 'odd');
    mkdirSync(kind, { recursive: true });
    renameSync(at('all', name), join(kind, name));
  }
  const settings = { colorFilters: 8, grayFilters: 8, patches: 1000, iterations: 2, components: 6 };
  const encoder = encoderSpec.parse({ name: 'patches', settings });
  await using images = await openImages(at('pictures'));
  const request = { encoder, preset: 'small-32', seed: 0, out: at('run'), notes: [] };
  await newFeatures(images, request, reporterOf({}));
}, 300_000);
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

const scores = (): Record<string, unknown> => {
  const { key: _, ...rest } = JSON.parse(readFileSync(at('run', 'evaluation.json'), 'utf8'));
  return rest;
};

describe('a model that evaluates and then clusters the same images', () => {
  let model: Model;
  let first: Record<string, unknown>;

  it('embeds them once, with the same features as a model that embeds them again', async () => {
    await using images = await openImages(at('pictures'));
    model = await openModel(at('run'));
    const evaluating = await textsOf((options) => model.evaluate(images, options));
    first = scores();
    const clustering = await textsOf((options) => model.cluster(images, { k: 2, ...options }));
    expect(begins(evaluating, 'patch features: 36 of 36 images')).toBe(true);
    expect(begins(clustering, 'patch features:')).toBe(false);
    const kept = readFileSync(at('run', 'embeddings.safetensors'));
    const other = await openModel(at('run'));
    const again = await textsOf((options) => other.cluster(images, { k: 2, ...options }));
    expect(begins(again, 'patch features: 36 of 36 images')).toBe(true);
    expect(readFileSync(at('run', 'embeddings.safetensors')).equals(kept)).toBe(true);
  }, 400_000);

  it('embeds other images of the source', async () => {
    await using images = await openImages(at('pictures'), { exclude: ['odd/**'] });
    const texts = await textsOf((options) => model.embed(images, options));
    expect(begins(texts, 'patch features: 18 of 18 images')).toBe(true);
  });

  it('measures baselines once, with the same scores', async () => {
    const other = await openModel(at('run'));
    const texts = await textsOf((options) => other.evaluate(at('pictures'), options));
    expect(begins(texts, 'patch features: k-means')).toBe(true);
    for (const baseline of ['raw pixels', 'color histogram', 'untrained encoder'])
      expect(begins(texts, `${baseline}: k-means`)).toBe(false);
    const { baselines } = scores();
    expect(baselines).toEqual(first.baselines);
    expect(Object.keys(baselines as object).length).toBe(3);
    expect(listCaches().caches.filter(({ scores }) => scores).length).toBe(3);
  }, 400_000);
});
