/** The offer to train in Chromium: on generated images, and a real training from the page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTinyRun } from '../src/explore/explore.cases.ts';
import { type ExploreServer, explore } from '../src/likeness.ts';
import type { TrainOffer } from '../src/server/protocol.ts';
import { writeTextures } from './likeness.cases.ts';
import { buildPage, openPage, settled } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();

/** Chromium reports the request that the server refuses. */
const REFUSED = [expect.stringContaining('400')];

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

  it('shows beside its field what is refused, and a line on what is chosen', async () => {
    const { page, complaints } = await openPage(used.browser, `${server.address}/#/watch`);
    await page.getByText('Method, recipe and model').click();
    const { choices } = await page.evaluate<TrainOffer>(
      `fetch('/api/train').then((answer) => answer.json())`,
    );
    const method = page.getByRole('combobox', { name: 'Method' });
    const told = (field: string) => page.locator(`#about-${field}`);
    const about = (name: string) => choices.methods.find((one) => one.name === name)!.about;
    await method.selectOption('moco');
    await told('method').getByText(about('moco')).waitFor();
    await page.getByText('A run of its own by moco.').waitFor();
    const paper = choices.presets.find((one) => one.method === 'swav')!;
    // A complete recipe of another method is not offered.
    expect(await page.locator(`option[value="${paper.name}"]`).count()).toBe(0);
    await method.selectOption('swav');
    await page.getByRole('combobox', { name: 'Recipe' }).selectOption(paper.name);
    await told('preset').getByText(paper.about).waitFor();

    await page.getByRole('radio', { name: 'Epochs' }).check({ force: true });
    const epochs = page.getByRole('textbox', { name: 'Passes over the images' });
    for (const wrong of ['1.5', 'many']) {
      await epochs.fill(wrong);
      await page.getByRole('button', { name: /^Train for/ }).click();
      await told('epochs').getByText('expected a whole number of at least 1').waitFor();
      expect(await epochs.getAttribute('aria-invalid')).toBe('true');
    }
    await epochs.fill('2');
    expect(await epochs.getAttribute('aria-invalid')).toBe('false');

    // The process of the training finds out that there is no such model.
    const encoder = page.getByRole('textbox', { name: 'Pretrained model' });
    await encoder.fill(join(folder, 'none.onnx'));
    expect(await page.getByRole('combobox', { name: 'Recipe' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Train for 2 epochs' }).click();
    await told('encoder').getByText('which does not exist').waitFor({ timeout: 180_000 });
    expect(await encoder.getAttribute('aria-invalid')).toBe('true');
    expect(complaints).toEqual(REFUSED);
    await page.context().close();
  }, 300_000);

  it('starts, is watched in two windows, stops with the run saved, and resumes', async () => {
    const { page, complaints } = await openPage(used.browser, `${server.address}/#/watch`);
    const other = await openPage(used.browser, `${server.address}/#/watch`);
    await page.getByText('64 images are few for training from scratch').waitFor();
    await page.getByText('Method, recipe and model').click();
    await page.getByRole('combobox', { name: 'Method' }).selectOption('byol');
    await page.getByRole('button', { name: /^Train for/ }).click();
    // The longest parts before the first step are named as in the terminal.
    await page
      .getByText(/^(listing|decoding|judging)/)
      .first()
      .waitFor({ timeout: 180_000 });
    await page
      .getByText(/^(compiling the training step|measuring kernels)/)
      .first()
      .waitFor({ timeout: 180_000 });
    const training = { name: 'Training', exact: true };
    await page.getByRole('heading', training).waitFor({ timeout: 180_000 });
    await page.getByRole('banner').getByText('byol').waitFor();
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
