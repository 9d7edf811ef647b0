/** The page: complete, self-contained, escaped, and the same bytes for the same facts. */
import { describe, expect, it } from 'vitest';
import { reportJson } from '../reportJson.ts';
import type { ReportClustering, RunReport } from '../runReport.ts';
import { reportHtml } from './page.ts';

const image = (path: string, doubtful: boolean) => ({
  path,
  confidence: 0.5,
  margin: doubtful ? 0.001 : 0.2,
  doubtful,
});
const webp = (value: number) =>
  Uint8Array.from(`RIFF....WEBP${value}`, (letter) => letter.charCodeAt(0));
const clustering: ReportClustering = {
  source: { name: 'photos', path: '/photos' },
  counts: { images: 3, skipped: 1, clusters: 2 },
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
      typical: [image('a/<b>&"c.jpg', false), image('d.jpg', true)],
      edge: [],
    },
    {
      cluster: 1,
      size: 1,
      share: 1 / 3,
      cohesion: 1,
      doubtful: 0,
      typical: [image('e.jpg', false)],
      edge: [],
    },
  ],
  skipped: [{ id: 'broken.jpg', reason: 'empty file (0 bytes)' }],
  thumbnails: {
    pictures: new Map(['a/<b>&"c.jpg', 'd.jpg', 'e.jpg'].map((path, i) => [path, webp(i)])),
    shortSide: 28,
  },
};
const report: RunReport = {
  run: 'test <run>',
  method: 'swav',
  settings: [{ name: 'Batch', value: '64' }],
  training: {
    steps: [1, 2, 3],
    loss: [3, 2.5, 2],
    chance: { value: Math.log(64), name: 'ln 64' },
    usage: { steps: [2, 3], entropy: [1, 0.75] },
    notes: ['A note <here>.'],
  },
  measures: {
    when: 'On 3 images & no more.',
    items: [
      { name: 'View agreement', value: 0.6745, first: 0.25, meaning: 'Two views <alike>.' },
      { name: 'Separation', value: -0.1, meaning: 'How far apart.' },
    ],
  },
  evaluation: {
    source: '/photos',
    step: 3,
    labelled: true,
    ami: 0.15,
    fewLabels: { '0.01': { accuracy: 0.31 }, '0.1': { accuracy: 0.42 } },
    nmi: 0.2,
    acc: 0.4,
    ari: 0.1,
    knn: { accuracy: 0.5 },
    linear: { accuracy: 0.5 },
    baselines: {
      rawPixels: {
        nmi: 0.3,
        acc: 0.3,
        ari: 0.1,
        knn: { accuracy: 0.4 },
        linear: { accuracy: 0.4 },
      },
    },
  },
  clustering,
};
const render = (of: RunReport) => [...reportHtml(of)].join('');
const html = render(report);

