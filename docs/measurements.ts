/** Formats measurements: label-free measures, k-means, scaling, and clustering between epochs. */
import { caption } from './caption.ts';
import { compared, markdown, type StoredRows, stored } from './stored.ts';

interface StoredCorrelations {
  readonly title: string;
  readonly command: string;
  readonly runs: number;
  readonly correlations: readonly {
    readonly measure: string;
    readonly all: number | null;
    readonly lastOfRuns: number | null;
    readonly withinRuns: number | null;
    readonly points: number;
  }[];
}

/** Formats the rank correlations of label-free measures, one table per data set. */
export function labelFreeText(): string {
  const parts = compared.flatMap((name) => {
    const found = stored<StoredCorrelations>(`label-free-${name}`);
    if (!found) return [];
    const cell = (value: number | null) => (value === null ? '-' : value.toFixed(2));
    const rows = found.correlations.toSorted((a, b) => (b.lastOfRuns ?? -2) - (a.lastOfRuns ?? -2));
    return [
      [
        `${found.title}, ${found.runs} runs:`,
        '',
        markdown([
          ['measure', 'last of runs', 'all checkpoints', 'within a run', 'checkpoints'],
          ...rows.map(({ measure, all, lastOfRuns, withinRuns, points }) => [
            ...[`\`${measure}\``, cell(lastOfRuns), cell(all), cell(withinRuns), String(points)],
          ]),
        ]),
        '',
        '```sh',
        found.command,
        '```',
      ].join('\n'),
    ];
  });
  return parts.join('\n\n');
}

interface KmeansFigures {
  readonly name: string;
  readonly seconds: number;
  readonly peerSeconds: number | null;
  readonly miniBatchSeconds: number | null;
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
  readonly rows: number;
  readonly dimension: number;
  readonly k: number;
  readonly iterations: number;
  readonly objectiveDifference: number | null;
  readonly miniBatchExcess: number | null;
  readonly megabytes: number | null;
  readonly peerMegabytes: number | null;
  readonly miniBatchMegabytes?: number | null;
}

