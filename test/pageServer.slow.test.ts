/** The page in Chromium against the real server and a small run on the disk. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileNames, type TinyRun, writeTinyRun } from '../src/explore/explore.cases.ts';
import { type ExploreServer, explore } from '../src/likeness.ts';
import { buildPage, openPage, settled, tab, toolbar } from './page.cases.ts';
import { useChromium } from './usePage.cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-page-server-'));
const chromium = useChromium();
let page: string;
let tiny: TinyRun;
let server: ExploreServer;

/** A file, and a copy of its bytes. */
const [original, copy] = ['town/photo-005.png', 'town/photo-007.png'] as const;
const cacheBefore = process.env.LIKENESS_CACHE;

beforeAll(async () => {
  process.env.LIKENESS_CACHE = join(folder, 'cache');
  page = await buildPage(folder);
  tiny = await writeTinyRun(folder, { count: 24, names: hostileNames });
  await writeTinyRun(folder, { count: 24, k: 2, name: 'other', names: hostileNames });
  copyFileSync(join(tiny.photos, original), join(tiny.photos, copy));
  server = await explore(undefined, { run: tiny.run, cwd: folder, page });
});
afterAll(async () => {
  await server?.close();
  if (cacheBefore === undefined) delete process.env.LIKENESS_CACHE;
  else process.env.LIKENESS_CACHE = cacheBefore;
  rmSync(folder, { recursive: true, force: true });
});

const open = (fragment: string) => openPage(chromium.browser, `${server.address}/${fragment}`);
const edits = () => readFileSync(join(tiny.run, 'edits.json'), 'utf8');
const rename = async (at: Page, name: string) => {
  const field = at.getByRole('textbox', { name: 'Name of the cluster' });
  await field.fill(name);
  await field.press('Enter');
};

