/** The offer to train in Chromium: on generated images, and a real training from the page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTinyRun } from '../src/explore/explore.cases.ts';
import { type ExploreServer, explore } from '../src/likeness.ts';
import { writeTextures } from './likeness.cases.ts';
import { buildPage, openPage, settled } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();

it('tells what a time reaches, and leads to the training', async () => {
  const { page, complaints } = await used.open('#/watch', 'synthetic=3000&training=none');
  await page.getByRole('heading', { name: 'Train a network on these images' }).waitFor();
  await page.getByText('3,000 images will see 189 of the 200 epochs').waitFor();
  await page.getByRole('radio', { name: '30 min' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText('About 378 epochs, as many as this recipe was made for.').waitFor();
  await page.getByRole('button', { name: 'Train for 1 h' }).click();
  await page.getByRole('heading', { name: 'Training', exact: true }).waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Stop and save' }).click();
  await page.getByText('photos-train was stopped and is saved.').waitFor();
  await page.getByRole('heading', { name: 'Interrupted' }).waitFor();
  await page.getByRole('button', { name: 'Resume the training' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

describe('a training from the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-page-train-'));
  let server: ExploreServer;

  beforeAll(async () => {
    vi.stubEnv('LIKENESS_CACHE', join(folder, 'cache'));
    const page = await buildPage(folder);
    const { run, photos } = await writeTinyRun(folder, { count: 24 });
    await writeTextures(photos, 40);
    server = await explore(undefined, { run, cwd: folder, page });
  });
  afterAll(async () => {
    await server?.close();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts, is watched in two windows, stops with the run saved, and resumes', async () => {
    const { page, complaints } = await openPage(used.browser, `${server.address}/#/watch`);
    const other = await openPage(used.browser, `${server.address}/#/watch`);
    await page.getByText('64 images are few for training from scratch').waitFor();
    await page.getByRole('button', { name: /^Train for/ }).click();
    const training = { name: 'Training', exact: true };
    await page.getByRole('heading', training).waitFor({ timeout: 180_000 });
    await other.page.getByRole('heading', training).waitFor({ timeout: 60_000 });
    await page.getByRole('heading', { name: 'What the network sees' }).waitFor();
    await page.reload();
    await settled(page);
    const stop = page.getByRole('main').getByRole('button', { name: 'Stop and save' });
    await stop.waitFor();
    // The other window has the same training, and stops it.
    await other.page.getByRole('main').getByRole('button', { name: 'Stop and save' }).click();
    await page.getByRole('heading', { name: 'Interrupted' }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Resume the training' }).click();
    await page.getByRole('heading', training).waitFor({ timeout: 180_000 });
    expect(complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
    await page.context().close();
    await other.page.context().close();
  }, 480_000);
});
