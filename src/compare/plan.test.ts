/** Plan of a comparison: names, grids, and the same conditions for every method. */
import { describe, expect, it } from 'vitest';
import {
  defaultHead,
  flatSettings,
  methodNamed,
  methodNames,
  settingsFor,
} from '../methods/index.ts';
import { sharedOf } from './facts.ts';
import {
  type CompareRequest,
  networkOf,
  type PlannedRow,
  planRows,
  runName,
  sharedSettings,
} from './plan.ts';
import { tinyModelFile } from './tinyModelFile.cases.ts';

const request = (more: Partial<CompareRequest>): CompareRequest => ({
  methods: ['swav'],
  epochs: 3,
  ...more,
});

describe('names', () => {
  it('gives every point a folder of its own, safe everywhere', () => {
    expect(runName('swav', 1, {})).toBe('swav-seed1');
    expect(runName('swav', 0, { temperature: '0.2' })).toBe('swav-seed0-temperature-0.2');
    const [a, b] = ['0.1-1+0.05', '0.1-1 0.05'].map((scales) => runName('swav', 0, { scales }));
    expect(a).not.toBe(b);
    expect(a).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(runName('swav', 0, { scales: 'x/../y' })).not.toContain('/');
  });
});

describe('the rows', () => {
  it('have the same encoder, views and batch, whatever a recipe says', () => {
    const rows = planRows(request({ methods: [...methodNames] }), {
      preset: 'small-32',
      images: 1000,
    });
    expect(rows).toHaveLength(methodNames.length);
    const plain = flatSettings(settingsFor('small-32', {}));
    for (const { settings, method } of rows) {
      for (const name of sharedSettings)
        expect(flatSettings(settings)[name], `${method} ${name}`).toBe(plain[name]);
      expect(flatSettings(settings).crops).toMatch(/^[12]x32$/);
      expect(settings.schedule.epochs).toBe(3);
    }
  });

  it('takes back a recipe that changes what is shared, and keeps the rest of it', () => {
    const simclr = methodNamed('simclr');
    const before = simclr.recipe;
    const views = { blurProbability: 0.5, crops: [{ count: 2, size: 99 }] };
    Object.assign(simclr, { recipe: { views, method: { temperature: 0.37 } } });
    try {
      const [row] = planRows(request({ methods: ['simclr'] }), {
        preset: 'small-32',
        images: 1000,
      });
      expect(flatSettings(row!.settings)).toMatchObject({
        blurProbability: 0,
        temperature: 0.37,
        crops: '2x32',
      });
      const [given] = planRows(
        request({ methods: ['simclr'], settings: { views: { blurProbability: 0.2 } } }),
        { preset: 'small-32', images: 1000 },
      );
      expect(given!.settings.views.blurProbability).toBe(0.2);
    } finally {
      Object.assign(simclr, { recipe: before });
    }
  });

  it('share crops and scales, cut down to what a method takes', () => {
    const shared = (more: Partial<CompareRequest>, preset: string) =>
      sharedOf(planRows(request(more), { preset, images: 1000 }));
    expect(shared({ methods: ['swav', 'moco'] }, 'small-32')).toMatchObject({
      crops: '2x32',
      scales: '0.2-1',
    });
    expect(shared({ methods: ['moco', 'deepcluster', 'swav'] }, 'multicrop-64')).toMatchObject({
      crops: '2x64+4x32 (swav); 2x64 (moco); 1x64 (deepcluster)',
      scales: '0.25-1+0.08-0.25 (swav); 0.25-1 (moco, deepcluster)',
      frontEnd: 'none',
    });
    const varied = shared({ grid: { scales: [[[0.1, 1]], [[0.2, 1]]] } }, 'small-32');
    expect(varied.crops).toBe('2x32');
    expect(varied).not.toHaveProperty('scales');
  });

  it('are one per value of the grid, each with every seed', () => {
    const rows = planRows(request({ seeds: 2, grid: { temperature: [0.1, 0.2] } }), {
      preset: 'tiny-28',
      images: 1000,
    });
    expect(rows.map(({ settings }) => settings.method.temperature)).toEqual([0.1, 0.2]);
    expect(rows.map(({ runs }) => runs.map(({ seed }) => seed))).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('are one without changes and one per varied value that differs from it', () => {
    const rows = planRows(
      request({
        methods: ['contrastive-clustering', 'swav'],
        seeds: 1,
        vary: { augmentedViews: ['both', 'one', 'none'], architecture: ['resnet10', 'resnet18'] },
      }),
      { preset: 'small-32', images: 1000 },
    );
    expect(rows.map(({ method, grid }) => [method, grid])).toEqual(
      ['contrastive-clustering', 'swav'].flatMap((method) => [
        [method, {}],
        // SwAV does not read it, so that its rows would be the same.
        ...(method === 'swav'
          ? []
          : ['one', 'none'].map((augmentedViews) => [method, { augmentedViews }])),
        [method, { architecture: 'resnet18' }],
      ]),
    );
    const [plain, one, , deep] = rows.map(({ settings }) => settings);
    expect(one).toEqual({ ...plain, method: { ...plain!.method, augmentedViews: 'one' } });
    expect(deep).toEqual({ ...plain, encoder: { ...plain!.encoder, architecture: 'resnet18' } });
  });

  it('vary from the value that the settings give', () => {
    const rows = planRows(
      request({
        seeds: 1,
        settings: { encoder: { architecture: 'resnet34' } },
        vary: { architecture: ['resnet18', 'resnet34'] },
      }),
      { preset: 'small-32', images: 1000 },
    );
    expect(rows.map(({ settings }) => settings.encoder.architecture)).toEqual([
      'resnet34',
      'resnet18',
    ]);
    expect(rows[1]!.runs[0]!.settings).toEqual({
      encoder: { architecture: 'resnet18' },
      method: { name: 'swav' },
    });
  });

  it('share a number of clusters between methods that take one and several', () => {
    const rows = planRows(
      request({ methods: ['deepcluster', 'pcl'], settings: { method: { clusters: 9 } } }),
      { preset: 'small-32', images: 1000 },
    );
    expect(rows.map(({ settings }) => settings.method.clusters)).toEqual([9, [9]]);
  });

  it.each<[object, string]>([
    [{ settings: { method: { temprature: 1 } } }, 'did you mean "temperature"'],
    [{ settings: { data: { width: 4 } } }, '"width" is not a setting'],
    [{ settings: { method: { batchSize: 4 } } }, '"batchSize" is not a setting'],
    [{ settings: { encoder: { width: '4' } } }, 'width: received "4"'],
    [
      { settings: { run: { seed: 1 } } },
      'settings: received seed, which all runs get from `seeds`',
    ],
    [{ grid: { temprature: [1] } }, 'did you mean "temperature"'],
    [{ grid: { width: ['4'] } }, 'width: received "4"'],
    [
      { settings: { method: { temperature: 1 } }, grid: { temperature: [0.1, 0.2] } },
      'grid and settings: received temperature in both',
    ],
  ])('refuse %j before anything is trained', (more, message) => {
    expect(() => planRows(request(more), { preset: 'tiny-28', images: 1000 })).toThrow(message);
  });

  it('refuse a recipe for one method', () => {
    expect(() => planRows(request({}), { preset: 'swav-imagenet', images: 1000 })).toThrow(
      'one method',
    );
  });
});

describe('rows on a pretrained model', () => {
  const encoder = tinyModelFile();
  const facts = { preset: 'small-32', images: 1000 };
  const planned = (more: Partial<CompareRequest>) => planRows(request({ encoder, ...more }), facts);
  const names = (rows: readonly PlannedRow[]) => rows.map(({ runs }) => runs[0]!.name);

  it('are heads of methods that learn clusters, and the others train from scratch', () => {
    const rows = planned({
      ...{ methods: ['consensus', 'swav', 'simclr'], scratch: ['swav', 'simclr'] },
      fineTune: ['simclr'],
    });
    expect(rows.map(({ method, training }) => [method, training])).toEqual([
      ['consensus', 'head'],
      ['swav', 'head'],
      ['simclr', 'scratch'],
      ['swav', 'scratch'],
      ['simclr', 'fine-tuning'],
    ]);
    expect(names(rows)).toEqual([
      'consensus-head-seed0',
      'swav-head-seed0',
      'simclr-seed0',
      'swav-seed0',
      'simclr-fine-tuned-seed0',
    ]);
  });

  it('are the default head where nothing is named, and nothing beside rows that are', () => {
    expect(names(planned({ methods: undefined }))).toEqual([`${defaultHead}-head-seed0`]);
    expect(names(planned({ methods: undefined, fineTune: ['byol'] }))).toEqual([
      'byol-fine-tuned-seed0',
    ]);
  });

  it('keep their own recipes: the budget is that of networks', () => {
    const [head, network, tuned] = planned({
      ...{ methods: ['scan', 'simclr'], fineTune: ['simclr'], epochs: 7, k: 5 },
    });
    expect(head!.settings).toMatchObject({
      encoder: { architecture: 'pretrained', dimension: 8 },
      method: { name: 'scan', clusters: 5 },
      data: { imageSize: 32 },
    });
    expect(head!.settings.schedule.epochs).toBeGreaterThan(100);
    expect(network!.settings.schedule.epochs).toBe(7);
    expect(tuned!.settings).toMatchObject({
      encoder: { architecture: 'imported', dimension: 8 },
      schedule: { epochs: 7 },
      optimizer: { learningRate: 1e-5 },
    });
  });

  it('read settings of all runs but for those of a network and its input', () => {
    const rows = planned({
      ...{ methods: ['consensus', 'simclr'], fineTune: ['simclr'] },
      settings: {
        encoder: { width: 4, layerDecay: 0.5 },
        views: { crops: [{ count: 2, size: 16 }] },
        data: { batchSize: 8 },
        run: { threads: 1 },
      },
      grid: { architecture: ['resnet10', 'resnet18'] },
    });
    expect(rows.map(({ method, training, grid }) => [method, training, grid])).toEqual([
      ['consensus', 'head', {}],
      ['simclr', 'scratch', { architecture: 'resnet10' }],
      ['simclr', 'scratch', { architecture: 'resnet18' }],
      ['simclr', 'fine-tuning', {}],
    ]);
    const [head, network, , tuned] = rows;
    for (const { settings } of rows) {
      expect(settings).toMatchObject({ data: { batchSize: 8 }, run: { threads: 1 } });
    }
    expect(head!.settings.views.crops[0]!.size).toBe(32);
    expect(network!.settings.encoder).toMatchObject({ width: 4 });
    expect(flatSettings(tuned!.settings)).toMatchObject({ layerDecay: 0.5, crops: '2x16' });
    expect(tuned!.runs[0]!.settings.encoder).toEqual({ layerDecay: 0.5 });
  });

  it('leave the shared settings to networks from scratch', () => {
    const rows = planned({ methods: ['consensus', 'simclr'] });
    expect(sharedOf(rows)).toMatchObject({ architecture: 'resnet10' });
    expect(sharedOf(planned({ methods: ['consensus'] }))).toEqual({});
    const network = networkOf(planned({ methods: ['consensus'] }), request({ encoder }), 'tiny-28');
    expect(network.encoder.architecture).toBe(settingsFor('tiny-28', {}).encoder.architecture);
  });

  it.each<[Partial<CompareRequest>, string]>([
    [{ encoder: undefined, methods: ['temi'] }, 'methods: received "temi" without encoder'],
    [{ encoder: undefined, fineTune: ['simclr'] }, 'fineTune: received no encoder'],
    [{ fineTune: ['temi'] }, 'fineTune: received "temi", which trains nothing but a head'],
    [{ scratch: ['scan'] }, 'scratch: received "scan", which trains nothing but a head'],
    [{ encoder: undefined, methods: undefined }, 'methods: received none; expected one or more'],
    [{ methods: [] }, 'methods: received none; expected one or more'],
  ])('refuse %o', (more, message) => {
    expect(() => planned(more)).toThrow(message);
  });
});