describe('the page of a run', () => {
  it('shows pictures and hostile file names as text, under the policy of the server', async () => {
    const { page: at, complaints } = await open('#/clusters');
    expect(await at.locator('.wall article').count()).toBe(3);
    const drawn = await at.evaluate<number>(
      '[...document.images].filter((image) => image.naturalWidth > 0).length',
    );
    expect(drawn).toBeGreaterThan(8);
    const names = new Set<string>();
    for (const row of tiny.ids.keys()) {
      if (!hostileNames.includes(tiny.ids[row]! as (typeof hostileNames)[number])) continue;
      await at.goto(`${server.address}/#/clusters?open=${row}`);
      await at.getByText(tiny.ids[row]!, { exact: true }).waitFor();
      names.add(tiny.ids[row]!);
    }
    expect([...names].sort()).toEqual([...hostileNames].sort());
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it('stores names, moves and merges at once, and takes them back', async () => {
    const { page: at, complaints } = await open('#/clusters/0');
    await rename(at, '<b>stripes</b>');
    await at.getByText('Named').waitFor();
    expect(edits()).toContain('<b>stripes</b>');
    await at.locator('[role=option][data-position="0"]').focus();
    await at.keyboard.press('Space');
    await at.keyboard.press('m');
    await at.getByRole('combobox', { name: 'Name or number of a cluster' }).fill('cluster 1');
    await at.keyboard.press('Enter');
    await at.getByText('1 image moved to Cluster 1').waitFor();
    await tab(at, 'Clusters').click();
    for (const name of ['Cluster 1', 'Cluster 2']) {
      await at.getByRole('button', { name: `Select the images of ${name}` }).click();
    }
    await toolbar(at).getByRole('button', { name: 'Merge 2' }).click();
    await at.getByText('2 clusters merged').waitFor();
    expect(await at.locator('.wall article').count()).toBe(2);
    for (const what of ['Undone: merge', 'Undone: move', 'Undone: name']) {
      await at.keyboard.press('Control+z');
      await at.getByText(what).waitFor();
    }
    expect(await at.locator('.wall article').count()).toBe(3);
    expect(await at.getByText('<b>stripes</b>').and(at.locator('h2')).count()).toBe(0);
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it('follows another window, which cannot overwrite it', async () => {
    const one = await open('#/clusters/0');
    const other = await open('#/clusters/0');
    await rename(one.page, 'first');
    await other.page.locator('nav').getByText('first').waitFor();
    // A window whose events are late does not know of the change of the first.
    await other.page.route('**/api/run', (route) => route.abort());
    await rename(one.page, 'second');
    await one.page.getByText('Named “second”').waitFor();
    await other.page.unroute('**/api/run');
    await rename(other.page, 'third');
    await other.page.getByText('Another window changed the clusters').waitFor();
    await other.page.locator('nav').getByText('second').waitFor();
    expect(edits()).not.toContain('third');
    await one.page.context().close();
    await other.page.context().close();
  });

  it('computes the map, finds images like one, and compares with another run', async () => {
    const { page: at, complaints } = await open('#/map');
    await at.locator('[data-renderer]').waitFor();
    await at.getByText('The map is being computed').waitFor({ state: 'detached' });
    await settled(at);
    await at.goto(`${server.address}/#/find?like=3`);
    await at.getByText(/^\d+ nearest$/).waitFor();
    expect(await at.locator('[role=option]').count()).toBeGreaterThan(10);
    await tab(at, 'Compare').click();
    await at.getByRole('grid', { name: 'Agreement of the clusters' }).waitFor();
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it('keeps decisions about duplicates after a reload, in another window, and undoes them', async () => {
    const one = await open('#/find/duplicates?copies=exact');
    const { page: at } = one;
    await at.getByRole('button', { name: 'Compare the images' }).click();
    const image = (of: Page, id: string, kept: boolean) =>
      of.getByRole('button', { name: new RegExp(`^${id}`), pressed: kept });
    // The rule keeps the original.
    await image(at, original, true).waitFor();
    const other = await open('#/find/duplicates?copies=exact');
    await image(other.page, original, true).waitFor();
    const stored = at.waitForResponse('**/api/edits');
    await image(at, copy, false).click();
    await image(at, original, false).waitFor();
    expect((await stored).status()).toBe(200);
    expect(edits()).toContain('"duplicates"');
    await image(other.page, copy, true).waitFor();
    await image(other.page, original, false).waitFor();
    await at.reload();
    await image(at, copy, true).waitFor();
    await image(at, original, false).waitFor();
    await other.page.keyboard.press('Control+z');
    await other.page.getByText('Undone: keep 1 of 2 duplicates').waitFor();
    for (const { page: of } of [one, other]) {
      await image(of, original, true).waitFor();
      await image(of, copy, false).waitFor();
    }
    expect([...one.complaints, ...other.complaints]).toEqual([]);
    await at.context().close();
    await other.page.context().close();
  });

  it('moves copies into a trash folder, and moves them back', async () => {
    const { page: at, complaints } = await open('#/find/duplicates?copies=exact');
    const list = at.getByRole('list', { name: 'Groups of duplicates' });
    await list.waitFor();
    expect(await list.getByRole('listitem').count()).toBe(1);
    expect(existsSync(join(tiny.run, 'duplicates.safetensors'))).toBe(true);
    // The copy is kept in place of its original.
    await list.getByRole('button', { name: new RegExp(`^${copy}`) }).click();
    await at.getByRole('button', { name: 'Move 1 file…' }).click();
    const dialog = at.getByRole('dialog', { name: 'Move 1 file' });
    await dialog.getByRole('textbox').fill(join(folder, 'trash'));
    await dialog.getByRole('button', { name: 'Move 1 file' }).click();
    await at.getByText('No file is there twice').waitFor();
    const isThere = (id: string) => existsSync(join(tiny.photos, id));
    expect([isThere(original), isThere(copy)]).toEqual([false, true]);
    // Another window, or this one after a reload, can move it back.
    await at.reload();
    await at.getByRole('button', { name: 'Move back' }).click();
    await list.waitFor();
    expect([isThere(original), isThere(copy)]).toEqual([true, true]);
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it('lists outliers', async () => {
    const { page: at, complaints } = await open('#/find/outliers');
    const list = at.getByRole('listbox', { name: 'Outliers, the farthest first' });
    await list.waitFor();
    expect(await list.getByRole('option').count()).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it.each([
    ['', 0, async () => {}],
    [
      ' whose first answer comes after its last event',
      1,
      (at: Page) =>
        at.route('**/api/takeaway', async (route) => {
          const response = await route.fetch();
          await pause(1500);
          await route.fulfill({ response });
        }),
    ],
    [
      ' whose events come before the page listens',
      2,
      async (at: Page) => {
        await at.route('**/api/events', async (route) => {
          await pause(2500);
          await route.continue();
        });
        await at.reload();
        await settled(at);
      },
    ],
  ] as const)('takes a selection away as a file%s', async (_, earlier, disturb) => {
    const { page: at, complaints } = await open('#/clusters?selected=0-5');
    await disturb(at);
    await at.keyboard.press('e');
    const dialog = at.getByRole('dialog', { name: 'Take away' });
    await dialog.getByText('CSV').click();
    await Promise.all([
      at.waitForResponse('**/api/takeaway'),
      dialog.getByRole('button', { name: 'Take 5 images' }).click(),
    ]);
    const [download] = await Promise.all([
      at.waitForEvent('download'),
      // The files of the cases before are offered in this window, too.
      at.getByRole('link', { name: 'Download' }).nth(earlier).click(),
    ]);
    const text = readFileSync((await download.path())!, 'utf8');
    expect(text.trim().split('\n')).toHaveLength(6);
    expect(complaints).toEqual([]);
    await at.context().close();
  });

  it('opens where the images have moved, and says so', async () => {
    renameSync(tiny.photos, `${tiny.photos}-moved`);
    const moved = await explore(undefined, { run: tiny.run, cwd: folder, page });
    try {
      const { page: at } = await openPage(chromium.browser, `${moved.address}/#/clusters`);
      await at.getByText('The images are no longer in').waitFor();
      expect(await at.locator('.wall article').count()).toBe(3);
      await at.context().close();
    } finally {
      await moved.close();
      renameSync(`${tiny.photos}-moved`, tiny.photos);
    }
  });
});
