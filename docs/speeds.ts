/** Formats speeds beside a peer (training steps, embedding, views, decoding) and profiles. */
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

interface SpeedFigures {
  readonly name: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
  /** Images per second of each peer, or of PyTorch in each of its memory formats. */
  readonly formats: Readonly<Record<string, number>>;
  /** Peak resident memory, ours and the fastest peer's. */
  readonly megabytes?: number | null;
  readonly peerMegabytes?: number | null;
  /**
   * Fraction of the time that steps wait for views, for whole epochs. `pause` is our longest
   * garbage collection in ms.
   */
  readonly waiting?: number;
  readonly pause?: number;
}

/** Headings of columns that do not have the peer's name. */
const headings: Readonly<Record<string, string>> = {
  contiguous: 'PyTorch img/s',
  channels_last: 'channels last',
};

/** Formats images per second by row of a stored benchmark. */
export function speedsText(name: string): string {
  const found = stored<StoredRows<SpeedFigures>>(name);
  if (!found) return `Not measured yet: \`npm run bench -- ${name}\`.`;
  const speed = (value: number | null | undefined) =>
    typeof value === 'number'
      ? value.toLocaleString('en-US', { maximumSignificantDigits: 4 })
      : '-';
  const peers = [...new Set(found.rows.flatMap(({ formats }) => Object.keys(formats)))];
  const hasMemory = found.rows.some(({ megabytes }) => typeof megabytes === 'number');
  const memory = (value: number | null | undefined) =>
    typeof value === 'number' ? value.toFixed(0) : '-';
  const hasWaiting = found.rows.some(({ waiting }) => waiting !== undefined);
  const share = (value: number | undefined) =>
    value === undefined ? '-' : `${(100 * value).toFixed(2)} %`;
  const rows = found.rows.map(({ name: row, ours, ratio, spread, formats, ...figures }) => [
    ...[`\`${row}\``, speed(ours), ...peers.map((peer) => speed(formats[peer]))],
    ratio === null ? '-' : `**${ratio.toFixed(2)}**`,
    spread === null ? '-' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`,
    ...(hasMemory ? [memory(figures.megabytes), memory(figures.peerMegabytes)] : []),
    ...(hasWaiting ? [share(figures.waiting), speed(figures.pause)] : []),
  ]);
  return [
    markdown([
      [
        ...['row', 'likeness img/s', ...peers.map((peer) => headings[peer] ?? `${peer} img/s`)],
        ...['times as fast', 'from, to', ...(hasMemory ? ['likeness MB', 'peer MB'] : [])],
        ...(hasWaiting ? ['waiting for views', 'longest pause ms'] : []),
      ],
      ...rows,
    ]),
    '',
    caption(found),
  ].join('\n');
}

interface ProfiledRow {
  readonly name: string;
  /** Unit of work. Default: step. */
  readonly per?: string;
  /** Milliseconds of the whole, where parts overlap. */
  readonly whole?: number;
  readonly operators: readonly {
    readonly operator: string;
    readonly calls: number;
    readonly milliseconds: number;
    readonly share: number;
  }[];
}

/** Operators per table. */
const SHOWN = 12;

/** Formats a table of operators for each profile. */
export function profileText(): string {
  const found = stored<StoredRows<ProfiledRow>>('profile');
  if (!found) return '';
  const tables = found.rows.map(({ name, per = 'step', whole, operators }) => {
    const rows = operators
      .slice(0, SHOWN)
      .map(({ operator, calls, milliseconds, share }) => [
        ...[
          operator,
          calls.toFixed(0),
          milliseconds.toFixed(per === 'picture' ? 3 : 1),
          `${(100 * share).toFixed(1)} %`,
        ],
      ]);
    const title = `\`${name}\`${whole === undefined ? '' : `, ${whole.toFixed(0)} ms in total`}:`;
    return [title, '', markdown([['part', 'calls', `ms per ${per}`, 'fraction'], ...rows])].join(
      '\n',
    );
  });
  return [...tables, caption(found)].join('\n\n');
}
