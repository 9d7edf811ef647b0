/**
 * Measures the map of the page on generated images in headless Chromium: frames per second while it
 * moves and zooms, and the time to open it. The frames are those that Chromium shows; the load of
 * the machine is part of a row.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../test/chromium.cases.ts';
import { launch, openPage, servePage, waitUntil } from '../test/page.cases.ts';

/** Frames of one kind of movement, over three seconds. */
export interface Frames {
  readonly perSecond: number;
  /** Milliseconds between frames. */
  readonly median: number;
  readonly p95: number;
  /** Milliseconds of our own drawing in a frame, the median. */
  readonly drawing: number;
}

export interface MapRow {
  readonly name: string;
  readonly images: number;
  readonly renderer: string;
  /** Seconds from the address to the drawn map, generation of the data included. */
  readonly opened: number;
  readonly pan: Frames;
  readonly zoom: Frames;
  /** Milliseconds of the whole frame after a movement. */
  readonly rest: number;
  /** Megabytes of JavaScript's heap, without the pixels of canvases. */
  readonly heap: number;
  /** Kilobytes of the built page, without the generated data. */
  readonly shipped: number;
  /** Mean number of running processes of the machine over a minute, before the row. */
  readonly load: number;
}

/** Moves the camera for three seconds, once per frame, and measures in the page. */
const measure = (step: string) => `(async () => {
  const { scene } = document.querySelector('[data-renderer]');
  const start = scene.camera;
  const [times, draws] = [[], []];
  let last = performance.now();
  const end = last + 3000;
  for (let i = 0; performance.now() < end; i++) {
    scene.move((${step})(start, i));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    draws.push(scene.frameTime);
    last = now;
  }
  const at = (list, share) => list.sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
  return {
    perSecond: times.length / 3,
    median: at(times, 0.5),
    p95: at(times, 0.95),
    drawing: at(draws, 0.5),
  };
})()`;
const panStep = '(start, i) => ({ ...start, x: 0.4 * Math.sin(i / 20) })';
const zoomStep =
  '(start, i) => ({ x: 0.2, y: 0.1, scale: start.scale * (1.6 + Math.sin(i / 25)) })';

/** Measures the map with each number of images. */
export async function benchmarkMap(
  counts: readonly number[],
  onRow: (row: MapRow) => void,
): Promise<void> {
  const chromium = findChromium();
  if (!chromium) throw new Error('chromium is not on the PATH. Install it to measure the map.');
  const folder = mkdtempSync(join(tmpdir(), 'likeness-map-'));
  const server = await servePage(folder);
  const browser = await launch(chromium);
  try {
    const files = readdirSync(join(folder, 'ui'), { recursive: true, withFileTypes: true });
    const shipped = files
      .filter((file) => file.isFile() && !file.name.startsWith('synthetic'))
      .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
    for (const images of counts) {
      const load = loadavg()[0]!;
      const started = performance.now();
      const address = `${server.address}/?synthetic=${images}&clusters=40#/map`;
      const { page } = await openPage(browser, address, { reducedMotion: 'no-preference' });
      const opened = (performance.now() - started) / 1000;
      const pan = await page.evaluate<Frames>(measure(panStep));
      const zoom = await page.evaluate<Frames>(measure(zoomStep));
      await page.waitForTimeout(400);
      await waitUntil(page, `document.querySelector('[data-renderer]').scene.frameTime > 0`);
      const [rest, heap, renderer] = await page.evaluate<[number, number, string]>(`(() => {
        const { scene } = document.querySelector('[data-renderer]');
        return [scene.frameTime, performance.memory.usedJSHeapSize / 1e6, scene.renderer.name];
      })()`);
      onRow({
        name: `${images} images`,
        ...{ images, renderer, opened, pan, zoom, rest, heap },
        shipped: shipped / 1000,
        load,
      });
      await page.context().close();
    }
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Formats rows for the terminal and for docs/explorer.md. */
export function mapTable(rows: readonly MapRow[]): string[][] {
  const frames = ({ perSecond, p95 }: Frames) => `${perSecond.toFixed(0)} (${p95.toFixed(0)} ms)`;
  return [
    [
      'images',
      'opened',
      'pan: frames/s (p95)',
      'zoom: frames/s (p95)',
      'whole frame',
      'heap',
      'load',
    ],
    ...rows.map((row) => [
      row.images.toLocaleString('en-US'),
      `${row.opened.toFixed(1)} s`,
      frames(row.pan),
      frames(row.zoom),
      `${row.rest.toFixed(0)} ms`,
      `${row.heap.toFixed(0)} MB`,
      row.load.toFixed(1),
    ]),
  ];
}
