/** The read model: everything that a page shows comes from the files of a run. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../cluster/index.ts';
import { version } from '../core/version.ts';
import { resolveSettings } from '../methods/index.ts';
import {
  type RunConfig,
  type RunEvent,
  type RunFolder,
  runFolderAt,
  writeEmbeddings,
  writeEvaluation,
  writeRunConfig,
} from '../run/index.ts';
import { renderReport, storeReport } from './clusterReport.ts';
import { readReport } from './readReport.ts';
import type { ReportClustering } from './runReport.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-read-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = {
  kind: 'trained',
  settings: resolveSettings({
    encoder: { architecture: 'resnet10', width: 4 },
    method: { name: 'swav', prototypes: 12 },
  }),
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  ...{ split: 'train', images: 3, preset: 'tiny-28', notes: [], threads: 1, budget: { epochs: 1 } },
} as RunConfig;
const events: RunEvent[] = [
  {
    ...{
      kind: 'run-started',
      step: 0,
      epoch: 0,
      method: 'swav',
      source: '/photos',
      resumed: false,
    },
    facts: { randomBaselineLoss: Math.log(12), prototypes: 12, notes: [] },
  },
  { kind: 'step', step: 1, epoch: 0, loss: 3 },
  { kind: 'step', step: 2, epoch: 0, loss: 2 },
  { kind: 'doctor', step: 1, epoch: 0, verdict: 'learning', message: 'learning: loss 3' },
  {
    ...{ kind: 'doctor', step: 2, epoch: 0, verdict: 'too short', message: 'too short: 1 epoch' },
    remedy: 'train longer',
  },
];
const picture = Uint8Array.from('RIFF....WEBP', (letter) => letter.charCodeAt(0));
const clustering: ReportClustering & Required<Pick<ReportClustering, 'maps' | 'thumbnails'>> = {
  source: { name: 'photos', path: '/photos' },
  counts: { images: 2, skipped: 1, clusters: 1 },
  howK: 'as given',
  colorAgreement: {
    ...{ verdict: 'partly', property: 'color', text: 'Partly of color.', images: 2, k: 1 },
    colorHistogram: 0.2,
    neighbors: { consistency: 0.6, chance: 0.5, k: 10 },
    ...{ rawPixels: 0.3, chance: 0.01, ceiling: 0.6, between: 0.25 },
  },
  doubtRule: 'Doubtful: none.',
  clusters: [
    {
      ...{ cluster: 0, size: 2, share: 1, cohesion: 0.5, doubtful: 0 },
      typical: ['a.jpg', 'b.jpg'].map((path) => ({
        path,
        confidence: 0.75,
        margin: 0.25,
        doubtful: false,
      })),
      edge: [],
    },
  ],
  skipped: [{ id: 'c.jpg', reason: 'empty file (0 bytes)' }],
  maps: {
    ids: ['a.jpg', 'b.jpg'],
    maps: [
      {
        title: 'after step 2',
        step: 2,
        places: Float32Array.of(0, 1, 2, 3),
        clusters: Int32Array.of(0, 0),
      },
    ],
  },
  thumbnails: {
    pictures: new Map([
      ['a.jpg', picture],
      ['b.jpg', picture],
    ]),
    shortSide: 28,
  },
};
const evaluation = { source: '/photos', step: 2, labelled: true, nmi: 0.5 };

async function trainedRun(): Promise<RunFolder> {
  const run = runFolderAt(mkdtempSync(join(folder, 'run-')));
  await writeRunConfig(run, config);
  writeFileSync(run.files.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return run;
}
const store = (run: RunFolder) => storeReport({ folder: run, config, step: 2 }, clustering);

describe('the report of a run', () => {
  it('has training and settings before the run is clustered', async () => {
    const run = await trainedRun();
    const report = await readReport(run);
    expect(report).toMatchObject({ run: run.name, method: 'swav' });
    expect(report.training).toMatchObject({
      ...{ verdict: 'too short: 1 epoch', health: 'too short', remedy: 'train longer' },
    });
    expect(report.training!.chance!.name).toBe('ln 12');
    expect(report.settings).toContainEqual({ name: 'Prototypes', value: '12' });
    expect(report.allSettings).toContainEqual({ name: 'width', value: '4' });
    expect(report.allSettings).toContainEqual({ name: 'prototypes', value: '12' });
    const names = report.allSettings!.map(({ name }) => name);
    expect(names).not.toContain('workers');
    expect(names).not.toContain('threads');
    expect(report).not.toHaveProperty('clustering');
    await renderReport(run);
    expect(readFileSync(run.files.reportHtml, 'utf8')).toContain('<h2>Training</h2>');
  });

  it('tells day, program and machine of a clustering', async () => {
    const run = await trainedRun();
    await store(run);
    const settings = Object.fromEntries(
      (await readReport(run)).settings.map(({ name, value }) => [name, value]),
    );
    expect(settings.Date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(settings.Program).toContain(`likeness ${version}`);
    expect(settings.Machine).toContain(process.version);
  });

  it('has the key of its clusters once the page is there', async () => {
    const run = await trainedRun();
    const keyed = { ...clustering, keys: { clustering: 'key' } };
    const storeKeyed = () => storeReport({ folder: run, config, step: 2 }, keyed);
    mkdirSync(run.files.reportHtml);
    await expect(storeKeyed()).rejects.toThrow(/report\.html/);
    const stored = () => JSON.parse(readFileSync(run.files.reportJson, 'utf8'));
    expect(stored()).not.toHaveProperty('keys');
    rmSync(run.files.reportHtml, { recursive: true });
    await storeKeyed();
    expect(stored().keys.clustering).toBe('key');
  });

  it('gives back clusters, map and pictures', async () => {
    const run = await trainedRun();
    await store(run);
    expect((await readReport(run)).clustering).toEqual(clustering);
  });

  it('lists all images of the clusters from the stored features', async () => {
    const run = await trainedRun();
    await store(run);
    const features = { ids: ['a.jpg', 'b.jpg'], clusters: Int32Array.of(0, 0), about: {} };
    const rows = { count: 2, dimension: 2, data: Float32Array.of(1, 0, 0, 1) };
    await writeEmbeddings(run.files.embeddings, { ...features, features: rowsOf(rows) });
    expect((await readReport(run)).clustering!.members).toEqual([['a.jpg', 'b.jpg']]);
    // Features of another clustering say nothing about this one.
    await writeEmbeddings(run.files.embeddings, {
      ...{ ids: ['a.jpg'], clusters: Int32Array.of(0), about: {} },
      features: rowsOf({ count: 1, dimension: 2, data: Float32Array.of(1, 0) }),
    });
    expect((await readReport(run)).clustering).not.toHaveProperty('members');
  });

  it('renders the same page again from the files alone', async () => {
    const run = await trainedRun();
    await writeEvaluation(run.files.evaluation, evaluation);
    await store(run);
    const page = readFileSync(run.files.reportHtml, 'utf8');
    expect(page).toContain('data:image/webp;base64,');
    rmSync(run.files.reportHtml);
    await renderReport(run);
    expect(readFileSync(run.files.reportHtml, 'utf8')).toBe(page);
  });

  it('has an evaluation of the clustered source, and no other', async () => {
    const run = await trainedRun();
    await store(run);
    await writeEvaluation(run.files.evaluation, evaluation);
    expect((await readReport(run)).evaluation).toEqual(evaluation);
    await writeEvaluation(run.files.evaluation, { ...evaluation, source: '/others' });
    expect(await readReport(run)).not.toHaveProperty('evaluation');
    await writeEvaluation(run.files.evaluation, { ...evaluation, labelled: false });
    expect(await readReport(run)).not.toHaveProperty('evaluation');
  });

  it('reads a run of before maps and pictures were stored', async () => {
    const run = await trainedRun();
    await store(run);
    rmSync(run.files.maps);
    rmSync(run.files.thumbnails);
    const { maps: _, thumbnails: __, ...rest } = clustering;
    expect((await readReport(run)).clustering).toEqual(rest);
  });

  it('refuses a damaged report', async () => {
    const run = await trainedRun();
    await store(run);
    writeFileSync(run.files.reportJson, '{"version": 1');
    await expect(readReport(run)).rejects.toThrow(/report\.json is damaged or was changed/);
  });
});
