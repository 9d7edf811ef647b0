/** Work that is done once: features of the same images, and baselines of earlier evaluations. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import type { ProgressEvent } from '../core/reporter.ts';
import { listCaches, type Model, openImages, openModel } from '../likeness.ts';
import { makeTinyRun } from './tinyPatches.cases.ts';

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
  await writeTextures(at('pictures'), 36, ['even', 'odd']);
  await using images = await openImages(at('pictures'));
  await makeTinyRun(images, at('run'));
}, 300_000);
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

const scores = (): Record<string, unknown> => {
  const { key: _, ...rest } = JSON.parse(readFileSync(at('run', 'evaluation.json'), 'utf8'));
  return rest;
};

/** Removes stored features and returns their models. */
function clearFeatures(): string[] {
  const stored = listCaches().caches.filter(({ features }) => features);
  for (const { file } of stored) rmSync(file);
  return stored.map(({ features }) => features!.model);
}

describe('a run that is evaluated and then clustered', () => {
  let first: Record<string, unknown>;
  const readFeatures = () => readFileSync(at('run', 'embeddings.safetensors'));

  it('embeds the images once, with the same features as without stored ones', async () => {
    const texts = async (work: (model: Model, options: object) => Promise<unknown>) => {
      const model = await openModel(at('run'));
      return textsOf((options) => work(model, options));
    };
    await using images = await openImages(at('pictures'));
    const evaluating = await texts((model, options) => model.evaluate(images, options));
    first = scores();
    const cluster = (model: Model, options: object) => model.cluster(images, { k: 2, ...options });
    const clustering = await texts(cluster);
    expect(begins(evaluating, 'patch features: 36 of 36 images')).toBe(true);
    expect(begins(clustering, 'patch features:')).toBe(false);
    const stored = readFeatures();
    expect(clearFeatures()).toEqual(['patch features']);
    expect(begins(await texts(cluster), 'patch features: 36 of 36 images')).toBe(true);
    expect(readFeatures().equals(stored)).toBe(true);
  }, 400_000);

  it('embeds the images that were not embedded before, with the same features', async () => {
    clearFeatures();
    const model = await openModel(at('run'));
    await using part = await openImages(at('pictures'), { exclude: ['odd/**'] });
    const texts = await textsOf((options) => model.embed(part, options));
    expect(begins(texts, 'patch features: 18 of 18 images')).toBe(true);
    const stored = readFeatures();
    await using images = await openImages(at('pictures'));
    const rest = await textsOf((options) => model.cluster(images, { k: 2, ...options }));
    expect(begins(rest, 'patch features: 18 of 18 images')).toBe(true);
    expect(readFeatures().equals(stored)).toBe(true);
  }, 400_000);

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
