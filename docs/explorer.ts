/** Formats the measured times of the page and the frames of its map. */
import type { ExploreRow } from '../bench/explore.ts';
import type { Frames, MapRow } from '../bench/map.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

const count = (value: number) => value.toLocaleString('en-US');
const seconds = (value: number | undefined) =>
  value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} s`;

/** Formats the time from the command to pictures and clusters. */
export function exploreText(): string {
  const found = stored<StoredRows<ExploreRow>>('explore');
  if (!found) return 'Not measured yet: `npm run bench -- explore <sources>`.';
  return [
    markdown([
      [
        ...['images', 'first picture', 'clusters', 'processor'],
        ...['again: first picture', 'again: clusters', 'server', 'page', 'sent', 'load'],
      ],
      ...found.rows.map(({ images, first, again, serverMB, pageMB, sentKB, load }) => [
        ...[count(images), seconds(first.picture), seconds(first.clusters)],
        ...[seconds(first.processor), seconds(again.picture), seconds(again.clusters)],
        ...[serverMB === undefined ? '-' : `${serverMB.toFixed(0)} MB`, `${pageMB.toFixed(0)} MB`],
        ...[`${count(Math.round(sentKB))} kB`, load.map((one) => one.toFixed(0)).join(' to ')],
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

/** Formats the frames of the map. */
export function mapText(): string {
  const found = stored<StoredRows<MapRow>>('map');
  if (!found) return 'Not measured yet: `npm run bench -- map`.';
  const frames = ({ perSecond, p95 }: Frames) => `${perSecond.toFixed(0)} (${p95.toFixed(0)} ms)`;
  const { shipped } = found.rows[0]!;
  return [
    markdown([
      [
        ...['images', 'renderer', 'opened', 'pan: frames/s (95th percentile)'],
        ...['zoom: frames/s (95th percentile)', 'drawing', 'whole frame', 'heap', 'load'],
      ],
      ...found.rows.map(({ images, renderer, opened, pan, zoom, rest, heap, load }) => [
        ...[count(images), renderer, seconds(opened), frames(pan), frames(zoom)],
        ...[`${pan.drawing.toFixed(1)} ms`, `${rest.toFixed(0)} ms`],
        ...[`${heap.toFixed(0)} MB`, load.toFixed(1)],
      ]),
    ]),
    '',
    `The built page has ${count(Math.round(shipped))} kB.`,
    '',
    caption(found),
  ].join('\n');
}
