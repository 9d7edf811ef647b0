/** Reading and rendering the report of a stored run through the facade. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type RenderReportOptions, type RunReport, readReport, renderReport } from '../likeness.ts';

const run = fileURLToPath(new URL('../../test/fixtures/runs/swav', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'likeness-report-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('the report of a run', () => {
  it('is data from its files', async () => {
    const { method, training, clustering }: RunReport = await readReport(run);
    const stored = JSON.parse(readFileSync(join(run, 'report.json'), 'utf8'));
    expect(method).toBe('swav');
    expect(training!.steps).toHaveLength(training!.loss.length);
    expect(clustering!.counts).toEqual(stored.counts);
    expect(clustering!.clusters.map(({ size }) => size)).toEqual(
      stored.clusters.map(({ size }: { size: number }) => size),
    );
  });

  it('is one page, equal each time', async () => {
    const [first, second] = ['a.html', 'b.html'].map((name) => join(place, name));
    expect(await renderReport(run, { to: first! })).toBe(first);
    await renderReport(run, { to: second! });
    const page = readFileSync(first!, 'utf8');
    expect(page).toContain('<h2>Training</h2>');
    expect(page).toBe(readFileSync(second!, 'utf8'));
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
  });

  it('refuses a folder without a run, and a misspelt option', async () => {
    await expect(readReport(place)).rejects.toThrow(`${place} is not a run`);
    await expect(renderReport(run, { file: 'a.html' } as RenderReportOptions)).rejects.toThrow(
      'file: received an unknown option; expected to',
    );
  });
});
