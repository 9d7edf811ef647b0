/** Finding duplicates, outliers and folders on the page, on generated images in Chromium. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { settled, tab, waitUntil } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const { open } = usePage();

const groups = (page: Page) => page.getByRole('list', { name: 'Groups of duplicates' });
const images = (page: Page, group = 1) => groups(page).locator(`[aria-posinset="${group}"] .image`);
const pressed = async (page: Page, group = 1) =>
  Promise.all((await images(page, group).all()).map((one) => one.getAttribute('aria-pressed')));
/** Number of groups that the footer names. */
const total = async (page: Page) => Number.parseInt(await page.locator('footer b').innerText(), 10);
const move = (page: Page) => page.getByRole('button', { name: /^Move \d+ files?…$/ });
const toMove = async (page: Page) => Number(/\d+/.exec(await move(page).innerText())![0]);

describe('duplicates', () => {
  it('are compared where asked, and grouped at another threshold while it moves', async () => {
    const { page, complaints } = await open('#/find', 'synthetic=3000');
    await page.getByRole('link', { name: 'Duplicates' }).click();
    await page.getByRole('button', { name: 'Compare the images' }).click();
    await groups(page).waitFor();
    const before = await total(page);
    expect(before).toBeGreaterThan(20);
    const slider = page.getByRole('slider', { name: /^Similarity/ });
    await slider.focus();
    await page.keyboard.press('End');
    await waitUntil(page, `parseInt(document.querySelector('footer b').innerText) < ${before}`);
    await page.keyboard.press('Home');
    await waitUntil(page, `parseInt(document.querySelector('footer b').innerText) >= ${before}`);
    expect(page.url()).toContain('alike=0.8');
    await page.reload();
    await groups(page).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('show the least similar pair, and keep what a click or a key says', async () => {
    const { page, complaints } = await open('#/find/duplicates', 'synthetic=3000&compared');
    await groups(page).waitFor();
    const pair = page.getByRole('complementary', { name: 'Least similar pair of the group' });
    const similarity = await pair.getByRole('heading').innerText();
    expect(await pair.getByRole('figure').count()).toBe(2);
    expect((await pressed(page)).filter((one) => one === 'true')).toHaveLength(1);
    const files = await toMove(page);

    await images(page).last().click();
    expect((await pressed(page)).at(-1)).toBe('true');
    expect((await pressed(page)).filter((one) => one === 'true')).toHaveLength(1);
    await page.keyboard.press('a');
    expect(new Set(await pressed(page))).toEqual(new Set(['true']));
    expect(await toMove(page)).toBeLessThan(files);
    await page.keyboard.press('k');
    expect((await pressed(page)).at(-1)).toBe('false');
    await page.keyboard.press('ArrowDown');
    await waitUntil(
      page,
      `document.querySelector('aside h2').innerText !== ${JSON.stringify(similarity)}`,
    );
    await page.keyboard.press('o');
    await page.getByRole('dialog', { name: 'Image in full size' }).waitFor();
    await page.keyboard.press('Escape');
    // The list has the focus again, at the image that was open.
    await waitUntil(page, `document.activeElement.dataset.place !== undefined`);
    await page.keyboard.press('End');
    await waitUntil(
      page,
      `document.activeElement.dataset.place ===
        \`\${parseInt(document.querySelector('footer b').innerText) - 1} 0\``,
    );
    expect(await groups(page).getByRole('listitem').count()).toBeLessThan(15);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('follow the rule and the folder that images are kept by', async () => {
    const { page, complaints } = await open('#/find/duplicates', 'synthetic=3000&compared');
    await groups(page).waitFor();
    const kept = async () => {
      const labels = await Promise.all(
        (await groups(page).locator('.image.kept').all()).map((one) => one.textContent()),
      );
      return labels.join('\n');
    };
    const best = await kept();
    await page.getByRole('combobox', { name: 'Image of a group to keep' }).selectOption('newest');
    await waitUntil(page, `location.hash.includes('keep=newest')`);
    await settled(page);
    expect(await kept()).not.toBe(best);
    await page.getByRole('combobox', { name: /^Folder whose/ }).selectOption('scans');
    await waitUntil(
      page,
      `[...document.querySelectorAll('.card')].every((card) => {
        const all = [...card.querySelectorAll('.image')].map(
          (one) => one.textContent.trim());
        const kept = card.querySelector('.image.kept').textContent.trim();
        return kept.startsWith('scans/') || !all.some((one) => one.startsWith('scans/'));
      })`,
    );
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('are moved into a trash folder in bulk, and back', async () => {
    const { page, complaints } = await open('#/find/duplicates', 'synthetic=3000&compared');
    await groups(page).waitFor();
    const [before, files] = [await total(page), await toMove(page)];
    await move(page).click();
    const dialog = page.getByRole('dialog', { name: `Move ${files} files` });
    await dialog.getByRole('textbox', { name: /^Trash folder/ }).fill('trash');
    await dialog.getByRole('button', { name: `Move ${files} files` }).click();
    await page.getByText('Moved to trash.').waitFor();
    await page.getByText(/^No near-duplicates/).waitFor();
    await page.getByRole('button', { name: 'Move back' }).click();
    await groups(page).waitFor();
    expect(await total(page)).toBe(before);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('of the same bytes are a list of their own', async () => {
    const { page, complaints } = await open('#/find/duplicates', 'synthetic=3000&compared');
    await groups(page).waitFor();
    await page.getByText('Exact copies').click();
    await groups(page).getByText('the same bytes').first().waitFor();
    expect(page.url()).toContain('copies=exact');
    expect(await page.getByRole('slider').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('outliers', () => {
  it('are listed with their distances, the farthest first, and selected', async () => {
    const { page, complaints } = await open('#/find/outliers', 'synthetic=600');
    const list = page.getByRole('listbox', { name: 'Outliers, the farthest first' });
    await list.waitFor();
    const captions = await list.locator('.caption').allInnerTexts();
    expect(captions.length).toBeGreaterThan(10);
    expect(captions.map(Number)).toEqual(captions.map(Number).sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Select the first 50' }).click();
    await page.getByRole('toolbar', { name: 'Selection' }).getByText('50').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('the search', () => {
  it('narrows to a folder and back, and keeps it in the address', async () => {
    const { page, complaints } = await open('#/find', 'synthetic=600');
    const folders = page.getByRole('group', { name: 'Folders' });
    await folders.getByRole('button', { name: /^2022/ }).click();
    await page.getByText(/^\d+ images$/).waitFor();
    const within = await page.getByRole('status').filter({ hasText: 'images' }).innerText();
    await folders.getByRole('button', { name: /^garden/ }).click();
    await waitUntil(page, `location.hash.includes('folder=2022%2Fgarden')`);
    await page.locator('#search').fill('IMG_0001');
    await waitUntil(
      page,
      `![...document.querySelectorAll('[role=status]')].some(
        (one) => one.innerText === ${JSON.stringify(within)})`,
    );
    await page.getByRole('button', { name: 'Search in all folders' }).click();
    await waitUntil(page, `!location.hash.includes('folder')`);
    await page.goBack();
    await page.getByText('2022/garden', { exact: true }).waitFor();
    await tab(page, 'Map').click();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
