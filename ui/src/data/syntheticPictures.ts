import { uniform } from './random.ts';
import type { Variant } from './syntheticFind.ts';

type Draw = (random: (purpose: number) => number) => string;

const hsl = (hue: number, saturation: number, lightness: number) =>
  `hsl(${Math.round(hue)} ${Math.round(saturation)}% ${Math.round(lightness)}%)`;
const circle = (x: number, y: number, r: number, fill: string) =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r.toFixed(1)}" fill="${fill}"/>`;
const path = (d: string, fill: string) => `<path d="${d}" fill="${fill}"/>`;
const rect = (x: number, y: number, w: number, h: number, fill: string, rx = 0) =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" ` +
  `height="${h.toFixed(1)}" fill="${fill}" rx="${rx}"/>`;
const backdrop = (fill: string) => rect(0, 0, 100, 100, fill);

/** Motifs of generated pictures. Each cluster has one of them, in colors of its own. */
const motifs: readonly Draw[] = [
  // Hills below a sun.
  (r) =>
    backdrop(hsl(200 + r(1) * 30, 60, 74)) +
    circle(20 + r(2) * 60, 20 + r(3) * 15, 9, hsl(45, 90, 68)) +
    path(`M0 ${60 + r(4) * 12}Q25 ${35 + r(5) * 20} 55 65T100 55V100H0z`, hsl(140, 30, 48)) +
    path(`M0 80Q40 ${58 + r(6) * 14} 100 ${76 + r(7) * 8}V100H0z`, hsl(130, 36, 34)),
  // Flower.
  (r) => {
    const petals = 5 + Math.floor(r(1) * 4);
    const color = hsl(320 + r(2) * 60, 70, 62);
    const all = Array.from({ length: petals }, (_, i) => {
      const angle = (i / petals) * 2 * Math.PI + r(3);
      return circle(50 + 20 * Math.cos(angle), 50 + 20 * Math.sin(angle), 15, color);
    });
    return (
      backdrop(hsl(110, 28, 28 + r(4) * 20)) + all.join('') + circle(50, 50, 12, hsl(48, 88, 58))
    );
  },
  // Fish.
  (r) => {
    const y = 40 + r(1) * 20;
    const color = hsl(15 + r(2) * 40, 82, 58);
    return (
      backdrop(hsl(195, 55, 34 + r(3) * 16)) +
      path(`M22 ${y}q30-26 52 0q-22 26-52 0z`, color) +
      path(`M70 ${y}l18-13v26z`, color) +
      circle(34, y - 3, 2.6, '#10242b') +
      circle(80 - r(4) * 60, 16, 3, hsl(195, 50, 78))
    );
  },
  // Houses.
  (r) =>
    backdrop(hsl(35, 40, 82)) +
    [0, 1, 2]
      .map((i) => {
        const h = 34 + r(i + 1) * 34;
        const x = 6 + i * 31;
        return (
          rect(x, 100 - h, 27, h, hsl(12 + r(i + 4) * 30, 46, 52)) +
          path(`M${x - 2} ${100 - h}l15.5-14 15.5 14z`, hsl(8, 38, 34)) +
          rect(x + 9, 100 - h + 10, 9, 10, hsl(48, 80, 76))
        );
      })
      .join(''),
  // Cup.
  (r) => {
    const color = hsl(r(1) * 360, 44, 54);
    return (
      backdrop(hsl(30, 22, 86)) +
      rect(0, 74, 100, 26, hsl(28, 34, 62)) +
      `<circle cx="72" cy="55" r="11" fill="none" stroke="${color}" stroke-width="6"/>` +
      rect(30, 36 + r(2) * 6, 40, 42 - r(2) * 6, color, 6)
    );
  },
  // Night sky.
  (r) =>
    backdrop(hsl(235, 46, 14 + r(1) * 8)) +
    Array.from({ length: 14 }, (_, i) =>
      circle(r(i + 2) * 100, r(i + 20) * 80, 0.8 + r(i + 40), '#fff'),
    ).join('') +
    circle(24 + r(60) * 52, 32, 12, hsl(52, 60, 84)) +
    path('M0 86q30-10 100 0v14H0z', hsl(240, 30, 9)),
  // Leaves.
  (r) =>
    backdrop(hsl(70, 34, 86)) +
    Array.from({ length: 4 }, (_, i) => {
      const [x, y] = [18 + r(i) * 62, 18 + r(i + 8) * 62];
      const color = hsl(85 + r(i + 16) * 60, 44, 36 + r(i + 24) * 16);
      const turn = `rotate(${Math.round(r(i + 32) * 360)} ${x} ${y})`;
      const leaf = `M${x} ${y - 20}q16 20 0 40q-16-20 0-40z`;
      return `<path transform="${turn}" d="${leaf}" fill="${color}"/>`;
    }).join(''),
  // Balloons.
  (r) =>
    backdrop(hsl(205, 62, 84)) +
    [0, 1, 2]
      .map((i) => {
        const x = 20 + i * 28 + r(i) * 8;
        const y = 30 + r(i + 4) * 24;
        return (
          `<path d="M${x} ${y}v52" stroke="#7a8791" stroke-width="1"/>` +
          `<ellipse cx="${x}" cy="${y}" rx="12" ry="15" fill="${hsl(r(i + 8) * 360, 74, 58)}"/>`
        );
      })
      .join(''),
  // Boat.
  (r) => {
    const x = 34 + r(1) * 24;
    return (
      backdrop(hsl(38 - r(2) * 20, 70, 78)) +
      rect(0, 62, 100, 38, hsl(205, 48, 42)) +
      path(`M${x} 20v42h26z`, '#fdfdf8') +
      path(`M${x - 4} 26v36h-18z`, hsl(r(3) * 360, 60, 60)) +
      path(`M${x - 24} 64h54l-9 13h-36z`, hsl(20, 44, 30))
    );
  },
  // Bird.
  (r) => {
    const [x, y] = [46 + r(1) * 8, 46 + r(2) * 10];
    const color = hsl(200 + r(3) * 120, 46, 46);
    return (
      backdrop(hsl(60, 24, 88)) +
      path(`M0 ${y + 24}q50-8 100 4v4q-50-12-100-4z`, hsl(25, 40, 30)) +
      `<ellipse cx="${x}" cy="${y}" rx="22" ry="16" fill="${color}"/>` +
      circle(x + 20, y - 12, 10, color) +
      path(`M${x + 29} ${y - 13}l10 3-10 3z`, hsl(40, 90, 52)) +
      circle(x + 22, y - 14, 2, '#16181b') +
      path(`M${x - 40} ${y + 4}l22-8v14z`, color)
    );
  },
  // Bicycle.
  (r) => {
    const color = hsl(r(1) * 360, 64, 42);
    const wheel = (x: number) =>
      `<circle cx="${x}" cy="66" r="15" fill="none" stroke="#33383f" stroke-width="3"/>`;
    return (
      backdrop(hsl(90, 12, 80 + r(2) * 10)) +
      wheel(26) +
      wheel(74) +
      '<path d="M26 66l16-26h24l8 26M42 40l10 26h-26M52 66l14-26M38 34h10M64 32h10" ' +
      `fill="none" stroke="${color}" stroke-width="3.4"/>`
    );
  },
  // Fruit.
  (r) =>
    backdrop(hsl(200, 10, 90)) +
    `<ellipse cx="50" cy="82" rx="40" ry="8" fill="${hsl(200, 8, 74)}"/>` +
    [0, 1, 2]
      .map((i) => circle(30 + i * 20, 62 - (i % 2) * 14, 15, hsl(r(i) * 60, 76, 52)))
      .join('') +
    path('M50 34q10-16 22-10q-8 14-22 10z', hsl(110, 40, 36)),
];

