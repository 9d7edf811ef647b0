/** Progress of the functions of the library: every long stage has a name, and counts hold. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import type { ProgressEvent, ReporterOptions } from '../core/reporter.ts';
import { inspect, openImages, openModel } from '../likeness.ts';
import { makeTinyRun } from './tinyPatches.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const events: Record<string, ProgressEvent[]> = {};

/** Options that record the events of a call under its name. */
function recorded(name: string): ReporterOptions {
  const own: ProgressEvent[] = [];
  events[name] = own;
  return { onProgress: (event) => own.push(event) };
}

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('pictures'), 36, ['even', 'odd']);
  const learning = recorded('learn');
  await using images = await openImages(at('pictures'), learning);
  await makeTinyRun(images, at('run'), learning);
  const model = await openModel(at('run'));
  await model.evaluate(images, recorded('evaluate'));
  await using groups = await model.cluster(images, recorded('cluster'));
  await groups.writeReport(recorded('report'));
  await groups.sortInto(at('sorted'), recorded('sort'));
  // In another cache folder, because clustering stored the features in the first.
  vi.stubEnv('LIKENESS_CACHE', at('other-cache'));
  await using others = await openImages(at('pictures'));
  await model.embedTo(at('features.npy'), others, recorded('embed'));
  await model.assign([at('pictures')], undefined, recorded('assign'));
  await model.exportOnnx(at('encoder.onnx'), recorded('export'));
  await inspect(at('pictures'), recorded('inspect'));
}, 300_000);
afterAll(() => {
  vi.unstubAllEnvs();
  workplace.remove();
});

/** Beginnings of the texts of stages that can take more than two seconds. */
const stages: Readonly<Record<string, readonly string[]>> = {
  learn: [
    'listing',
    'decoding',
    'learning patch features',
    'drawing patches',
    'whitening color patches',
    'learning the dictionary of color patches',
    'learning the dictionary of gray patches',
    'patch responses',
    'computing principal components',
    'averaging the memory of images',
  ],
  evaluate: [
    'patch features',
    ...['patch features', 'untrained encoder', 'raw pixels', 'color histogram'].flatMap((title) =>
      ['k-means', 'nearest neighbors', 'linear classifier', 'classifiers with few labels'].map(
        (part) => `${title}: ${part}`,
      ),
    ),
    'statistics of the untrained encoder',
    'untrained encoder: effective rank',
    'comparing the clusters with color',
  ],
  cluster: ['trying numbers of clusters', 'finding', 'assigning', 'comparing the clusters with'],
  report: ['laying out the features', 'pictures of', 'writing the report'],
  sort: ['sorting'],
  embed: ['patch features'],
  assign: ['embedded'],
  export: ['building the ONNX model', 'embedding the images', 'comparing the ONNX model'],
  inspect: ['listing', 'measuring', 'looking for equal images'],
};

describe('progress', () => {
  it.each(Object.entries(stages))('of %s names its long stages', (name, expected) => {
    const texts = events[name]!.map(({ text }) => text);
    const missing = expected.filter((begin) => !texts.some((text) => text.startsWith(begin)));
    expect(missing).toEqual([]);
  });

  it('counts forward to a total that does not change, until a stage begins its next part', () => {
    let counted = 0;
    for (const own of Object.values(events)) {
      const before = new Map<string, ProgressEvent>();
      for (const event of own) {
        const { stage, text, done, total } = event;
        const last = before.get(stage);
        before.set(stage, event);
        if (!done || last?.done === undefined) continue;
        expect(done, text).toBeGreaterThanOrEqual(last.done);
        expect(total, text).toBe(last.total);
        if (total === undefined) continue;
        expect(done, text).toBeLessThanOrEqual(total);
        counted++;
      }
    }
    expect(counted).toBeGreaterThan(100);
  });
});
