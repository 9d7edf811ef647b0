/**
 * Measures `likeness explore SOURCE` as a person meets it: seconds from the command to the first
 * picture and to the clusters on the screen, in headless Chromium, then the same for the run that
 * this has made. Every source starts with an empty cache folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { reporterOf } from '../src/core/reporter.ts';
import { ensurePage } from '../src/server/buildPage.ts';
import { findChromium } from '../test/chromium.cases.ts';
import { launch } from '../test/page.cases.ts';

/** Seconds since the command was given. */
export interface ExploreTimes {
  /** Printed address of the page. */
  readonly address: number;
  /** First picture that the browser has drawn. */
  readonly picture: number;
  /** Clusters with all their pictures in view; absent where they were not waited for. */
  readonly clusters?: number;
  /** Seconds of processors that the server and its processes took; absent outside of Linux. */
  readonly processor?: number;
}

export interface ExploreRow {
  readonly name: string;
  readonly images: number;
  readonly clusters: number;
  readonly first: ExploreTimes;
  /** The same command again, whose run is there. */
  readonly again: ExploreTimes;
  /** Peak memory of the server with its threads, in megabytes; absent outside of Linux. */
  readonly serverMB?: number;
  /** Heap of the page with the clusters in megabytes. */
  readonly pageMB: number;
  /** Kilobytes that the server sent up to the clusters: page, data and pictures. */
  readonly sentKB: number;
  /** Mean number of running processes of the machine over a minute, before and after. */
  readonly load: readonly [number, number];
}

const bin = fileURLToPath(new URL('../bin/likeness.js', import.meta.url));

/** Measures each source. */
export async function benchmarkExplore(
  sources: readonly string[],
  { until, onRow }: { until: 'picture' | 'clusters'; onRow: (row: ExploreRow) => void },
): Promise<void> {
  const chromium = findChromium();
  if (!chromium) throw new Error('chromium is not on the PATH. Install it to measure the page.');
  await ensurePage(reporterOf({}));
  const browser = await launch(chromium);
  try {
    for (const source of sources) onRow(await measure(browser, resolve(source), until));
  } finally {
    await browser.close();
  }
}

async function measure(browser: Browser, source: string, until: Until): Promise<ExploreRow> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-explore-bench-'));
  try {
    const before = loadavg()[0]!;
    const first = await open(browser, source, { folder, until });
    const again = await open(browser, source, { folder, until });
    return {
      ...{ name: source.split(/[/\\]/).at(-1)!, images: first.images, clusters: first.found },
      ...{ first: first.times, again: again.times },
      ...(first.serverMB !== undefined && { serverMB: first.serverMB }),
      ...{ pageMB: first.pageMB, sentKB: first.sentKB, load: [before, loadavg()[0]!] },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Until = 'picture' | 'clusters';

interface Opened {
  readonly times: ExploreTimes;
  readonly images: number;
  readonly found: number;
  readonly serverMB: number | undefined;
  readonly pageMB: number;
  readonly sentKB: number;
}

/** Runs the command once, with its folder of runs and its cache in `folder`. */
async function open(
  browser: Browser,
  source: string,
  { folder, until }: { folder: string; until: Until },
): Promise<Opened> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const server = spawn(process.execPath, [bin, 'explore', source, '--no-open'], {
    cwd: folder,
    env: { ...process.env, LIKENESS_CACHE: join(folder, 'cache') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const at = await addressOf(server);
    const address = seconds();
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    let sent = 0;
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    network.on('Network.dataReceived', ({ encodedDataLength }) => {
      sent += encodedDataLength;
    });
    await page.goto(at);
    await waitFor(page, '[...document.images].some((image) => image.naturalWidth > 0)');
    const picture = seconds();
    if (until === 'clusters') {
      await waitFor(
        page,
        `document.querySelector('.wall article') !== null && [...document.images].every((image) =>
          image.getBoundingClientRect().top > innerHeight || image.naturalWidth > 0)`,
      );
    }
    const clusters = until === 'clusters' ? { clusters: seconds() } : {};
    const processor = processorOf(server.pid!);
    const { images, found, heap } = await page.evaluate<Record<string, number>>(`(async () => {
      const run = await (await fetch('/api/run')).json();
      const heap = performance.memory.usedJSHeapSize;
      return { images: run.images, found: run.clusters.length, heap };
    })()`);
    const opened = {
      times: { address, picture, ...clusters, ...(processor !== undefined && { processor }) },
      ...{ images: images!, found: found! },
      ...{ serverMB: peakOf(server), pageMB: heap! / 1e6, sentKB: sent / 1e3 },
    };
    await context.close();
    return opened;
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
  }
}

function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    server.stdout!.on('data', (part: Buffer) => {
      text += String(part);
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    });
    server.once('exit', () => reject(new Error(`likeness explore ended early: ${text}`)));
  });
}

/** Waits up to ten minutes for an expression of the page. */
async function waitFor(page: Page, expression: string): Promise<void> {
  await page.evaluate(`(async () => {
    const end = performance.now() + 600000;
    while (!(${expression})) {
      if (performance.now() > end) throw new Error('not true within ten minutes');
      await new Promise(requestAnimationFrame);
    }
  })()`);
}

/** Peak of the resident memory of a process in megabytes. */
function peakOf({ pid }: ChildProcess): number | undefined {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return Number(kilobytes) / 1e3;
  } catch {
    return undefined;
  }
}

/** Ticks of the clock of /proc in a second. */
const TICKS = 100;

/** Seconds of processors that a process, its ended children and its running ones took. */
function processorOf(pid: number): number | undefined {
  try {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const stats = all.flatMap((name) => statOf(name));
    const own = (parent: number): number =>
      stats
        .filter((one) => one.parent === parent)
        .reduce((sum, one) => sum + one.ticks + own(one.pid), 0);
    const top = stats.find((one) => one.pid === pid);
    return top && (top.ticks + own(pid)) / TICKS;
  } catch {
    return undefined;
  }
}

function statOf(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return [{ pid: Number(name), parent: fields[1]!, ticks }];
  } catch {
    return []; // it has ended
  }
}

/** Formats rows for the terminal. */
export function exploreTable(rows: readonly ExploreRow[]): string[][] {
  const times = ({ address, picture, clusters, processor }: ExploreTimes) =>
    [address, picture, clusters, processor].map((value) =>
      value === undefined ? '-' : `${value.toFixed(1)} s`,
    );
  return [
    [
      ...['source', 'images', 'address', 'picture', 'clusters', 'processor'],
      ...['again: address', 'picture', 'clusters', 'processor', 'server', 'page', 'sent', 'load'],
    ],
    ...rows.map((row) => [
      ...[row.name, row.images.toLocaleString('en-US'), ...times(row.first), ...times(row.again)],
      ...[`${row.serverMB?.toFixed(0) ?? '-'} MB`, `${row.pageMB.toFixed(0)} MB`],
      ...[`${row.sentKB.toFixed(0)} kB`, row.load.map((load) => load.toFixed(1)).join(' to ')],
    ]),
  ];
}
