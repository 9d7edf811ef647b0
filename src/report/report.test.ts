/** The report: complete, self-contained, escaped, and the same bytes for the same facts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runFolderAt } from '../run/index.ts';
import { type ReportData, thumbnailOf, writeReport } from './index.ts';
import { embedThumbnails } from './thumbnails.ts';

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
  suggestion: {
    k: 3,
    range: [3, 4],
    curve: [2, 3, 5, 8].map((k) => ({
      k,
      score: k === 3 ? 1.5 : 0.5,
      stability: 1 / k,
      seedStability: 0.5,
      neighbours: 0.9,
    })),
  },
  classes: {
    images: 3,
    purity: 2 / 3,
    nmi: 0.4,
    ami: 0.1,
    acc: 0.6,
    ari: 0.3,
    fmi: 0.7,
    classes: ['<cat>"', 'a dog with a very long name indeed'],
    clusters: [1, 0],
    matched: [0, null],
    counts: [
      [1, 1],
      [0, 1],
    ],
    purities: [
      { cluster: 0, size: 2, majority: '<cat>"', share: 0.5 },
      { cluster: 1, size: 1, majority: '<cat>"', share: 1 },
    ],
  },
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
  training: {
    steps: [1, 2, 3],
    loss: [3, 2.5, 2],
    chance: { value: Math.log(64), name: 'ln 64' },
    usage: { steps: [2, 3], entropy: [1, 0.75] },
  },
  measures: {
    when: 'On 3 images & no more.',
    items: [
      { name: 'View agreement', value: 0.6745, first: 0.25, meaning: 'Two views <alike>.' },
      { name: 'Separation', value: -0.1, meaning: 'How far apart.' },
    ],
  },
  evaluation: {
    ami: 0.15,
    fewLabels: { '0.01': { accuracy: 0.31 }, '0.1': { accuracy: 0.42 } },
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
    expect(html).toContain(
      '<p class="verdict lost">The trained encoder is beaten by raw pixels in NMI (0.300 against 0.200).</p>',
    );
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  it('escapes names', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    expect(html).not.toContain('<b>&"c.jpg');
    expect(html).not.toContain('test <run>');
    expect(html).not.toContain('<cat>');
    expect(html).toContain('&lt;cat&gt;&quot;, cluster 1: 1 image, 50.0 % of the class');
    expect(html).toContain('&lt;b&gt;');
  });

  it('draws the confusion matrix: shade by share of the class, a frame for the match, names cut short', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    const figure = /<figure class="confusion">.*?<\/figure>/s.exec(html)![0];
    const shades = [...figure.matchAll(/class="cell" fill-opacity="([\d.]+)"/g)].map(([, value]) => value);
    expect(shades).toEqual(['0.520', '0.520', '0.040', '1.000']);
    expect(figure.match(/class="match"/g)).toHaveLength(1);
    expect(figure).toContain('>a dog with a very l…<');
    expect(figure).toContain('a dog with a very long name indeed, cluster 0');
    expect(html).toMatch(
      /<a href="#cluster-0">0<\/a><\/th><td>2<\/td><td>&lt;cat&gt;&quot;<\/td><td>50\.0 %/,
    );
    expect(html).toContain('purity 0.667, NMI 0.400, AMI 0.100, ACC 0.600, ARI 0.300, Fowlkes-Mallows 0.700');
  });

  it('draws the fit of each number of clusters with the range, and says no lone number', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    expect(html).toContain('recommended 3 to 4');
    expect(html.match(/class="band"/g)).toHaveLength(2);
    const paths = [...html.matchAll(/<path class="[abc]" d="(M[^"]*)"/g)].map(([, d]) => d!);
    const curves = paths.filter((d) => d.match(/L/g)?.length === 3);
    expect(curves).toHaveLength(4);
    // The best score is the highest point: y grows downwards.
    const heights = [...curves[0]!.matchAll(/ (\d+\.\d)/g)].map(([, y]) => Number(y));
    expect(Math.min(...heights)).toBe(heights[1]);
  });

  it('shows what was measured without labels, and how evenly prototypes were used', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    const panel = /<section class="panel"><h2>Measured without labels.*?<\/section>/s.exec(html)![0];
    expect(panel).toContain('On 3 images &amp; no more.');
    expect(panel).toMatch(/View agreement<\/dt><dd><b>0\.67[45]<\/b> <small>from 0\.250<\/small>/);
    expect(panel).toMatch(/Separation<\/dt><dd><b>-0\.100<\/b><p/);
    expect(panel).toContain('Two views &lt;alike&gt;.');
    const use = /<figure><figcaption>Use of prototypes.*?<\/figure>/s.exec(html)![0];
    expect(use).toContain('<b>0.750</b>');
    const [first, second] = [...use.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    expect(second).toBeGreaterThan(first!); // less even is lower on the page
    const facts = JSON.parse(readFileSync(run.files.reportJson, 'utf8'));
    expect(facts.training.usageEntropy).toBe(0.75);
    expect(facts.measures.items[0]).toMatchObject({ value: 0.6745, first: 0.25 });
  });

  it('leaves out the panel and the curve where nothing was measured', async () => {
    const { usage: _, ...training } = data.training!;
    const { measures: __, ...rest } = data;
    const plain = runFolderAt(mkdtempSync(join(folder, 'plain-')));
    await writeReport(plain, { ...rest, training }, { thumbnail });
    const html = readFileSync(plain.files.reportHtml, 'utf8');
    expect(html).not.toContain('Measured without labels');
    expect(html).not.toContain('Use of prototypes');
  });

  it('shows the further measures of an evaluation', () => {
    const html = readFileSync(run.files.reportHtml, 'utf8');
    for (const text of ['>AMI</abbr>', '>1 % lab</abbr>', '0.310', '0.420', '0.150'])
      expect(html).toContain(text);
    expect(html).not.toContain('>FMI</abbr>');
  });

  it('colors the verdict by its tone', async () => {
    const { baselines: _, ...own } = data.evaluation!;
    const ahead = { ...own, baselines: { untrained: { nmi: 0.1 } } };
    const other = runFolderAt(mkdtempSync(join(folder, 'ahead-')));
    await writeReport(other, { ...data, evaluation: ahead }, { thumbnail });
    const html = readFileSync(other.files.reportHtml, 'utf8');
    expect(html).toContain('<p class="verdict">No baseline beats the trained encoder in any measure.</p>');
  });

  it('has the same bytes for the same facts', async () => {
    const before = readFileSync(run.files.reportHtml);
    await writeReport(run, data, { thumbnail });
    expect(readFileSync(run.files.reportHtml).equals(before)).toBe(true);
  });

  it('makes thumbnails that do not fit once where a smaller size is the same', async () => {
    const images = data.clusters.reduce((sum, { typical, edge }) => sum + typical.length + edge.length, 0);
    async function made(largestSide?: number) {
      let calls = 0;
      const counting = (index: number, size: number) => {
        calls++;
        return thumbnail(index, size);
      };
      const { uris } = await embedThumbnails(data.clusters, counting, { maxBytes: 1, largestSide });
      expect(uris.size).toBe(0);
      return calls;
    }
    expect(images).toBeGreaterThan(0);
    expect(await made()).toBe(6 * (await made(8)));
    const same = await embedThumbnails(data.clusters, thumbnail, { largestSide: 8 });
    expect(same).toEqual(await embedThumbnails(data.clusters, thumbnail));
  });
});
