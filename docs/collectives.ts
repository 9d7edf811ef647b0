/** Formats measurements of several ranks, and the model of larger numbers of machines. */
import { networkShapes } from '../src/encoders/index.ts';
import { settingsFor } from '../src/methods/index.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

interface AllReduceFigures {
  readonly name: string;
  readonly bytes: number;
  readonly ranks: number;
  readonly milliseconds: number;
  readonly peerMilliseconds: number | null;
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
}

/** Formats the time of a sum over ranks by size, beside mpi4py. */
export function allReduceText(): string {
  const found = stored<StoredRows<AllReduceFigures>>('all-reduce');
  if (!found) return 'Not measured yet: `npm run bench -- all-reduce`.';
  const cell = (value: number | null) =>
    value === null ? '-' : value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
  return [
    markdown([
      ['size', 'likeness ms', 'GB/s', 'mpi4py ms', 'times as fast', 'from, to'],
      ...found.rows.map(({ name, bytes, milliseconds, peerMilliseconds, ratio, spread }) => [
        ...[name, cell(milliseconds), cell(bytes / milliseconds / 1e6), cell(peerMilliseconds)],
        ratio === null ? '-' : `**${ratio.toFixed(2)}**`,
        spread === null ? '-' : spread.map((value) => value.toFixed(2)).join(' to '),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

interface RankFigures {
  readonly name: string;
  readonly ranks: number;
  readonly threads: number;
  readonly batch: number;
  readonly norm: string;
  readonly width: number;
  readonly imagesPerSecond: number;
  readonly spread: readonly [number, number];
  readonly milliseconds: number;
  readonly exchangeMilliseconds: number;
  readonly exchangedBytes: number;
  readonly exchanges: number;
}

/** Formats the speed of training on ranks of one machine. */
export function ranksText(): string {
  const found = stored<StoredRows<RankFigures>>('ranks');
  if (!found) return 'Not measured yet: `npm run bench -- ranks`.';
  const head = [
    ...['channels', 'ranks x threads', 'batch', 'batch norm', 'images/s', 'from, to'],
    ...['ms per step', 'exchanging', 'MB exchanged', 'exchanges'],
  ];
  return [
    markdown([
      head,
      ...found.rows.map((row) => [
        ...[String(row.width), `${row.ranks} x ${row.threads}`, String(row.batch)],
        ...[row.ranks === 1 ? '-' : row.norm, row.imagesPerSecond.toFixed(0)],
        row.spread.map((value) => value.toFixed(0)).join(' to '),
        row.milliseconds.toFixed(0),
        ...(row.ranks === 1
          ? ['-', '-', '-']
          : [
              `${((100 * row.exchangeMilliseconds) / row.milliseconds).toFixed(0)} %`,
              (row.exchangedBytes / 1e6).toFixed(1),
              String(row.exchanges),
            ]),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

/** Formats what joined batch norm adds to the calls of a step, here and among 64 machines. */
export function joinedNormText(): string {
  const rows = stored<StoredRows<RankFigures>>('ranks')?.rows ?? [];
  const of = (name: string) => rows.find((row) => row.name === name);
  const [own, joined] = [of('two-ranks'), of('two-ranks-joined-norm')];
  if (!own || !joined) return '';
  const calls = joined.exchanges - own.exchanges;
  const seconds = calls * allReduceSeconds(0, 64, networks[0]!);
  return (
    `For ResNet-10 above these are ${calls} calls more for each step. Among 64 machines at ` +
    `${networks[0]!.name} their latency alone is ${(1000 * seconds).toFixed(0)} ms, beside the ` +
    'waiting for the slowest machine at each of them.'
  );
}

interface Network {
  readonly name: string;
  /** Seconds per byte, and seconds of a message. */
  readonly perByte: number;
  readonly latency: number;
}

const networks: readonly Network[] = [
  { name: '10 Gb/s', perByte: 1 / 1.25e9, latency: 30e-6 },
  { name: '100 Gb/s', perByte: 1 / 12.5e9, latency: 5e-6 },
];
const machines = [8, 64, 512];

/**
 * Seconds of an all-reduce of n bytes over R machines at B bytes a second: the faster of a ring,
 * `2 (R - 1) (latency + n / R / B)`, and of recursive doubling, `log2(R) (latency + n / B)`.
 */
export function allReduceSeconds(n: number, R: number, { latency, perByte }: Network): number {
  const ring = 2 * (R - 1) * (latency + (n / R) * perByte);
  const doubling = Math.ceil(Math.log2(R)) * (latency + n * perByte);
  return Math.min(ring, doubling);
}

/** Seconds of an all-gather of n bytes from each of R machines: `(R - 1) (latency + n / B)`. */
export function allGatherSeconds(n: number, R: number, { latency, perByte }: Network): number {
  return (R - 1) * (latency + n * perByte);
}

interface SpeedRow {
  readonly name: string;
  readonly ours: number;
}

/** Networks of the model: measured images per second on two threads, and their gradients. */
const models = [
  { title: 'ResNet-18, 32 px', row: 'resnet18-cifar-32-w64-b64', architecture: 'resnet18' },
  { title: 'ResNet-50, 96 px', row: 'resnet50-imagenet-96-w64-b64', architecture: 'resnet50' },
] as const;
/** Images of each machine, in two views. */
const IMAGES = 64;
const VIEWS = 2;
/** Machines as fast as that of the measurements, and sixteen times as fast. */
const speeds = [1, 16];

/** Bytes of the gradients of a network. */
function gradientBytes({ architecture, row }: (typeof models)[number]): number {
  const stem = row.includes('cifar') ? 'cifar' : 'imagenet';
  const settings = settingsFor('small-32', {
    method: { name: 'simclr' },
    encoder: { architecture, stem, width: 64 },
  });
  const shapes = [...networkShapes(settings).values()];
  const sizes = shapes.map((shape) => shape.reduce((product, side) => product * side, 1));
  return 4 * sizes.reduce((sum, size) => sum + size, 0);
}

/** Formats the share of a step that remains for computing, by machines and network. */
export function costModelText(): string {
  const steps = stored<StoredRows<SpeedRow>>('step');
  if (!steps) return 'Not measured yet: `npm run bench -- step`.';
  const rows = models.flatMap((model) => {
    const bytes = gradientBytes(model);
    const { ours } = steps.rows.find(({ name }) => name === model.row)!;
    return speeds.map((faster) => {
      const step = (IMAGES * VIEWS) / (ours * faster);
      const cells = machines.flatMap((R) =>
        networks.map((network) => {
          const share = step / (step + allReduceSeconds(bytes, R, network));
          return `${(100 * share).toFixed(0)} %`;
        }),
      );
      return [
        ...[model.title, `${(bytes / 1e6).toFixed(0)} MB`],
        ...[`${faster === 1 ? 'as here' : `${faster} times as fast`}`, `${step.toFixed(2)} s`],
        ...cells,
      ];
    });
  });
  const heads = machines.flatMap((R) => networks.map(({ name }) => `${R}, ${name}`));
  return markdown([['network', 'gradients', 'machine', 'step', ...heads], ...rows]);
}

/** Rows of the whole batch that a loss compares, their length, and what each rank computes. */
const FEATURES = 512;
const EMBEDDING = 128;
/** Operations per second as here: 58 images of 3.3 billion, forward and backward, of ResNet-18. */
const FLOPS = 190e9;

/** Formats what gathering features and a loss of the whole batch cost by the number of machines. */
export function gatheredText(): string {
  const rows = machines.map((R) => {
    const all = R * IMAGES * VIEWS;
    const own = IMAGES * VIEWS * FEATURES * 4;
    const gather = networks.map((network) => 2 * allGatherSeconds(own, R, network));
    // Products: the loss forward, and two gradients backward.
    const loss = (3 * 2 * all * all * EMBEDDING) / FLOPS;
    const memory = all * all * 4;
    return [
      ...[String(R), all.toLocaleString('en-US')],
      ...gather.map((seconds) => `${(1000 * seconds).toFixed(0)} ms`),
      loss < 1 ? `${(1000 * loss).toFixed(0)} ms` : `${loss.toFixed(0)} s`,
      memory < 1e9 ? `${(memory / 1e6).toFixed(0)} MB` : `${(memory / 1e9).toFixed(1)} GB`,
    ];
  });
  const gathered = networks.map(({ name }) => `gathered, ${name}`);
  return markdown([['machines', 'rows', ...gathered, 'loss on each rank', 'its logits'], ...rows]);
}
