/** Plan of a comparison: names, grids, and the same conditions for every method. */
import { describe, expect, it } from 'vitest';
import { flatSettings, methodNamed, methodNames, settingsFor } from '../methods/index.ts';
import { sharedOf } from './facts.ts';
import { type CompareRequest, planRows, runName, sharedSettings } from './plan.ts';

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
    const rows = planRows(request({ methods: [...methodNames] }), 'small-32');
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
      const [row] = planRows(request({ methods: ['simclr'] }), 'small-32');
      expect(flatSettings(row!.settings)).toMatchObject({
        blurProbability: 0,
        temperature: 0.37,
        crops: '2x32',
      });
      const [given] = planRows(
        request({ methods: ['simclr'], settings: { views: { blurProbability: 0.2 } } }),
        'small-32',
      );
      expect(given!.settings.views.blurProbability).toBe(0.2);
    } finally {
      Object.assign(simclr, { recipe: before });
    }
  });

  it('share crops and scales, cut down to what a method takes', () => {
    const shared = (more: Partial<CompareRequest>, preset: string) =>
      sharedOf(planRows(request(more), preset));
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
    const rows = planRows(request({ seeds: 2, grid: { temperature: [0.1, 0.2] } }), 'tiny-28');
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
      'small-32',
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
      'small-32',
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
      'small-32',
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
    expect(() => planRows(request(more), 'tiny-28')).toThrow(message);
  });

  it('refuse a recipe for one method', () => {
    expect(() => planRows(request({}), 'swav-imagenet')).toThrow('one method');
  });
});
