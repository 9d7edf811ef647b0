/** A person's ways over the map of the page, on generated images in Chromium. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { selectedCount, settled, tab, toolbar, waitUntil } from './page.cases.ts';
import { usePage } from './usePage.cases.ts';

const { open } = usePage();

async function lasso(page: Page): Promise<void> {
  const box = (await page.getByRole('application').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.keyboard.down('Shift');
  await page.mouse.move(x - 120, y - 120);
  await page.mouse.down();
  for (const [dx, dy] of [
    [140, -130],
    [150, 120],
    [-130, 130],
  ] as const) {
    await page.mouse.move(x + dx, y + dy, { steps: 6 });
  }
  await page.mouse.up();
  await page.keyboard.up('Shift');
}

/** Colors of the map's points in the whole view: number of pixels that are not gray. */
const coloredPixels = (page: Page) =>
  page.evaluate<number>(`(() => {
    const canvas = document.querySelector('[data-renderer] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let colored = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
      if (Math.max(r, g, b) - Math.min(r, g, b) > 60) colored++;
    }
    return colored;
  })()`);

describe('the map', () => {
  it('holds a lasso in every view and after a reload, and Escape clears it', async () => {
    const { page, complaints } = await open('#/map');
    const before = await coloredPixels(page);
    await lasso(page);
    const count = await selectedCount(page);
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(500);
    await settled(page);
    const during = await coloredPixels(page);
    expect(during).toBeLessThan(before * 0.8);
    expect(during).toBeGreaterThan(before * 0.05);
    const grid = page.getByRole('listbox', { name: 'Selected images' });
    expect(await grid.getByRole('option', { selected: true }).count()).toBeGreaterThan(8);

    await tab(page, 'Clusters').click();
    expect(await selectedCount(page)).toBe(count);
    await tab(page, 'Map').click();
    expect(await selectedCount(page)).toBe(count);
    await page.reload();
    await settled(page);
    expect(await selectedCount(page)).toBe(count);

    await page.keyboard.press('Escape');
    expect(await selectedCount(page)).toBe(0);
    await settled(page);
    expect(await coloredPixels(page)).toBe(before);
    await page.goBack();
    expect(await selectedCount(page)).toBe(count);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('filters by the legend without hiding, and a lasso takes no image beyond the filter', async () => {
    const { page, complaints } = await open('#/map');
    const all = await coloredPixels(page);
    const legend = page.locator('.legend');
    await legend.getByRole('searchbox').fill('cluster 3');
    await legend.getByRole('button', { name: /^Cluster 3/ }).click();
    await settled(page);
    const filtered = await coloredPixels(page);
    expect(filtered).toBeGreaterThan(0);
    expect(filtered).toBeLessThan(all / 3);
    expect(page.url()).toContain('only=3');
    await page.getByRole('button', { name: /^Rectangle/ }).click();
    const box = (await page.getByRole('application').boundingBox())!;
    await page.mouse.move(box.x + 70, box.y + 70);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 5, box.y + box.height - 5, { steps: 4 });
    await page.mouse.up();
    expect(await toolbar(page).innerText()).toContain('1 cluster');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(page.url()).not.toContain('only');
    await settled(page);
    expect(await coloredPixels(page)).toBe(all);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('zooms to pictures, and opens the image under the pointer', async () => {
    const { page, complaints } = await open('#/map');
    const box = (await page.getByRole('application').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -200);
    await waitUntil(page, `document.querySelector('[data-renderer]').scene.zoom > 20`);
    await page.getByRole('button', { name: 'Show all' }).click();
    await settled(page);
    const at = await page.evaluate<{ x: number; y: number }>(`(() => {
      const host = document.querySelector('[data-renderer]');
      const { left, top, width, height } = host.getBoundingClientRect();
      for (let y = 80; y < height; y += 4)
        for (let x = 80; x < width; x += 4)
          if (host.scene.rowAt(x, y, () => true) >= 0) return { x: left + x, y: top + y };
    })()`);
    await page.mouse.move(at.x, at.y);
    await page.locator('.card').waitFor();
    await page.mouse.click(at.x, at.y);
    await page.getByRole('dialog', { name: 'Image in full size' }).waitFor();
    await page.keyboard.press('Escape');
    expect(page.url()).not.toContain('open=');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