/**
 * Draws the picture of an image as a data URL of SVG. Images of a class share a motif; every
 * second round of motifs is seen in a mirror, so that 24 classes look different. A variant is a
 * copy of the picture.
 */
export function pictureOf(seed: number, row: number, kind: number, variant?: Variant): string {
  const body = bodyOf(seed, row, kind);
  const turned =
    variant === 'mirrored' ? `<g transform="matrix(-1 0 0 1 100 0)">${body}</g>` : body;
  const over =
    variant === 'bright'
      ? '<path d="M0 0h100v100H0z" fill="#fff" fill-opacity=".2"/>'
      : variant === 'text'
        ? '<text x="6" y="94" font-size="9" font-family="sans-serif" fill="#fff">May 2023</text>'
        : '';
  return svgOf(turned + over, variant === 'cropped' ? '4 4 92 92' : '0 0 100 100');
}

/** Crop of a generated picture, in fractions of it, with other colors and perhaps in a mirror. */
export interface SyntheticView {
  readonly box: readonly [left: number, top: number, width: number, height: number];
  /** Turn of the hues in degrees; `gray` for none. */
  readonly hue: number | 'gray';
  readonly isMirrored: boolean;
}

/** Draws a view of a picture as a data URL of SVG. */
export function viewOf(
  picture: { seed: number; row: number; kind: number },
  { box, hue, isMirrored }: SyntheticView,
): string {
  const [left, top, width, height] = box.map((value) => 100 * value) as [
    number,
    number,
    number,
    number,
  ];
  const kind = hue === 'gray' ? 'saturate' : 'hueRotate';
  const filter =
    `<filter id="f"><feColorMatrix type="${kind}" ` +
    `values="${hue === 'gray' ? 0 : Math.round(hue)}"/></filter>`;
  const mirror = isMirrored ? ` transform="matrix(-1 0 0 1 ${2 * left + width} 0)"` : '';
  const body = bodyOf(picture.seed, picture.row, picture.kind);
  const drawn = `${filter}<g filter="url(#f)"><g${mirror}>${body}</g></g>`;
  return svgOf(drawn, [left, top, width, height].map((value) => value.toFixed(1)).join(' '));
}

function bodyOf(seed: number, row: number, kind: number): string {
  const random = (purpose: number) => uniform(seed, row, 100 + purpose);
  const mirrored = Math.floor(kind / motifs.length) % 2 === 1;
  const body = motifs[kind % motifs.length]!(random);
  return mirrored ? `<g transform="matrix(-1 0 0 1 100 0)">${body}</g>` : body;
}

function svgOf(body: string, viewBox: string): string {
  const open =
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" ' +
    `viewBox="${viewBox}" preserveAspectRatio="none">`;
  const svg = `${open}${body}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
