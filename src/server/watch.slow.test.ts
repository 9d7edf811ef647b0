/** Routes of a training that is watched, on a run that was really trained, without a socket. */
import { cpSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { openPixelCache, openSource } from '../data/index.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { openModel, train } from '../likeness.ts';
import { viewsOf } from '../methods/index.ts';
import { openRunFolder, readTrainedConfig, trainedCacheSize } from '../run/index.ts';
import { openLoader, toInterleaved } from '../views/index.ts';
import { createApp } from './app.ts';
import type {
  MomentAnswer,
  MomentsAnswer,
  RunAnswer,
  TrainingAnswer,
  ViewsAnswer,
} from './protocol.ts';
import { port, requestsTo, token } from './requests.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const settings = {
  data: { batchSize: 16, imageSize: 16 },
  views: {
    ...{
      crops: [
        { count: 2, size: 16 },
        { count: 2, size: 8 },
      ],
    },
    scales: [
      [0.3, 1],
      [0.1, 0.3],
    ] as [number, number][],
  },
  encoder: { architecture: 'resnet10', width: 4 } as const,
  method: { name: 'swav', hiddenDim: 16, embeddingDim: 8, prototypes: 12 } as const,
};
let explorer: Explorer;
let app: ReturnType<typeof createApp>;

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('photos'), 48);
  // An image that cannot be read comes before others, so that the cache numbers images otherwise.
  await writeFile(at('photos', '0-broken.png'), 'no picture');
  await train(at('photos'), { epochs: 2, settings, out: at('runs', 'swav') });
  explorer = openExplorer({ cwd: workplace.path });
  await explorer.show(await openForPage(at('runs', 'swav')));
  app = createApp({
    ...{ explorer, token, closing: new AbortController().signal },
    ...{ port, page: new Map() },
    report: (error) => expect.unreachable(String(error)),
  });
}, 120_000);
afterAll(async () => {
  await explorer?.close();
  vi.unstubAllEnvs();
});

const { get: request } = requestsTo(() => app);
async function get<T>(path: string): Promise<T> {
  const answer = await request(path);
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as T;
}

describe('moments', () => {
  it('lead from a measured epoch to images of the source', async () => {
    const { steps } = await get<MomentsAnswer>('/api/moments');
    expect(steps).toEqual([6]);
    const moment = await get<MomentAnswer>('/api/moments/6');
    expect(moment).toMatchObject({ kind: 'prototypes', groups: 12, sample: 48, epoch: 1 });
    expect(moment.rows).toHaveLength(48);
    expect(new Set(moment.rows).size).toBe(48);
    expect(moment.places).toHaveLength(96);
    expect(moment.strips.length).toBeGreaterThan(0);
    const { ids } = explorer.current();
    for (const { rows } of moment.strips) {
      expect(rows).toHaveLength(8);
      for (const row of rows) expect(ids[row]).toMatch(/\.png$/);
    }
    // The largest strip has images that were found nearest to its prototype.
    const [largest] = moment.strips;
    const own = moment.rows.filter((_, i) => moment.assigned[i] === largest!.group);
    expect(own).toContain(largest!.rows[0]);
  });

  it('are the map of a run that is not clustered yet', async () => {
    const { layouts, clusters } = await get<RunAnswer>('/api/run');
    expect(clusters).toEqual([]);
    expect(layouts).toMatchObject([{ step: 6, final: false }]);
    for (const step of ['final', '6']) {
      const answer = await request(`/api/layouts/${step}`);
      const places = new Float32Array(await answer.arrayBuffer());
      expect(places).toHaveLength(2 * explorer.current().ids.length);
      expect(places.filter((value) => !Number.isNaN(value))).toHaveLength(96);
    }
  });

  it('explain the verdict in words', async () => {
    const training = await get<TrainingAnswer>('/api/training');
    expect(training.health).toBe('too few images');
    const names = training.measures.map(({ name }) => name);
    expect(new Set(names).size, 'curves have names of their own').toBe(names.length);
    expect(names.length).toBeGreaterThan(4);
    expect(training.meaning).toContain('fewer than 200 different images');
  });
});

