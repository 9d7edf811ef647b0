/** The report: complete, self-contained, escaped, and the same bytes for the same facts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runFolderAt } from '../files.ts';
import { type ReportData, thumbnailOf, writeReport } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const image = (index: number, path: string, doubtful: boolean) => ({
  index,
  path,
  confidence: 0.5,
  margin: doubtful ? 0.001 : 0.2,
  doubtful,
});
const data: ReportData = {
  run: 'test <run>',
  method: 'swav',
  source: { name: 'photos', path: '/photos' },
  counts: { images: 3, skipped: 1, clusters: 2 },
  settings: [{ name: 'Batch', value: '64' }],
  howK: '2 clusters, as asked for with -k.',
  doubtRule: 'Doubtful: the least ahead.',
  clusters: [
    {
      cluster: 0,
      size: 2,
      share: 2 / 3,
      cohesion: 0.9,
      doubtful: 1,
      typical: [image(0, 'a/<b>&"c.jpg', false), image(1, 'd.jpg', true)],
      edge: [],
    },
    {
      cluster: 1,
      size: 1,
      share: 1 / 3,
      cohesion: 1,
      doubtful: 0,
      typical: [image(2, 'e.jpg', false)],
      edge: [],
    },
  ],
  training: { steps: [1, 2, 3], loss: [3, 2.5, 2], chance: { value: Math.log(64), name: 'ln 64' } },
  evaluation: {
    nmi: 0.2,
    acc: 0.4,
    ari: 0.1,
    knn: { accuracy: 0.5 },
    linear: { accuracy: 0.5 },
    baselines: {
      rawPixels: { nmi: 0.3, acc: 0.3, ari: 0.1, knn: { accuracy: 0.4 }, linear: { accuracy: 0.4 } },
    },
  },
  skipped: [{ id: 'broken.jpg', reason: 'empty file (0 bytes)' }],
};
const thumbnail = (index: number, size: number) =>
  thumbnailOf({ width: 8, height: 8, pixels: new Uint8Array(192).fill(40 * index) }, size);

describe('report.html', () => {
  const run = runFolderAt(folder);
  it('shows clusters, doubt, skipped files and the baseline that wins, with nothing from elsewhere', async () => {
    await writeReport(run, data, { thumbnail });
    const html = readFileSync(run.files.reportHtml, 'utf8');
    for (const text of ['2 clusters, as asked for with -k.', 'broken.jpg', 'empty file (0 bytes)', 'ln 64']) {
      expect(html).toContain(text);
    }
    expect(html.match(/data:image\/webp;base64,/g)?.length).toBe(3);
    expect(html).toMatch(/Raw pixels does? better than this run in NMI \(0\.300 against 0\.200\)/i);
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  it('escapes names', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    expect(html).not.toContain('<b>&"c.jpg');
    expect(html).not.toContain('test <run>');
    expect(html).toContain('&lt;b&gt;');
  });

  it('has the same bytes for the same facts', async () => {
    const before = readFileSync(run.files.reportHtml);
    await writeReport(run, data, { thumbnail });
    expect(readFileSync(run.files.reportHtml).equals(before)).toBe(true);
  });
});
