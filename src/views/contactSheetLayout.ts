/** Layout of a contact sheet: the boxes of its images, and its text and outlines as SVG. */
import type { Box } from './planarImage.ts';

/** Image at the left, with its caption. */
export interface Column {
  readonly width: number;
  readonly height: number;
  readonly caption: readonly string[];
}

/** Section of the views of one group of crops. */
export interface Section {
  readonly heading: string;
  readonly lines: readonly string[];
  readonly color: string;
  /** Side of a view, in pixels. */
  readonly size: number;
  /** Number of views. */
  readonly count: number;
  /** Number of leading views with an outline. */
  readonly marked: number;
  /** Boxes of those views in the image, in its pixels. */
  readonly outlines: readonly Box[];
}

export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  readonly original: Box;
  /** Boxes of the views, by section. */
  readonly tiles: readonly (readonly Box[])[];
  /** SVG overlay of outlines and marks. */
  readonly marks: string;
  /** SVG overlay of all text. */
  readonly texts: string;
}

/** XML namespace of SVG. */
export const SVG = 'http://www.w3.org/2000/svg';

const MARGIN = 40;
const TOP = 120;
const COLUMN = 300;
const GUTTER = 48;
const GAP = 12;
const SMALL_GAP = 5;
/** Views of the first group per row; `TILE` is their approximate width. */
const PER_ROW = 4;
const TILE = 160;
const HEADING = 52;
const SECTION_GAP = 36;
const FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/** Computes the layout of a sheet. */
export function layOut(sheet: {
  title: string;
  subtitle: string;
  column: Column;
  sections: readonly Section[];
}): SheetLayout {
  const { column, sections } = sheet;
  const zoom = Math.max(1, Math.round(TILE / sections[0]!.size));
  const contentWidth = PER_ROW * zoom * sections[0]!.size + (PER_ROW - 1) * GAP;
  const left = MARGIN + COLUMN + GUTTER;
  const marks: string[] = [];
  const texts: string[] = [
    text(MARGIN, 58, shorten(sheet.title), { size: 24, weight: 700 }),
    text(MARGIN, 84, sheet.subtitle, { size: 15, color: '#6b6862' }),
  ];

  const original = placeOriginal(column);
  let y = original.top + original.height + 24;
  for (const line of column.caption) {
    texts.push(text(MARGIN, y, line, { size: 13, color: '#6b6862' }));
    y += 19;
  }
  const columnEnd = y;
  const scaleX = original.width / column.width;
  const scaleY = original.height / column.height;

  y = TOP;
  const tiles: Box[][] = [];
  for (const section of sections) {
    const swatch = { x: left, y: y + 1, width: 12, height: 12, rx: 3, fill: section.color };
    marks.push(`<rect${attributes(swatch)}/>`);
    texts.push(
      text(left + 20, y + 13, section.heading, { size: 17, weight: 700 }),
      text(left, y + 36, section.lines.join('  ·  '), { size: 13, color: '#6b6862' }),
    );
    y += HEADING;
    const places = placeTiles(section, { left, top: y, width: contentWidth, zoom });
    tiles.push(places);
    for (const place of places.slice(0, section.marked)) {
      marks.push(frame(outset(place, 1), section.color, 2));
    }
    for (const box of section.outlines) {
      const place = {
        left: original.left + box.left * scaleX,
        top: original.top + box.top * scaleY,
        width: box.width * scaleX,
        height: box.height * scaleY,
      };
      marks.push(frame(place, '#ffffff', 3.5, 0.8), frame(place, section.color, 2));
    }
    y = places.at(-1)!.top + places.at(-1)!.height + SECTION_GAP;
  }
  const width = left + contentWidth + MARGIN;
  const height = Math.max(y - SECTION_GAP, columnEnd) + MARGIN;
  const svg = (content: string[]) =>
    `<svg xmlns="${SVG}" width="${width}" height="${height}">${content.join('')}</svg>`;
  return { width, height, original, tiles, marks: svg(marks), texts: svg(texts) };
}

/** Fits the image into the column: enlarged by a whole factor, or shrunk. */
function placeOriginal({ width, height }: Column): Box {
  const fit = Math.min(COLUMN / width, (1.6 * COLUMN) / height);
  const scale = fit >= 1 ? Math.floor(fit) : fit;
  return {
    left: MARGIN,
    top: TOP,
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** Places rows of tiles that fill the width; the gaps take the remainder. */
function placeTiles(
  { size, count }: Section,
  area: { left: number; top: number; width: number; zoom: number },
): Box[] {
  const side = size * area.zoom;
  const wide = Math.floor((area.width + GAP) / (side + GAP));
  const perRow = side * PER_ROW > area.width / 2 ? Math.max(1, wide) : fullest(area.width, side);
  const gap = perRow > 1 ? Math.min((area.width - perRow * side) / (perRow - 1), 2 * GAP) : 0;
  return Array.from({ length: count }, (_, i) => ({
    left: Math.round(area.left + (i % perRow) * (side + gap)),
    top: Math.round(area.top + Math.floor(i / perRow) * (side + gap)),
    width: side,
    height: side,
  }));
}

/** Counts the small tiles that fit into a row with narrow gaps. */
function fullest(width: number, side: number): number {
  return Math.max(1, Math.floor((width + SMALL_GAP) / (side + SMALL_GAP)));
}

/** Expands a box by `by` on every side. */
function outset({ left, top, width, height }: Box, by: number): Box {
  return { left: left - by, top: top - by, width: width + 2 * by, height: height + 2 * by };
}

function frame(box: Box, color: string, width: number, opacity = 1): string {
  return `<rect${attributes({
    x: box.left,
    y: box.top,
    width: box.width,
    height: box.height,
    rx: 2,
    fill: 'none',
    stroke: color,
    'stroke-width': width,
    'stroke-opacity': opacity,
  })}/>`;
}

/** Renders a line of text as SVG. */
export function text(
  x: number,
  y: number,
  content: string,
  { size, weight = 400, color = '#24231f' }: { size: number; weight?: number; color?: string },
): string {
  const font = { 'font-family': FONT, 'font-size': size, 'font-weight': weight };
  return `<text${attributes({ x, y, ...font, fill: color })}>${escapeXml(content)}</text>`;
}

/** Writes attributes whose values need no escaping. */
function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
}

/** Shortens a long name in the middle. */
function shorten(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 31)}…${name.slice(-32)}`;
}

function escapeXml(content: string): string {
  // XML does not allow control characters.
  const printable = [...content].map((c) => (c.codePointAt(0)! < 32 ? ' ' : c)).join('');
  return printable.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
