/** The learned hierarchy in Chromium, by pointer and by keys. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { selectedCount, settled } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();
const open = (fragment: string) => used.open(fragment, 'synthetic=600&hierarchy');
const item = (page: Page, name: RegExp) => page.getByRole('treeitem', { name }).first();
const images = (page: Page) =>
  page.getByRole('listbox', { name: /^Images of Group/ }).getByRole('option');

it('is zoomed down to images by keys, and out again', async () => {
  const { page, complaints } = await open('#/clusters');
  await page.getByRole('button', { name: 'Hierarchy' }).click();
  const tree = page.getByRole('tree', { name: 'Learned hierarchy' });
  await tree.getByRole('treeitem').first().waitFor();
  const whole = await tree.getByRole('treeitem').count();
  await item(page, /^Group 1, /).focus();
  await page.keyboard.press('ArrowDown');
  const second = page.locator('[role=treeitem]:focus');
  const name = (await second.getAttribute('aria-label'))!;
  expect(name).toMatch(/^Group 2, \d+ images$/);
  await page.keyboard.press('Enter');
  const count = Number(/(\d+) images$/.exec(name)![1]);
  await page.getByRole('heading', { name: `${count} images` }).waitFor();
  expect(page.url()).toMatch(/#\/tree\/\d+/);
  await images(page).first().waitFor();
  await tree.getByRole('treeitem').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const way = page.getByRole('navigation', { name: 'Way to the group' });
  expect(await way.getByRole('button').count()).toBe(3);
  await page.reload();
  await settled(page);
  expect(await way.getByRole('button').count()).toBe(3);
  await tree.getByRole('treeitem').first().focus();
  await page.keyboard.press('Backspace');
  await page.getByRole('heading', { name: `${count} images` }).waitFor();
  await page.goBack();
  await page.goBack();
  await way.getByRole('button', { name: 'All groups' }).click();
  await images(page).first().waitFor({ state: 'detached' });
  expect(await tree.getByRole('treeitem').count()).toBe(whole);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('opens an image of a group, and selects all of them', async () => {
  const { page, complaints } = await open('#/tree');
  await item(page, /^Group 3, /).click();
  const heading = page.getByRole('heading', { name: /images$/ });
  const count = Number(/([\d,]+) images/.exec(await heading.innerText())![1]);
  await page.getByRole('button', { name: 'Select all' }).click();
  expect(await selectedCount(page)).toBe(count);
  await images(page).first().click();
  await page.getByRole('dialog').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('says where a run has none', async () => {
  const { page, complaints } = await used.open('#/tree');
  await page.getByText('The run has no learned hierarchy.').waitFor();
  await page.goto(`${used.address}/?synthetic=600#/clusters`);
  expect(await page.getByRole('button', { name: 'Hierarchy' }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.context().close();
});
