/**
 * Ways of reading a source by the command line: a run stores them, and later commands take them
 * again. The source has stacks of 12-bit pages beside a folder that is left out.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tiffFile } from '../src/data/tiff.cases.ts';
import { openWorkplace } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const place = openWorkplace();
const SIDE = 40;
const FILES = 12;

/** Waves of one of two directions, of values up to `most`. */
function page(index: number, most: number) {
  const data = new Uint16Array(SIDE * SIDE).map((_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const at = index % 2 === 0 ? x : y;
    return Math.round((most / 2) * (1 + Math.sin(at / 2 + index)));
  });
  return { width: SIDE, height: SIDE, data };
}

function write(name: string, content: Uint8Array): void {
  mkdirSync(dirname(join(place.path, name)), { recursive: true });
  writeFileSync(join(place.path, name), content);
}

async function answer(...args: string[]) {
  const { code, stdout, stderr } = await runHere(place, ...args, '--json');
  expect(code, stderr).toBe(0);
  return { json: JSON.parse(stdout) as Record<string, unknown>, stderr };
}

const paths = (csv: string) =>
  readFileSync(join(place.path, csv), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]!);

beforeAll(() => {
  for (let i = 0; i < FILES; i++) {
    const pages = [page(i, 4000), page(i + 2, 4000)];
    write(`stacks/kind-${i % 2}/${i}.tif`, tiffFile(pages));
  }
  write('stacks/raw/0.tif', tiffFile([page(0, 60000)]));
  for (let i = 0; i < 3; i++) write(`others/${i}.tif`, tiffFile([page(i, 400)]));
});
afterAll(() => place.remove());

describe('a run of all pages without a folder', () => {
  it('stores how its source is read', async () => {
    const ways = ['--pages', 'all', '--exclude', 'raw', '--labels', 'none'];
    const { stderr } = await answer('start', 'stacks', ...ways, '-k', '2', '--out', 'run');
    expect(stderr).toMatch(/16-bit images: values \d to [34],\d{3} become black to white, by 24/);
    const { version, source } = JSON.parse(
      readFileSync(join(place.path, 'run/config.json'), 'utf8'),
    ) as { version: number; source: { range: number[] } };
    expect(version).toBeGreaterThanOrEqual(5);
    expect(source).toMatchObject({ pages: 'all', exclude: ['raw'], labels: 'none' });
    expect(source.range[1]).toBeGreaterThan(3900);
    expect(source.range[1]).toBeLessThan(4001);
    expect(paths('run/clusters.csv').sort()).toContain('kind-0/0.tif#2');
    expect(paths('run/clusters.csv')).toHaveLength(2 * FILES);
  }, 300_000);

  it('is clustered again in the same way, with a file for each page', async () => {
    const { stderr } = await answer(
      ...['cluster', 'stacks', '--run', 'run', '-k', '2', '--into', 'sorted', '--by', 'link'],
    );
    expect(stderr).toContain(
      'read as for the run, without "raw", without labels, with all pages of files of several',
    );
    expect(paths('run/clusters.csv')).toHaveLength(2 * FILES);
    const sorted = readdirSync(join(place.path, 'sorted'), { recursive: true }) as string[];
    expect(sorted.filter((name) => name.endsWith('.png'))).toHaveLength(2 * FILES);
    expect(readFileSync(join(place.path, 'run/report.html'), 'utf8')).toContain('"pages":true');
  }, 300_000);

  it('sees other images with its range, however dark they are', async () => {
    const { stderr } = await answer('cluster', 'others', '--run', 'run', '-k', '2');
    expect(stderr).toMatch(/values \d to [34],\d{3} become black to white, as in the run/);
    const first = await answer('assign', 'others/0.tif', '--run', 'run');
    const again = await answer('assign', 'others/0.tif', '--run', 'run', '--range', '-10,500');
    const figures = ({ json }: typeof first) => (json.images as [{ confidence: number }])[0];
    expect(figures(again)).not.toEqual(figures(first));
  }, 300_000);

  it('is inspected with these ways', async () => {
    const { stdout } = await runHere(place, 'inspect', 'run');
    expect(stdout).toMatch(/source +without "raw", .* become black to white/);
  });
});
