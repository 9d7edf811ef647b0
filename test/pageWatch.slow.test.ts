/** Watching a training in Chromium: on generated images, and a real one while it runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ExploreServer, explore, train } from '../src/likeness.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';
import { buildPage, openPage, settled, tab } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();

describe('a training on generated images', () => {
  const strips = (page: Page) => page.getByRole('list', { name: /nearest images$/ });
  const slider = (page: Page) => page.getByRole('slider', { name: 'Epoch' });

  it('goes back through the epochs by a slider, with the map, the strips and the views', async () => {
    const { page, complaints } = await used.open('#/watch');
    await page.getByRole('heading', { name: 'Through the training' }).waitFor();
    expect(await strips(page).locator('li').count()).toBe(12);
    const now = await strips(page).innerHTML();
    await page.getByText('in epoch 20').waitFor();
    await slider(page).focus();
    await page.keyboard.press('Home');
    await page.getByText('after epoch 1', { exact: true }).waitFor();
    await page.getByText('in epoch 1,').waitFor();
    expect(await strips(page).innerHTML()).not.toBe(now);
    expect(page.url()).toContain('step=60');
    await page.reload();
    await settled(page);
    await page.getByText('after epoch 1', { exact: true }).waitFor();
    // The same step is chosen on the map.
    await tab(page, 'Map').click();
    await page.getByRole('slider', { name: 'Moment of the training' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('opens an image of a strip by keys, and steps through the strip', async () => {
    const { page, complaints } = await used.open('#/watch');
    const tile = page.getByRole('button', { name: 'Image 1 nearest to prototype 1', exact: true });
    await tile.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('follows new epochs while it runs, unless an earlier one is chosen', async () => {
    const { page, complaints } = await used.open('#/watch', 'synthetic=300&training=running');
    await page.getByText('after epoch 7 (now)').waitFor();
    await page.getByText('after epoch 8 (now)').waitFor();
    await slider(page).focus();
    await page.keyboard.press('Home');
    await page.getByText('after epoch 1', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('a real training', () => {
  const workplace = openWorkplace();
  const at = (...names: string[]) => join(workplace.path, ...names);
  const stop = new AbortController();
  let training: Promise<unknown>;
  let server: ExploreServer;

  beforeAll(async () => {
    vi.stubEnv('LIKENESS_CACHE', at('cache'));
    await writeTextures(at('photos'), 64);
    training = train(at('photos'), {
      ...{ epochs: 100_000, out: at('runs', 'live'), signal: stop.signal },
      settings: {
        data: { batchSize: 32, imageSize: 16 },
        views: { crops: [{ count: 2, size: 16 }], scales: [[0.3, 1]] },
        encoder: { architecture: 'resnet10', width: 4 },
        method: { name: 'swav', hiddenDim: 16, embeddingDim: 8, prototypes: 12 },
      },
    });
    training.catch(() => {}); // reported where it is awaited
    while (!existsSync(at('runs', 'live', 'events.jsonl'))) await pause(50);
    const page = await buildPage(workplace.path);
    server = await explore(undefined, { run: at('runs', 'live'), cwd: workplace.path, page });
  });
  afterAll(async () => {
    stop.abort();
    await training;
    await server?.close();
    vi.unstubAllEnvs();
  });
  const open = () => openPage(used.browser, `${server.address}/#/watch`);
  const step = async (page: Page) => {
    const text = await page.getByText(/^Step [\d,]+/).innerText();
    return Number(/^Step ([\d,]+)/.exec(text)![1]!.replaceAll(',', ''));
  };

  it('shows its steps, views and moments, after a reload and in a second browser', async () => {
    const one = await open();
    await one.page.getByRole('heading', { name: 'Training', exact: true }).waitFor();
    const before = await step(one.page);
    await one.page.getByRole('heading', { name: 'What the network sees' }).waitFor();
    expect(await one.page.getByRole('img', { name: /^View \d of image \d$/ }).count()).toBe(12);
    // The first measurement is due after 25 seconds of training.
    const strip = { name: /^Image 1 nearest to prototype/ };
    await one.page.getByRole('button', strip).first().waitFor({ timeout: 120_000 });
    const other = await open();
    await other.page.getByRole('button', strip).first().waitFor();
    await one.page.reload();
    await settled(one.page);
    await one.page.getByRole('button', strip).first().waitFor();
    expect(await step(one.page)).toBeGreaterThan(before);
    expect(await step(other.page)).toBeGreaterThan(before);
    await tab(one.page, 'Map').click();
    await one.page.locator('[data-renderer]').waitFor();
    await one.page.getByText('The map cannot be shown').waitFor({ state: 'detached' });
    expect(one.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
    await one.page.context().close();
    await other.page.context().close();
  }, 240_000);

  it('ends while it is watched, and the page says so', async () => {
    const { page, complaints } = await open();
    await page.getByRole('heading', { name: 'Training', exact: true }).waitFor();
    stop.abort();
    await page.getByRole('heading', { name: 'Interrupted' }).waitFor({ timeout: 60_000 });
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
