/** A person's ways through the page, on generated images in Chromium. */
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { selectedCount, settled, tab, toolbar, waitUntil } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();
const { open } = used;

describe('the clusters', () => {
  const sizes = async (page: Page) =>
    (await page.locator('.wall article').allInnerTexts()).map((text) => {
      const [name, size] = text.split('\n').filter(Boolean);
      return `${name} ${Number.parseInt(size!.replace(',', ''), 10)}`;
    });
  const pick = async (page: Page, name: string) => {
    const button = page.getByRole('button', { name: `Select the images of ${name}`, exact: true });
    await button.focus();
    await button.click();
  };
  const undo = (page: Page) => page.getByRole('button', { name: 'Undo', exact: true });

  it('merge, undo and redo', async () => {
    const { page, complaints } = await open('#/clusters?wall=number');
    const before = await sizes(page);
    expect(before).toHaveLength(12);
    await pick(page, 'Cluster 2');
    await pick(page, 'Cluster 5');
    await toolbar(page).getByRole('button', { name: 'Merge 2' }).click();
    await page.getByText('2 clusters merged').waitFor();
    const merged = await sizes(page);
    expect(merged).toHaveLength(11);
    expect(merged.some((one) => one.startsWith('Cluster 5 '))).toBe(false);
    await page.keyboard.press('Control+z');
    await page.getByText('Undone: merge').waitFor();
    expect(await sizes(page)).toEqual(before);
    await page.keyboard.press('Control+Shift+z');
    await page.getByText('Redone: merge').waitFor();
    expect(await sizes(page)).toEqual(merged);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('take a name, which is shown as text, and a lock', async () => {
    const { page, complaints } = await open('#/clusters/0');
    const name = `<img src=x onerror="document.title='broken'"> & "cats"`;
    await page.getByRole('textbox', { name: 'Name of the cluster' }).fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Clusters' }).getByText(name).waitFor();
    await page.getByRole('button', { name: 'Lock' }).click();
    await page.getByRole('button', { name: 'Locked', pressed: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Split' }).isDisabled()).toBe(true);
    expect(await page.title()).not.toContain('broken');
    await page.getByRole('button', { name: 'All clusters' }).click();
    await page.getByRole('heading', { name }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  const option = (page: Page, position: number): Locator =>
    page.locator(`[role=option][data-position="${position}"]`);

  it('give images to another cluster by keys, and to junk, and take them back', async () => {
    const { page, complaints } = await open('#/clusters/0');
    const count = async () => Number.parseInt(await page.locator('.count').innerText(), 10);
    const before = await count();
    await option(page, 0).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowRight');
    expect(await selectedCount(page)).toBe(2);
    await page.keyboard.press('m');
    await page.getByRole('combobox', { name: 'Name or number of a cluster' }).fill('cluster 4');
    await page.keyboard.press('Enter');
    await page.getByText('2 images moved to Cluster 4').waitFor();
    expect(await count()).toBe(before - 2);
    expect(await selectedCount(page)).toBe(0);
    await option(page, 3).hover();
    await page.keyboard.press('j');
    await page.getByText('1 image marked as junk').waitFor();
    expect(await count()).toBe(before - 3);
    await undo(page).click();
    await page.getByText('Undone: mark').waitFor();
    await undo(page).click();
    await page.getByText('Undone: move').waitFor();
    expect(await count()).toBe(before);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('take images that are dragged onto them', async () => {
    const { page, complaints } = await open('#/clusters/0');
    const rail = page.getByRole('navigation', { name: 'Clusters' });
    await option(page, 1).dragTo(rail.getByRole('button', { name: /^Cluster 7/ }));
    await page.getByText('1 image moved to Cluster 7').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('are split into parts that are seen first', async () => {
    const { page, complaints } = await open('#/clusters/1');
    await page.getByRole('button', { name: 'Split' }).click();
    const dialog = page.getByRole('dialog', { name: 'Split Cluster 1' });
    await dialog.getByRole('spinbutton').fill('3');
    await dialog.getByText('New cluster 2').waitFor();
    await dialog.getByRole('button', { name: 'Split', exact: true }).click();
    await page.getByText('Split into 3').waitFor();
    await page.getByRole('button', { name: 'All clusters' }).click();
    expect(await sizes(page)).toHaveLength(14);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('draw few of 100,000 images, and step through all of them', async () => {
    const { page, complaints } = await open('#/clusters/0', 'synthetic=100000&clusters=2');
    await option(page, 0).waitFor();
    expect(await page.locator('[role=option]').count()).toBeLessThan(120);
    await option(page, 0).focus();
    await page.keyboard.press('End');
    const last = page.locator('[role=option]:focus');
    await waitUntil(page, `document.activeElement.dataset.position > 40000`);
    const position = Number(await last.getAttribute('data-position'));
    expect(await last.getAttribute('aria-label')).toMatch(/of 6\d,\d{3}$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Image in full size' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    const counter = page.locator('.stage .count');
    await counter.getByText(`${position.toLocaleString('en-US')} /`).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('an image', () => {
  it('has its file name as text, whatever is in it', async () => {
    for (const [row, text] of [
      [1, 'album/<img src=x onerror=document.title="broken">.jpg'],
      [2, `album/"quotes" & 'apostrophes'.png`],
      [3, 'album/two↵lines.jpg'],
      [4, 'album/photo⟨U+202E⟩gpj.exe.jpg'],
      [5, 'album/<script>document.title="broken"</script>.webp'],
    ] as const) {
      const { page, complaints } = await open(`#/clusters?open=${row}`);
      await page.getByText(text, { exact: true }).waitFor();
      expect(await page.title()).toContain('photos');
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it('leads to images like it, and to those of its search', async () => {
    const { page, complaints } = await open('#/clusters?open=20');
    await page.keyboard.press('s');
    await page.getByText('240 nearest').waitFor();
    expect(page.url()).toContain('#/find?like=20');
    await page.keyboard.press('/');
    await page.keyboard.type('garden 0001');
    await page.getByText(/^\d+ images$/).waitFor();
    await page.locator('[role=option]').first().click();
    await page.getByText(/2022\/garden\/IMG_0001\d/).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('the page', () => {
  it('takes a selection away as a file', async () => {
    const { page, complaints } = await open('#/clusters?selected=3-9');
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog', { name: 'Take away' });
    await dialog.getByText('CSV').click();
    await dialog.getByRole('button', { name: 'Take 9 images' }).click();
    await page.getByRole('link', { name: 'Download' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('moves files into a trash folder, and back', async () => {
    const { page, complaints } = await open('#/clusters?selected=3-4');
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog', { name: 'Take away' });
    await dialog.getByText('Trash', { exact: true }).click();
    await dialog.getByLabel('Folder', { exact: true }).fill('trash');
    await dialog.getByRole('button', { name: 'Move 4 images' }).click();
    await page.getByText('Moved to trash.').waitFor();
    await page.getByRole('button', { name: 'Move back' }).click();
    await page.getByText('moving files back').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows images that changed company, of all clusters or of two', async () => {
    const { page, complaints } = await open('#/compare');
    const grid = page.getByRole('grid', { name: 'Agreement of the clusters' });
    const off = grid.getByRole('gridcell', {
      name: /^[1-9]\d* images? of Cluster 0 and Cluster 1/,
    });
    const count = Number.parseInt((await off.getAttribute('aria-label'))!, 10);
    await off.click();
    await page.getByRole('heading', { name: 'Cluster 0 → Cluster 1' }).waitFor();
    expect(await page.locator('[role=option]').count()).toBe(count);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('follows a training, and loses nothing in a reload', async () => {
    const { page, complaints } = await open('#/watch', 'synthetic=300&training=running');
    const step = async () =>
      Number(
        /Step ([\d,]+) of/.exec(await page.locator('.page').innerText())![1]!.replace(',', ''),
      );
    const first = await step();
    await waitUntil(
      page,
      `Number(/Step (\\d+)/.exec(document.querySelector('.page').innerText)[1]) > ${first}`,
    );
    await page.locator('canvas').first().waitFor();
    expect(await page.getByRole('img', { name: /^Loss over the steps/ }).count()).toBe(1);
    await page.reload();
    await page.getByRole('progressbar').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows the images while they are being grouped', async () => {
    const { page, complaints } = await open('#/clusters', 'synthetic=300&ungrouped');
    await page.getByText('learning the dictionary').first().waitFor();
    const images = page.getByRole('listbox', { name: 'All images' });
    expect(await images.locator('[role=option]').count()).toBeGreaterThan(20);
    await tab(page, 'Map').click();
    await settled(page);
    await tab(page, 'Clusters').click();
    await images.locator('[role=option]').first().click();
    await page.getByRole('dialog', { name: 'Image in full size' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('opens where the source has moved, and where there is no run', async () => {
    const moved = await open('#/clusters', 'synthetic=300&moved');
    await moved.page.getByText('The images are no longer in').waitFor();
    expect(await moved.page.locator('.wall article').count()).toBe(12);
    const none = await open('#/map', 'synthetic=0');
    await none.page.getByText('likeness explore photos').waitFor();
    expect([...moved.complaints, ...none.complaints]).toEqual([]);
    await moved.page.context().close();
    await none.page.context().close();
  });

  it('asks no other host, and goes back through the views', async () => {
    const { page } = await open('#/clusters');
    const hosts = new Set<string>();
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host);
    });
    for (const name of ['Map', 'Find', 'Watch', 'Compare']) await tab(page, name).click();
    await page.goBack();
    await page.goBack();
    expect(page.url()).toContain('#/find');
    expect([...hosts].filter((host) => !used.address.endsWith(host))).toEqual([]);
    await page.context().close();
  });
});
