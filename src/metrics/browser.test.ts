/** The metrics import no Node module, and give the same values in a browser as in Node. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { build } from 'vite';
import { expect, it } from 'vitest';
import { findChromium } from '../../test/chromium.cases.ts';
import * as metrics from './index.ts';

const folder = dirname(fileURLToPath(import.meta.url));
const door = join(folder, 'index.ts');

/** Packages that a browser can load. */
const browserPackages = ['munkres'];

/** Lists the imports of a file, and of the files that it imports, as `file: specifier`. */
function importsFrom(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles.flatMap(({ fileName }) =>
    fileName.startsWith('.')
      ? importsFrom(resolve(dirname(file), fileName), seen)
      : [`${relative(folder, file)}: ${fileName}`],
  );
}

it('import nothing that a browser lacks', () => {
  const found = importsFrom(door);
  expect(found).toEqual(['accuracy.ts: munkres']);
  expect(found.every((name) => browserPackages.includes(name.split(': ')[1]!))).toBe(true);
});

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...[
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--dump-dom',
  ],
];

/** Computes a value of every metric. Runs in Node and, as text, in the page. */
function values({
  accuracy,
  adjustedRand,
  ami,
  clusterAgreement,
  confusionOf,
  contingency,
  fowlkesMallows,
  nmi,
  purity,
  silhouette,
  spearman,
}: typeof metrics) {
  const truth = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
  const clusters = [...'bbbaaaaccb'];
  let refusal = '';
  try {
    nmi([0, 1], [0]);
  } catch (error) {
    refusal = String(error);
  }
  return {
    all: [accuracy, adjustedRand, ami, fowlkesMallows, nmi, purity].map((of) =>
      of(truth, clusters),
    ),
    geometric: nmi(truth, clusters, { normalizer: 'geometric' }),
    agreement: clusterAgreement(truth, clusters),
    confusion: confusionOf(contingency(truth, clusters)),
    silhouette: silhouette([[0], [1], Float32Array.of(9), [10]], [0, 0, 1, 1]),
    spearman: spearman([1, 2, 3], [10, 20, 15]),
    refusal,
  };
}

/** Bundles the metrics, serves them with a page on the loopback interface, and returns its DOM. */
async function openPage(chromium: string, script: string): Promise<string> {
  const temporary = await mkdtemp(join(tmpdir(), 'likeness-metrics-'));
  const server = createServer(async ({ url }, response) => {
    if (url === '/metrics.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(await readFile(join(temporary, 'metrics.js')));
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>metrics</title><script type="module">${script}</script>`);
    }
  });
  try {
    await build({
      configFile: false,
      root: folder,
      logLevel: 'error',
      build: {
        outDir: temporary,
        lib: { entry: door, formats: ['es'], fileName: () => 'metrics.js' },
      },
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const own = [`--user-data-dir=${join(temporary, 'profile')}`, `http://127.0.0.1:${port}/`];
    return (await promisify(execFile)(chromium, [...flags, ...own], { timeout: 60_000 })).stdout;
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

it('give the same values in Chromium as in Node', async ({ skip }) => {
  const chromium = findChromium();
  // .ci/run installs Chromium, so that the test always runs there.
  if (!chromium && !process.env.CI)
    skip('chromium is not installed (Debian: apt-get install chromium)');
  expect(chromium, 'chromium on the PATH').toBeDefined();
  const script = `
    import * as metrics from './metrics.js';
    const values = ${values};
    document.body.textContent = encodeURIComponent(JSON.stringify(values(metrics)));
  `;
  const dom = await openPage(chromium!, script);
  const text = /<body>(.*)<\/body>/s.exec(dom)?.[1] ?? '';
  const received = JSON.parse(decodeURIComponent(text)) as unknown;
  expect(received).toEqual(JSON.parse(JSON.stringify(values(metrics))));
});
