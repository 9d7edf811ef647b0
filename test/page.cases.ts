/** Builds the page of `ui/`, serves it under the policy of the server, and opens it in Chromium. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { contentSecurityPolicy } from '../src/server/security.ts';
import { root } from './repository.cases.ts';

const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' },
  '.svg': 'image/svg+xml',
};

export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Builds the page into a folder; the path of the page. */
export async function buildPage(folder: string): Promise<string> {
  const configFile = join(root, 'ui', 'vite.config.ts');
  const outDir = join(folder, 'ui');
  await build({ configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  return outDir;
}

/** Builds the page into a folder and serves it on the loopback interface. */
export async function servePage(folder: string): Promise<PageServer> {
  const outDir = await buildPage(folder);
  const server = createServer(async ({ url }, response) => {
    const path = normalize(new URL(url ?? '/', 'http://page').pathname);
    const file = join(outDir, path === '/' ? 'index.html' : path);
    const bytes = await readFile(file).catch(() => null);
    if (bytes === null) return response.writeHead(404).end();
    const type = types[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, {
      'content-type': type,
      'content-security-policy': contentSecurityPolicy,
    });
    return response.end(bytes);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });

export interface Opened {
  readonly page: Page;
  /** Errors of scripts, failed requests of files, and violations of the policy. */
  readonly complaints: readonly string[];
}

/** Opens an address, such as `?synthetic=300#/map`, and waits for its pictures. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' },
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(address);
  await settled(page);
  return { page, complaints };
}

/**
 * Waits until an expression is true in the page. Playwright's own waiting evaluates its text in the
 * page, which the policy forbids.
 */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const wait = `(async () => {
    const end = performance.now() + 30000;
    while (!(${expression})) {
      if (performance.now() > end) throw new Error('not true within 30 s');
      await new Promise(requestAnimationFrame);
    }
  })()`;
  await page.evaluate(wait);
}

/** Waits until the pictures in view are decoded and the map has been drawn. */
export async function settled(page: Page): Promise<void> {
  await waitUntil(
    page,
    `(() => {
      const images = [...document.images].filter((image) => {
        const box = image.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
      });
      const host = document.querySelector('[data-renderer]');
      const main = document.querySelector('main');
      return main !== null && !main.innerText.startsWith('Opening the run') &&
        images.every((image) => image.complete) &&
        (host === null || host.scene?.frameTime > 0);
    })()`,
  );
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  );
}

/** Bar of the selection. */
export const toolbar = (page: Page) => page.getByRole('toolbar', { name: 'Selection' });
/** Link to a view. */
export const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });

/** Number of selected images that the bar names; 0 where there is no bar. */
export async function selectedCount(page: Page): Promise<number> {
  const bar = toolbar(page);
  if ((await bar.count()) === 0) return 0;
  return Number((await bar.locator('b').innerText()).replace(',', ''));
}