describe('views', () => {
  it('are those that the training drew', async () => {
    const { config, views } = await runOf();
    const answer = await get<ViewsAnswer>('/api/views?epoch=1');
    expect(answer.groups.map(({ count, size }) => [count, size])).toEqual([
      [2, 16],
      [2, 8],
    ]);
    expect(answer.images).toHaveLength(6);
    const source = await openSource(at('photos'));
    const cache = await openPixelCache(source, {
      size: trainedCacheSize(config),
      cacheDir: at('cache'),
    });
    expect(cache.count).toBe(48);
    const indices = Uint32Array.from({ length: 48 }, (_, i) => i);
    const loader = openLoader({ cache, indices, views, batchSize: 16, seed: 0, workers: 1 });
    const { ids } = explorer.current();
    let compared = 0;
    for (let step = 0; step < loader.stepsPerEpoch; step++) {
      const batch = await loader.batch(1, step);
      for (const [b, index] of batch.images.entries()) {
        const id = cache.entries[index]!.id;
        const image = answer.images.find(({ row }) => ids[row] === id);
        if (!image) continue;
        compared++;
        const bytes = 3 * 16 * 16;
        for (const v of [0, 1]) {
          const start = (v * 16 + b) * bytes;
          const data = new Uint8Array(batch.crops[0]!.subarray(start, start + bytes));
          const { pixels } = toInterleaved({ width: 16, height: 16, data });
          const png = Buffer.from(image.views[v]!.picture.split(',')[1]!, 'base64');
          const drawn = await sharp(png).removeAlpha().raw().toBuffer();
          expect(drawn.equals(Buffer.from(pixels)), `${id} view ${v}`).toBe(true);
        }
      }
    }
    await loader.close();
    await source.close();
    expect(compared).toBe(6);
    expect(config.settings.run.seed).toBe(0);
  });

  it('differ between epochs and lie within the image', async () => {
    const [one, other] = [
      await get<ViewsAnswer>('/api/views'),
      await get<ViewsAnswer>('/api/views?epoch=3'),
    ];
    expect(one.epoch).toBe(0);
    expect(one.images.map(({ row }) => row)).toEqual(other.images.map(({ row }) => row));
    expect(one.images[0]!.views[0]!.box).not.toEqual(other.images[0]!.views[0]!.box);
    for (const { views } of one.images) {
      for (const { box } of views) {
        const [left = -1, top = -1, width = 0, height = 0] = box;
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
  });
});

describe('requests that are refused', () => {
  it.each<[string, number, string, Record<string, string>?]>([
    ['/api/moments', 403, 'server.host', { host: 'evil.example:4807' }],
    ['/api/views', 403, 'server.origin', { origin: 'http://evil.example' }],
    ['/api/views', 403, 'server.site', { 'sec-fetch-site': 'cross-site' }],
    ['/api/views?epoch=-1', 400, 'server.request'],
    ['/api/views?epoch=1&epoch=2', 400, 'server.request'],
    ['/api/views?image=..%2f..%2fetc', 400, 'server.request'],
    ['/api/moments?all=1', 400, 'server.request'],
    ['/api/moments/last', 400, 'server.request'],
    ['/api/moments/..%2f..%2fconfig.json', 400, 'server.request'],
    ['/api/moments/7', 404, 'explore.moment'],
  ])('%s: %d %s', async (path, status, code, given) => {
    const answer = await request(path, given);
    const { error } = (await answer.json()) as { error: { code: string } };
    expect([answer.status, error.code]).toEqual([status, code]);
  });

  it('a damaged moment is named', async () => {
    cpSync(at('runs', 'swav'), at('runs', 'damaged'), { recursive: true });
    await writeFile(at('runs', 'damaged', 'moments', 'step-0000000006.safetensors'), 'torn');
    await explorer.open('damaged');
    const answer = await request('/api/moments/6');
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('step-0000000006.safetensors');
    await explorer.open('swav');
  });
});

it('keeps moments after clustering, before the map of all images', async () => {
  const model = await openModel(at('runs', 'swav'));
  await model.cluster(at('photos'), { k: 3 });
  const { layouts } = await get<RunAnswer>('/api/run');
  expect(layouts.at(-1)).toMatchObject({ final: true, images: 48 });
});

async function runOf() {
  const config = await readTrainedConfig(await openRunFolder(at('runs', 'swav')), 'run');
  return { config, views: viewsOf(config.settings) };
}
