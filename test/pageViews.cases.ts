/** Views of the page that are photographed and checked for access, on generated images. */
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { openPage } from './page.cases.ts';

export interface ViewCase {
  /** Name of its picture in docs/explorer, without the ending. */
  readonly name: string;
  readonly query: string;
  readonly fragment: string;
  readonly theme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

const desktop = { width: 1280, height: 720 };
const phone = { width: 390, height: 844 };
const view = (
  name: string,
  fragment: string,
  options: Partial<Omit<ViewCase, 'name' | 'fragment'>> = {},
): ViewCase => ({
  ...{ name, fragment, query: 'synthetic=3000', theme: 'light', ...desktop },
  ...options,
});

export const viewCases: readonly ViewCase[] = [
  view('clusters', '#/clusters'),
  view('clusters-dark', '#/clusters', { theme: 'dark' }),
  view('clusters-phone', '#/clusters', phone),
  view('clusters-moved', '#/clusters', { query: 'synthetic=3000&moved' }),
  view('clusters-none', '#/clusters', { query: 'synthetic=3000&ungrouped' }),
  view('cluster', '#/clusters/2?grid=doubtful'),
  view('cluster-phone', '#/clusters/2', phone),
  view('tree', '#/tree', { query: 'synthetic=3000&hierarchy' }),
  view('tree-group', '#/tree/4', { query: 'synthetic=3000&hierarchy', theme: 'dark' }),
  view('tree-phone', '#/tree/1', { ...phone, query: 'synthetic=3000&hierarchy' }),
  view('image', '#/clusters/2?open=20'),
  view('image-phone', '#/clusters/2?open=20', { ...phone, theme: 'dark' }),
  view('map', '#/map'),
  view('map-dark', '#/map?selected=0-60', { theme: 'dark' }),
  view('map-200', '#/map', { query: 'synthetic=20000&clusters=200' }),
  view('map-phone', '#/map', phone),
  view('find', '#/find?like=7'),
  view('find-empty', '#/find'),
  view('find-phone', '#/find?like=7', phone),
  view('find-folder', '#/find?q=img&folder=2022'),
  view('duplicates', '#/find/duplicates', { query: 'synthetic=3000&compared' }),
  view('duplicates-dark', '#/find/duplicates?copies=exact', {
    ...{ query: 'synthetic=3000&compared', theme: 'dark' },
  }),
  view('duplicates-phone', '#/find/duplicates', { ...phone, query: 'synthetic=3000&compared' }),
  view('duplicates-none', '#/find/duplicates'),
  view('outliers', '#/find/outliers', { query: 'synthetic=3000&compared' }),
  view('outliers-phone', '#/find/outliers', {
    ...{ ...phone, query: 'synthetic=3000&compared', theme: 'dark' },
  }),
  view('watch', '#/watch'),
  view('watch-early', '#/watch?step=120', {
    ...{ query: 'synthetic=3000&training=running', theme: 'dark', height: 1400 },
  }),
  view('watch-phone', '#/watch', { ...phone, theme: 'dark' }),
  view('watch-preparing', '#/watch', { query: 'synthetic=3000&training=preparing' }),
  view('watch-none', '#/watch', { query: 'synthetic=3000&training=none' }),
  view('watch-none-phone', '#/watch', {
    ...{ ...phone, query: 'synthetic=3000&training=none', theme: 'dark' },
  }),
  view('compare', '#/compare'),
  view('compare-phone', '#/compare', phone),
  view('runs', '#/runs', { theme: 'dark' }),
  view('runs-empty', '#/runs', { query: 'synthetic=0' }),
];

/** Opens a view and waits for all of it. */
export async function openView(browser: Browser, address: string, one: ViewCase) {
  const opened = await openPage(browser, `${address}/?${one.query}${one.fragment}`, {
    viewport: { width: one.width, height: one.height },
    colorScheme: one.theme,
  });
  // Questions that follow the first drawing, such as curves and comparisons, need a moment.
  await opened.page.waitForTimeout(600);
  return opened;
}

/** Photographs a view as WebP. */
export async function photograph(browser: Browser, address: string, one: ViewCase) {
  const { page } = await openView(browser, address, one);
  const picture = await pictureOf(page);
  await page.context().close();
  return picture;
}

/** Photographs a page as WebP, the format of the stored pictures. */
export async function pictureOf(page: Page): Promise<Buffer> {
  return sharp(await page.screenshot())
    .webp({ quality: 64, effort: 6 })
    .toBuffer();
}

/**
 * Compares two pictures: the mean difference of their pixels, 0 to 1, after both are shrunk to 160
 * pixels of width, so that fonts of another machine make little difference.
 */
export async function difference(a: Buffer, b: Buffer): Promise<number> {
  const read = (bytes: Buffer) =>
    sharp(bytes).resize({ width: 160 }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [one, other] = await Promise.all([read(a), read(b)]);
  if (one.data.length !== other.data.length) return 1;
  let sum = 0;
  for (let i = 0; i < one.data.length; i++) sum += Math.abs(one.data[i]! - other.data[i]!);
  return sum / one.data.length / 255;
}
