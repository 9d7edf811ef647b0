/** The page with generated images in Chromium, for all tests of a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { findChromium } from './chromium.cases.ts';
import { launch, type Opened, openPage, type PageServer, servePage } from './page.cases.ts';

export interface UsedPage {
  readonly browser: Browser;
  readonly address: string;
  /** Opens the page with 600 images, or by another query, at a fragment such as `#/map`. */
  open(fragment: string, query?: string): Promise<Opened>;
}

/** Starts Chromium, for all tests of a file. */
export function useChromium(): { readonly browser: Browser } {
  let browser: Browser;
  beforeAll(async () => {
    // .ci/run installs Chromium, so that these tests always run there.
    const chromium = findChromium();
    expect(chromium, 'chromium on the PATH (Debian: apt-get install chromium)').toBeDefined();
    browser = await launch(chromium!);
  });
  afterAll(() => browser?.close());
  return {
    get browser() {
      return browser;
    },
  };
}

/** Builds the page, serves it and starts Chromium. */
export function usePage(): UsedPage {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-page-'));
  const chromium = useChromium();
  let server: PageServer;
  beforeAll(async () => {
    server = await servePage(folder);
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get browser() {
      return chromium.browser;
    },
    get address() {
      return server.address;
    },
    open: (fragment, query = 'synthetic=600') =>
      openPage(chromium.browser, `${server.address}/?${query}${fragment}`),
  };
}