describe('report.html', () => {
  it('shows clusters, doubt, skipped files and the baseline that wins, with nothing from elsewhere', () => {
    for (const text of [
      '2 clusters, as asked for with -k.',
      'broken.jpg',
      'empty file (0 bytes)',
      'ln 64',
      'A note &lt;here&gt;.',
    ]) {
      expect(html).toContain(text);
    }
    expect(html.match(/data:image\/webp;base64,/g)?.length).toBe(3);
    expect(html).toContain(
      '<p class="verdict lost">The trained encoder is beaten by raw pixels in NMI (0.300 against 0.200).</p>',
    );
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  it('escapes names', () => {
    expect(html).not.toContain('<b>&"c.jpg');
    expect(html).not.toContain('test <run>');
    expect(html).not.toContain('<cat>');
    expect(html).toContain('&lt;cat&gt;&quot;, cluster 1: 1 image, 50.0 % of the class');
    expect(html).toContain('&lt;b&gt;');
  });

  it('draws the confusion matrix: shade by share of the class, a frame for the match, names cut short', () => {
    const figure = /<figure class="confusion">.*?<\/figure>/s.exec(html)![0];
    const shades = [...figure.matchAll(/class="cell" fill-opacity="([\d.]+)"/g)].map(
      ([, value]) => value,
    );
    expect(shades).toEqual(['0.520', '0.520', '0.040', '1.000']);
    expect(figure.match(/class="match"/g)).toHaveLength(1);
    expect(figure).toContain('>a dog with a very l…<');
    expect(figure).toContain('a dog with a very long name indeed, cluster 0');
    expect(html).toMatch(
      /<a href="#cluster-0">0<\/a><\/th><td>2<\/td><td>&lt;cat&gt;&quot;<\/td><td>50\.0 %/,
    );
    expect(html).toContain(
      'purity 0.667, NMI 0.400, AMI 0.100, ACC 0.600, ARI 0.300, Fowlkes-Mallows 0.700',
    );
  });

  it('draws the fit of each number of clusters with the range, and says no lone number', () => {
    expect(html).toContain('suggested 3 to 4');
    expect(html.match(/class="band"/g)).toHaveLength(2);
    const paths = [...html.matchAll(/<path class="[abc]" d="(M[^"]*)"/g)].map(([, d]) => d!);
    const curves = paths.filter((d) => d.match(/L/g)?.length === 3);
    expect(curves).toHaveLength(4);
    // The best score is the highest point: y grows downwards.
    const heights = [...curves[0]!.matchAll(/ (\d+\.\d)/g)].map(([, y]) => Number(y));
    expect(Math.min(...heights)).toBe(heights[1]);
  });

  it('draws a range beyond the tried numbers, and says where none stands out', () => {
    const fit = clustering.suggestion!;
    const page = (suggestion: typeof fit) =>
      render({ ...report, clustering: { ...clustering, suggestion } });
    const wide = page({ ...fit, k: 4, range: [1, 16], found: false });
    expect(wide).toContain('Fit of the number of clusters; no groups found');
    const plot = /<figure><figcaption>Fit.*?<\/figure>/s.exec(wide)![0];
    const [, x, width] = /class="band" x="([\d.-]+)" y="\d+" width="([\d.]+)"/
      .exec(plot)!
      .map(Number);
    const [, drawn] = /viewBox="0 0 (\d+)/.exec(plot)!.map(Number);
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x! + width!).toBeLessThanOrEqual(drawn!);
    expect(plot).not.toContain('<circle');
  });

  it('says whether the groups follow color, and marks groups of color', () => {
    const figures = {
      ...{ property: 'color' as const, images: 3, k: 2, colorHistogram: 0.5, rawPixels: 0.2 },
      ...{ chance: 0, between: 0.2 },
    };
    const neighbors = { consistency: 0.6, chance: 0.5, k: 10 };
    const page = (verdict: 'mostly' | 'partly') => {
      const colorAgreement = {
        ...figures,
        neighbors,
        ceiling: 1,
        verdict,
        text: `${verdict} of <color>`,
      };
      return render({ ...report, clustering: { ...clustering, colorAgreement } });
    };
    expect(page('mostly')).toContain('<p class="verdict lost">mostly of &lt;color&gt;</p>');
    expect(page('partly')).toContain('<p class="verdict">partly of &lt;color&gt;</p>');
    expect(html).not.toContain('of color');
  });

  it('shows what was measured without labels, and how evenly prototypes were used', () => {
    const panel =
      /<section class="panel" id="measures"><h2>Measured without labels.*?<\/section>/s.exec(
        html,
      )![0];
    expect(panel).toContain('On 3 images &amp; no more.');
    expect(panel).toMatch(/View agreement<\/dt><dd><b>0\.67[45]<\/b> <small>from 0\.250<\/small>/);
    expect(panel).toMatch(/Separation<\/dt><dd><b>-0\.100<\/b><p/);
    expect(panel).toContain('Two views &lt;alike&gt;.');
    const use = /<figure><figcaption>Use of prototypes.*?<\/figure>/s.exec(html)![0];
    expect(use).toContain('<b>0.750</b>');
    const [first, second] = [...use.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    expect(second).toBeGreaterThan(first!); // less even is lower on the page
    const facts = reportJson(report, clustering);
    expect(facts).toMatchObject({ training: { usageEntropy: 0.75 }, measures: report.measures });
  });

  it('leaves out the panel and the curve where nothing was measured', () => {
    const { usage: _, ...training } = report.training!;
    const { measures: __, ...rest } = report;
    const plain = render({ ...rest, training });
    expect(plain).not.toContain('Measured without labels');
    expect(plain).not.toContain('Use of prototypes');
  });

  it('shows training alone before a run is clustered', () => {
    const { clustering: _, evaluation: __, ...trained } = report;
    const page = render(trained);
    expect(page).toContain('<dt>steps</dt><dd>3</dd>');
    expect(page).toContain('<h2>Training</h2>');
    expect(page).not.toMatch(/<script|<dialog|class="wall"|id="clusters"/);
  });

  it('shows the examples that have a picture, and all by name where no pictures are stored', () => {
    const pictures = new Map([['d.jpg', webp(1)]]);
    const fewer = render({ ...report, clustering: { ...clustering, thumbnails: { pictures } } });
    expect(fewer.match(/<li[^>]*><button/g)).toHaveLength(1);
    expect(fewer).toContain('<span class="stat">1 shown</span>');
    const { thumbnails: _, ...without } = clustering;
    const old = render({ ...report, clustering: without });
    expect(old.match(/<li[^>]*><button/g)).toHaveLength(3);
    expect(old).not.toContain('src="data:image');
    expect(old).toContain('<body>');
    expect(html).toContain('<body class="small">');
  });

  it('shows the further measures of an evaluation', () => {
    for (const text of ['>AMI</abbr>', '>1 % lab</abbr>', '0.310', '0.420', '0.150'])
      expect(html).toContain(text);
    expect(html).not.toContain('>FMI</abbr>');
  });

  it('shows the scores of k-means beside those of other clusters', () => {
    const shown = (by: 'kmeans' | 'smoothed-kmeans') =>
      render({
        ...report,
        evaluation: { ...report.evaluation!, clustering: { by }, kmeans: { nmi: 0.123 } },
      });
    expect(shown('smoothed-kmeans')).toMatch(/, k-means<\/th><td>0\.123/);
    expect(shown('kmeans')).not.toContain('0.123');
  });

  it('shows the judgment on the training with its remedy, marked where it is not good', () => {
    const judged = (health: string, remedy?: string) =>
      render({
        ...report,
        training: { ...report.training!, verdict: `${health}: <loss> 2`, health, remedy },
      });
    expect(judged('healthy')).toContain('<p class="verdict">healthy: &lt;loss&gt; 2.</p>');
    expect(judged('too short', 'train longer')).toContain(
      '<p class="verdict lost">too short: &lt;loss&gt; 2. Remedy: train longer.</p>',
    );
  });

  it('colors the verdict by its tone', () => {
    const { baselines: _, ...own } = report.evaluation!;
    const ahead = { ...own, baselines: { untrained: { nmi: 0.1 } } };
    expect(render({ ...report, evaluation: ahead })).toContain(
      '<p class="verdict">No baseline beats the trained encoder in NMI, ACC, ARI, kNN 200 or linear.</p>',
    );
  });

  it('shows pictures before figures, with a list of contents that leads to every section', () => {
    const [wall, cards, figures] = ['class="wall"', 'id="cluster-0"', '<h2>Training</h2>'].map(
      (text) => html.indexOf(text),
    );
    expect(wall).toBeGreaterThan(0);
    expect(cards).toBeGreaterThan(wall!);
    expect(figures).toBeGreaterThan(cards!);
    const contents = /<nav class="contents".*?<\/nav>/s.exec(html)![0];
    const links = [...contents.matchAll(/href="#([a-z]+)"/g)].map(([, id]) => id!);
    expect(links).toEqual([
      ...[
        'overview',
        'number',
        'labels',
        'evaluation',
        'training',
        'measures',
        'skipped',
        'settings',
      ],
    ]);
    for (const id of links) expect(html).toContain(`id="${id}"`);
  });

  it('lists all images of the clusters, with the originals of a folder and no others', () => {
    const source = { name: 'photos', path: '/my photos/#1', kind: 'folder' };
    const members = [['a/<b>&"c.jpg', 'd.jpg'], ['e.jpg']];
    const page = render({ ...report, clustering: { ...clustering, source, members } });
    const stored = /<script type="application\/json" id="members">(.*?)<\/script>/s.exec(page)![1]!;
    expect(JSON.parse(stored)).toEqual({ root: 'file:///my%20photos/%231/', ids: members });
    expect(stored).not.toContain('<');
    expect(page).toContain('img-src data: file:;');
    expect(page).toContain('id="search"');
    const paged = { ...clustering, source: { ...source, pages: 'all' as const }, members };
    expect(render({ ...report, clustering: paged })).toMatch(/"members">\{"root".*"pages":true\}</);
    const packed = render({ ...report, clustering: { ...clustering, members } });
    expect(packed).toContain('img-src data:;');
    expect(packed).not.toContain('file://');
    expect(html).not.toMatch(/id="(members|search)"/);
  });

  it('offers all images of a cluster where examples are not all', () => {
    const [first, second] = clustering.clusters;
    const clusters = [{ ...first!, size: 1200 }, second!];
    const page = render({ ...report, clustering: { ...clustering, clusters, members: [[], []] } });
    expect(page).toContain('data-cluster="0" hidden>All 1,200</button>');
    expect(page).not.toContain('>All 1</button>');
  });

  it('draws separation beside the largest of all clusters, and none where none is stored', () => {
    const clusters = clustering.clusters.map((cluster, i) => ({
      ...cluster,
      separation: [0.1, 0.4][i]!,
    }));
    const page = render({ ...report, clustering: { ...clustering, clusters } });
    const meters = [
      ...page.matchAll(
        /class="meter"><i style="width:(\d+)%"><\/i><\/span>separation <b>([\d.]+)</g,
      ),
    ];
    expect(meters.map(([, width, value]) => [width, value])).toEqual([
      ['25', '0.10'],
      ['100', '0.40'],
    ]);
    expect(html).not.toContain('separation <b>');
  });

  it('folds away the settings that are not main ones', () => {
    const allSettings = [{ name: 'learningRate', value: '0.<1>' }];
    expect(render({ ...report, allSettings })).toContain(
      '<summary>All settings</summary><dl class="facts"><div><dt>learningRate</dt><dd>0.&lt;1&gt;</dd>',
    );
    expect(html).not.toContain('All settings');
  });

  it('has the same bytes for the same facts', () => {
    expect(render(structuredClone(report))).toBe(html);
  });
});

describe('the page of a run on a pretrained model', () => {
  const base = { run: 'photos', method: 'consensus', settings: [], clustering };
  const page = (more: Partial<RunReport> = {}) => [...reportHtml({ ...base, ...more })].join('');

  it('names the model beside the method, in its title too', () => {
    const trained = page({ trained: 'consensus on <net>' });
    expect(trained).toContain('<title>photos (consensus on &lt;net&gt;) · likeness</title>');
    expect(trained).toContain('<p class="kicker">consensus on &lt;net&gt;, /photos</p>');
    expect(page()).toContain('<p class="kicker">consensus on /photos</p>');
    expect(page()).toContain('<title>photos · likeness</title>');
    const json = reportJson({ ...base, trained: 'consensus on net' }, clustering);
    expect(json).toMatchObject({ method: 'consensus', trained: 'consensus on net' });
  });

  it('names the model before training in the place of an untrained encoder', () => {
    const evaluation = (title?: string) => ({
      ...report.evaluation!,
      baselines: { untrained: { nmi: 0.25, ...(title !== undefined && { title }) } },
    });
    const tuned = page({ evaluation: evaluation('net before training') });
    expect(tuned).toContain('<th scope="row">net before training</th>');
    expect(tuned).not.toContain('untrained encoder');
    expect(page({ evaluation: evaluation() })).toContain('<th scope="row">untrained encoder</th>');
  });
});
