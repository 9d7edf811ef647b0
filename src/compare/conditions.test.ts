/** Conditions of a comparison that is resumed, also of one that an earlier version began. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readStoredSource } from '../run/index.ts';
import { type Conditions, checkConditions, storedHubModel } from './conditions.ts';
import { tinyModelFile } from './tinyModelFile.cases.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'likeness-conditions-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const conditions: Conditions = {
  source: '/photos',
  read: { path: '/photos', name: 'photos', kind: 'folder', exclude: ['raw/**'], pages: 'all' },
  preset: 'small-32',
  budget: { epochs: 3 },
  settings: {
    encoder: { width: 4 },
    views: { crops: [{ count: 2, size: 16 }] },
    method: { hiddenDim: 16 },
  },
};
const check = (changes: Partial<Conditions> = {}) =>
  checkConditions(folder, { ...conditions, ...changes });

describe('conditions of a comparison', () => {
  it('are stored once, and the same ones are accepted in any order', async () => {
    await check();
    const { method, encoder, views } = conditions.settings;
    await check({ settings: { method, views, encoder } as Conditions['settings'] });
    expect(JSON.parse(readFileSync(join(folder, 'conditions.json'), 'utf8'))).toEqual({
      ...conditions,
      settings: { hiddenDim: 16, width: 4, crops: '2x16' },
    });
  });

  it.each<[keyof Conditions, Partial<Conditions>]>([
    ['source', { source: '/others' }],
    ['preset', { preset: 'tiny-28' }],
    ['budget', { budget: { minutes: 3 } }],
    ['settings', { settings: { encoder: { width: 8 } } }],
  ])('refuse another %s', async (name, changes) => {
    await check();
    await expect(check(changes)).rejects.toThrow(`${folder} holds a comparison with ${name}`);
  });

  it.each<[string, Partial<Conditions['read']>, string]>([
    ['exclude', { exclude: [] }, 'exclude: received [] for'],
    ['labels', { labels: 'none' }, 'started with "none". Leave it out'],
    ['pages', { pages: 'first' }, 'started with "all"'],
  ])('refuse images that are read with another %s', async (_, changes, text) => {
    await check();
    await expect(check({ read: { ...conditions.read, ...changes } })).rejects.toThrow(text);
  });

  it('give the ways of reading to whoever opens the images again', async () => {
    expect(await readStoredSource(folder)).toBeUndefined();
    await check();
    expect(await readStoredSource(folder)).toEqual(conditions.read);
  });

  it('are those of a comparison that stored texts', async () => {
    const set = ['hiddenLength=16', 'width = 4', 'crops=2x16'];
    const { settings: _, read: __, ...rest } = conditions;
    writeFileSync(join(folder, 'conditions.json'), JSON.stringify({ ...rest, set }));
    await check();
    await expect(check({ settings: { encoder: { width: 8 } } })).rejects.toThrow('"hiddenDim":16');
  });

  it('refuse a damaged file', async () => {
    writeFileSync(join(folder, 'conditions.json'), '{"source":');
    await expect(check()).rejects.toThrow('conditions.json is damaged');
  });
});

describe('a pretrained model and a budget', () => {
  const encoder = tinyModelFile();
  const { settings: other } = tinyModelFile({ model: 'other' });
  const stored = () => JSON.parse(readFileSync(join(folder, 'conditions.json'), 'utf8'));

  it('may be added later, and the budget left out for heads', async () => {
    expect(await check({ budget: null })).toBeNull();
    expect(await check({ budget: { epochs: 3 }, encoder })).toEqual({ epochs: 3 });
    expect(stored()).toMatchObject({ budget: { epochs: 3 }, model: { model: 'tiny' } });
    expect(await check({ budget: null })).toEqual({ epochs: 3 });
    await expect(check({ budget: { epochs: 4 } })).rejects.toThrow('with budget {"epochs":3}');
  });

  it('are not exchanged', async () => {
    await check({ encoder, k: 4 });
    const exchanged = { ...encoder, settings: { ...other, sha256: 'x' } };
    await expect(check({ encoder: exchanged, k: 4 })).rejects.toThrow(
      'encoder: received other with SHA-256 x… for',
    );
    await expect(check({ encoder, k: 5 })).rejects.toThrow('holds a comparison with k 4');
    await expect(check({ encoder })).rejects.toThrow('holds a comparison with k 4; received none');
  });

  it('of the hub are found again by their commit', async () => {
    const hub = { id: 'hub:a/b', commit: 'c'.repeat(40), file: 'model.onnx' };
    await check({ encoder: { ...encoder, settings: { ...encoder.settings, hub } } });
    expect(await storedHubModel(folder)).toEqual(hub);
    expect(await storedHubModel(join(folder, 'none'))).toBeUndefined();
  });
});
