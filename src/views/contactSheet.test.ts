import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contactSheet, describeArea, describeSteps, writeContactSheet } from './contactSheet.ts';
import { layOut } from './contactSheetLayout.ts';
import { parseViews } from './spec.ts';
import { makeView } from './view.ts';

/** Width 60, height 40, every pixel of another color. */
const image = {
  width: 60,
  height: 40,
  pixels: Uint8Array.from({ length: 3 * 60 * 40 }, (_, i) => (i * 89) & 255),
};
const steps = [
  { kind: 'flip' },
  { kind: 'colorJitter', brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  { kind: 'grayscale' },
];
const views = parseViews({
  crops: [
    { count: 2, size: 64, scale: [0.14, 1], steps },
    { count: 4, size: 32, scale: [0.05, 0.14], steps },
  ],
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
});
const options = { image, views, seed: 3, title: 'a <b> & "c".jpg', subtitle: 'seed 3' };

const section = { heading: '', lines: [], color: '#000', outlines: [], marked: 0 };
const layoutOf = (width: number, height: number, sections: { size: number; count: number }[]) =>
  layOut({
    title: '',
    subtitle: '',
    column: { width, height, caption: [] },
    sections: sections.map((own) => ({ ...section, ...own })),
  });

describe('contactSheet', () => {
  it('shows every pixel of every view as it is, enlarged', async () => {
    const { data, info } = await sharp(await contactSheet(options))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const layout = layoutOf(60, 40, [
      { size: 64, count: 8 },
      { size: 32, count: 16 },
    ]);
    expect([info.width, info.channels]).toEqual([layout.width, 3]);
    const view = new Uint8Array(3 * 64 * 64);
    // second draw, second view
    makeView(image, views.crops[0]!, { seed: 3, epoch: 1, image: 0, view: 1 }, view);
    const place = layout.tiles[0]![3]!;
    const zoom = place.width / 64;
    expect(Number.isInteger(zoom)).toBe(true);
    for (let y = 0; y < 64; y++) {
      for (let x = 0; x < 64; x++) {
        const at = 3 * ((place.top + y * zoom + 1) * info.width + place.left + x * zoom + 1);
        for (let c = 0; c < 3; c++) expect(data[at + c]).toBe(view[c * 64 * 64 + y * 64 + x]);
      }
    }
  });

  it('is written as a whole, and the same each time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-sheet-'));
    await writeContactSheet(join(folder, 'sheet.png'), options);
    expect(readdirSync(folder)).toEqual(['sheet.png']);
    expect(readFileSync(join(folder, 'sheet.png')).equals(await contactSheet(options))).toBe(true);
    rmSync(folder, { recursive: true });
    await expect(writeContactSheet(join(folder, 'sheet.png'), options)).rejects.toMatchObject({
      name: 'LikenessError',
    });
  });
});

describe('layOut', () => {
  it.each([
    [60, 40, 32],
    [1, 900, 64],
    [3000, 20, 96],
    [640, 480, 224],
    [5, 5, 4],
  ])(
    'keeps everything inside the sheet and apart: image %i x %i, views of %i',
    (width, height, size) => {
      const layout = layoutOf(width, height, [
        { size, count: 8 },
        { size: Math.ceil(size / 2), count: 21 },
      ]);
      const boxes = [layout.original, ...layout.tiles.flat()];
      for (const [i, a] of boxes.entries()) {
        expect(a.left).toBeGreaterThanOrEqual(20);
        expect(a.top).toBeGreaterThanOrEqual(20);
        expect(a.left + a.width).toBeLessThanOrEqual(layout.width - 20);
        expect(a.top + a.height).toBeLessThanOrEqual(layout.height - 20);
        for (const b of boxes.slice(i + 1)) {
          const apart =
            a.left + a.width < b.left ||
            b.left + b.width < a.left ||
            a.top + a.height < b.top ||
            b.top + b.height < a.top;
          expect(apart).toBe(true);
        }
      }
    },
  );
});

describe('the outlines of the views', () => {
  it.each([
    { width: 1200, height: 480, box: [400, 100, 600, 200], place: [140, 145, 150, 50] },
    { width: 480, height: 1200, box: [100, 400, 200, 600], place: [80, 280, 80, 240] },
  ])('lie on the picture where the crop is: $width x $height', ({ width, height, box, place }) => {
    const [left, top, w, h] = box as [number, number, number, number];
    const outlines = [{ left, top, width: w, height: h }];
    const column = { width, height, caption: [] };
    const sections = [{ ...section, size: 32, count: 8, outlines }];
    const { marks } = layOut({ title: '', subtitle: '', column, sections });
    const frames = [
      ...marks.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" rx="2"/g),
    ];
    // The white frame, then the colored one.
    expect(frames.map((found) => found.slice(1).map(Number))).toEqual([place, place]);
  });
});

describe('captions', () => {
  it('say what a crop shows and what is done to it', () => {
    expect(describeArea(views.crops[1]!)).toBe('5 to 14 % of the area');
    expect(describeSteps(views.crops[0]!.steps)).toBe(
      'flip 50 %, color jitter 80 %, grayscale 20 %',
    );
    expect(describeSteps([])).toBe('no augmentation');
  });
});
