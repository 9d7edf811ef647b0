/**
 * Photographs every view of the page on generated images and stores the pictures in docs/explorer,
 * for the documentation and for `test/pageViews.slow.test.ts`. Needs Chromium on the PATH.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../test/chromium.cases.ts';
import { launch, servePage } from '../test/page.cases.ts';
import { photograph, viewCases } from '../test/pageViews.cases.ts';
import { root } from '../test/repository.cases.ts';

const chromium = findChromium();
if (!chromium)
  throw new Error('chromium is not on the PATH. Install it (Debian: apt-get install chromium).');
const folder = mkdtempSync(join(tmpdir(), 'likeness-screenshots-'));
const server = await servePage(folder);
const browser = await launch(chromium);
const wanted = process.argv.slice(2);
for (const one of viewCases) {
  if (wanted.length > 0 && !wanted.includes(one.name)) continue;
  const picture = await photograph(browser, server.address, one);
  writeFileSync(join(root, 'docs', 'explorer', `${one.name}.webp`), picture);
  console.log(`${one.name}: ${Math.round(picture.length / 1024)} KB`);
}
await browser.close();
await server.close();
rmSync(folder, { recursive: true, force: true });