/** Formats k-means beside scikit-learn. */
export function kmeansText(): string {
  const found = stored<StoredRows<KmeansFigures>>('kmeans');
  if (!found) return '';
  const number = (value: number | null, digits: number) =>
    value === null ? '-' : value.toFixed(digits);
  const percent = (value: number | null) =>
    value === null ? '-' : `${(100 * value).toFixed(1)} %`;
  return [
    markdown([
      [
        ...[
          'rows x dimension, k, iterations',
          'likeness s',
          'scikit-learn s',
          'times as fast',
          'objectives differ by',
        ],
        ...[
          'MiniBatchKMeans s',
          'its objective above',
          'likeness MB',
          'scikit-learn MB',
          'MiniBatchKMeans MB',
        ],
      ],
      ...found.rows.map((row) => [
        `${row.rows.toLocaleString('en-US')} x ${row.dimension}, ${row.k}, ${row.iterations}`,
        ...[number(row.seconds, 2), number(row.peerSeconds, 2)],
        row.spread === null
          ? '-'
          : `${number(row.ratio, 2)} (${row.spread[0].toFixed(2)} to ${row.spread[1].toFixed(2)})`,
        row.objectiveDifference === null ? '-' : row.objectiveDifference.toExponential(1),
        ...[number(row.miniBatchSeconds, 2), percent(row.miniBatchExcess)],
        ...[number(row.megabytes, 0), number(row.peerMegabytes, 0)],
        number(row.miniBatchMegabytes ?? null, 0),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

interface SecondsFigures {
  readonly name: string;
  readonly seconds: number;
  readonly peerSeconds: number | null;
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
  readonly megabytes: number | null;
  readonly peerMegabytes: number | null;
}

/** Peers of the benchmarks whose rows are seconds. */
const peersOfSeconds: Readonly<Record<string, string>> = {
  clustering: 'PyTorch',
  patches: 'scikit-learn',
};

/** Formats seconds and memory of a stored benchmark beside its peer. */
export function secondsText(name: string): string {
  const found = stored<StoredRows<SecondsFigures>>(name);
  if (!found) return `Not measured yet: \`npm run bench -- ${name}\`.`;
  const peer = peersOfSeconds[name]!;
  const seconds = (value: number | null) => (value === null ? '-' : value.toPrecision(3));
  const memory = (value: number | null) => value?.toFixed(0) ?? '-';
  return [
    markdown([
      [
        ...['row', 'likeness s', `${peer} s`, 'times as fast', 'from, to'],
        ...['likeness MB', `${peer} MB`],
      ],
      ...found.rows.map((row) => [
        ...[`\`${row.name}\``, seconds(row.seconds), seconds(row.peerSeconds)],
        row.ratio === null ? '-' : `**${row.ratio.toFixed(2)}**`,
        row.spread === null ? '-' : `${row.spread[0].toFixed(2)} to ${row.spread[1].toFixed(2)}`,
        ...[memory(row.megabytes), memory(row.peerMegabytes)],
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

interface ScaleFigures {
  readonly name: string;
  readonly images: number;
  readonly work: string;
  readonly detail: string;
  readonly seconds: number;
  readonly megabytes: number;
}

/** Formats time and memory by number of images. */
export function scaleText(): string {
  const found = stored<StoredRows<ScaleFigures>>('scale');
  if (!found) return 'Not measured yet: `npm run bench -- scale`.';
  return [
    markdown([
      ['images', 'work', 'of', 'seconds', 'peak MB'],
      ...found.rows.map(({ images, work, detail, seconds, megabytes }) => [
        ...[images.toLocaleString('en-US'), work, detail, seconds.toFixed(1), megabytes.toFixed(0)],
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

const PROJECTED = [1e7, 1e8];

/**
 * Extrapolates time and memory along the line through the two largest measured sizes.
 * `decode and train` excludes its minutes of training.
 */
export function projectionText(): string {
  const found = stored<StoredRows<ScaleFigures>>('scale');
  const works = [...new Set(found?.rows.map(({ work }) => work) ?? [])];
  const lines = works.flatMap((work) => {
    const [before, last] = found!.rows
      .filter((row) => row.work === work)
      .toSorted((a, b) => a.images - b.images)
      .slice(-2);
    if (!before || !last) return [];
    const perImage = (of: (row: ScaleFigures) => number) =>
      Math.max(0, of(last) - of(before)) / (last.images - before.images);
    const trained = (row: ScaleFigures) =>
      work.includes('train') ? 60 * Number.parseFloat(row.detail) : 0;
    const worked = (row: ScaleFigures) => row.seconds - trained(row);
    const [seconds, bytes] = [perImage(worked), perImage((row) => 1e6 * row.megabytes)];
    const cells = PROJECTED.flatMap((images) => {
      const hours = (worked(last) + seconds * (images - last.images)) / 3600;
      const gigabytes = (1e6 * last.megabytes + bytes * (images - last.images)) / 1e9;
      return [hours.toPrecision(2), gigabytes.toPrecision(2)];
    });
    return [
      [work.replace(' and train', ''), (1e6 * seconds).toFixed(0), bytes.toFixed(0), ...cells],
    ];
  });
  if (lines.length === 0) return 'Needs two sizes: `npm run bench -- scale`.';
  const sizes = PROJECTED.flatMap((images) =>
    ['h', 'GB'].map((unit) => `${images.toLocaleString('en-US')}: ${unit}`),
  );
  return markdown([['work', 'µs per image', 'bytes per image', ...sizes], ...lines]);
}

interface GrowthFigures {
  readonly name: string;
  readonly varied: string;
  readonly value: string;
  readonly milliseconds: number;
  readonly megabytes: number | null;
}

/** Formats time and memory of a step of SwAV by the varied quantity. */
export function growthText(): string {
  const found = stored<StoredRows<GrowthFigures>>('growth');
  if (!found) return 'Not measured yet: `npm run bench -- growth`.';
  return [
    markdown([
      ['varied', 'value', 'ms per step', 'peak MB'],
      ...found.rows.map(({ varied, value, milliseconds, megabytes }) => [
        ...[varied, `\`${value}\``, milliseconds.toFixed(1), megabytes?.toFixed(0) ?? '-'],
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

interface PhaseFigures {
  readonly name: string;
  readonly method: string;
  readonly images: number;
  readonly dimension: number;
  readonly clusters: string;
  readonly iterations: number;
  readonly seconds: number;
  readonly megabytes: number | null;
  readonly featureMegabytes: number;
}

/** Formats time and memory of clustering between epochs. */
export function phasesText(): string {
  const found = stored<StoredRows<PhaseFigures>>('phases');
  if (!found) return '';
  return [
    markdown([
      [
        'method',
        'images x dimension',
        'clusters',
        'iterations',
        'seconds',
        'peak MB',
        'features alone MB',
      ],
      ...found.rows.map((row) => [
        ...[row.method, `${row.images.toLocaleString('en-US')} x ${row.dimension}`, row.clusters],
        ...[String(row.iterations), row.seconds.toFixed(1), row.megabytes?.toFixed(0) ?? '-'],
        row.featureMegabytes.toFixed(0),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}
