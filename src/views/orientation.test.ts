/** Pictures that are not square keep their orientation on every way to a view. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { openPixelReader } from '../data/reader.ts';
import { evaluationBatches } from './evaluationBatches.ts';
import { renderEvaluationView } from './evaluationView.ts';
import { blank } from './fixture.cases.ts';
import { doJob } from './jobs.ts';
import { openLoader } from './loader.ts';
import { type InterleavedImage, type PlanarImage, toPlanes } from './planarImage.ts';
import { parseViews, type Step } from './spec.ts';
import { applyStep, drawStep } from './steps.ts';
import { drawView, makeView } from './view.ts';

const SIZE = 24;

function picture(
  width: number,
  height: number,
  rgb: (x: number, y: number) => number[],
): InterleavedImage {
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set(rgb(x, y), 3 * (y * width + x));
  return { width, height, pixels };
}
/** Red is the column and green the row, both in pixels. */
const places = (width: number, height: number) => picture(width, height, (x, y) => [x, y, 128]);

const shapes = [
  { shape: 'wide', width: 240, height: 96 },
  { shape: 'tall', width: 96, height: 240 },
] as const;

const specOf = (steps: Step[] = []) =>
  parseViews({
    crops: [{ count: 2, size: SIZE, scale: [0.2, 1], steps }],
    normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
  });

function viewOf(image: InterleavedImage, at: number, steps: Step[] = []): PlanarImage {
  const view = blank(SIZE);
  makeView(image, specOf(steps).crops[0]!, { seed: 2, epoch: 0, image: at, view: 0 }, view.data);
  return view;
}

/** Value of plane c in column x and row y. */
const at = ({ data, width, height }: PlanarImage, c: number, x: number, y: number) =>
  data[(c * height + y) * width + x]!;

describe.each(shapes)('a $shape picture', ({ width, height }) => {
  it('shows the part that was drawn, upright', () => {
    const image = places(width, height);
    let [right, bottom] = [0, 0];
    for (let i = 0; i < 100; i++) {
      const { box } = drawView(width, height, specOf().crops[0]!, randomAt(2, 'view', 0, i, 0));
      expect(box.left + box.width).toBeLessThanOrEqual(width);
      expect(box.top + box.height).toBeLessThanOrEqual(height);
      [right, bottom] = [
        Math.max(right, box.left + box.width),
        Math.max(bottom, box.top + box.height),
      ];
      const view = viewOf(image, i);
      // The pixel's center in the picture. At the border of the box the filter is cut off.
      const [scaleX, scaleY] = [box.width / SIZE, box.height / SIZE];
      for (let y = 2; y < SIZE - 2; y += 5) {
        for (let x = 2; x < SIZE - 2; x += 5) {
          const [column, row] = [
            box.left + (x + 0.5) * scaleX - 0.5,
            box.top + (y + 0.5) * scaleY - 0.5,
          ];
          expect(Math.abs(at(view, 0, x, y) - column)).toBeLessThanOrEqual(1);
          expect(Math.abs(at(view, 1, x, y) - row)).toBeLessThanOrEqual(1);
        }
      }
    }
    // The boxes of 100 views come near to the far sides.
    expect(right).toBeGreaterThan(width - 5);
    expect(bottom).toBeGreaterThan(height - 5);
  });

  it('is mirrored left to right, never top to bottom', () => {
    for (let i = 0; i < 20; i++) {
      const view = viewOf(places(width, height), i, [{ kind: 'flip', p: 1 }]);
      expect(at(view, 0, 0, 0)).toBeGreaterThan(at(view, 0, SIZE - 1, 0));
      expect(at(view, 1, 0, 0)).toBeLessThan(at(view, 1, 0, SIZE - 1));
    }
  });

  it('keeps upright stripes upright, and level stripes level, in every step', () => {
    const colors = Array.from({ length: 240 }, (_, i) => [
      (i * 89) & 255,
      (i * 53) & 255,
      (i * 197) & 255,
    ]);
    const upright = picture(width, height, (x) => colors[x]!);
    const level = picture(width, height, (_x, y) => colors[y]!);
    const steps: Step[] = [
      { kind: 'flip', p: 1 },
      { kind: 'colorJitter', p: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
      { kind: 'grayscale', p: 1 },
      { kind: 'gaussianBlur', p: 1, sigma: [0.8, 2], algorithm: 'box' },
      { kind: 'gaussianBlur', p: 1, sigma: [0.8, 2], algorithm: 'gaussian' },
      { kind: 'solarize', p: 1, threshold: 128 },
      { kind: 'affine', p: 1, rotation: 0, shift: 0.2, zoom: [0.8, 1.2], shear: 0 },
      { kind: 'channelShift', p: 1, by: 0.1 },
    ];
    const expectStripes = (name: string, standing: PlanarImage, lying: PlanarImage) => {
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < standing.height; y++)
          for (let x = 0; x < standing.width; x++) {
            if (at(standing, c, x, y) !== at(standing, c, x, 0))
              expect.fail(`${name}: column ${x}`);
            if (at(lying, c, x, y) !== at(lying, c, 0, y)) expect.fail(`${name}: row ${y}`);
          }
      const variety = (of: PlanarImage) => new Set(of.data).size;
      expect(variety(standing), name).toBeGreaterThan(4);
      expect(variety(lying), name).toBeGreaterThan(4);
    };
    for (const step of steps) {
      expectStripes(step.kind, viewOf(upright, 5, [step]), viewOf(level, 5, [step]));
      // The same on an image of the picture's own shape.
      const [standing, lying] = [toPlanes(upright), toPlanes(level)];
      for (const image of [standing, lying]) applyStep(image, drawStep(step, randomAt(2, 'view'))!);
      expectStripes(`${step.kind}, whole`, standing, lying);
    }
  });

  it('shows its center in the evaluation view', () => {
    const view = blank(SIZE);
    renderEvaluationView(places(width, height), view, { size: SIZE });
    const scale = Math.min(width, height) / SIZE;
    const [left, top] = [(width - SIZE * scale) / 2, (height - SIZE * scale) / 2];
    for (let y = 2; y < SIZE - 2; y++) {
      for (let x = 2; x < SIZE - 2; x++) {
        expect(Math.abs(at(view, 0, x, y) - (left + (x + 0.5) * scale - 0.5))).toBeLessThanOrEqual(
          1,
        );
        expect(Math.abs(at(view, 1, x, y) - (top + (y + 0.5) * scale - 0.5))).toBeLessThanOrEqual(
          1,
        );
      }
    }
  });
});

describe('pictures of a cache', () => {
  const images = shapes.map(({ width, height }) => places(width, height));
  const folder = mkdtempSync(join(tmpdir(), 'likeness-orientation-'));
  const cache = {
    file: join(folder, 'pixels.bin'),
    widths: Uint16Array.from(images, ({ width }) => width),
    heights: Uint16Array.from(images, ({ height }) => height),
    offsets: Float64Array.of(0, images[0]!.pixels.length),
  };
  writeFileSync(cache.file, Buffer.concat(images.map(({ pixels }) => pixels)));
  afterAll(() => rmSync(folder, { recursive: true }));

  const views = specOf([{ kind: 'flip', p: 0.5 }]);
  const random = (image: number) =>
    [0, 1].map((view) => {
      const out = blank(SIZE);
      makeView(images[image]!, views.crops[0]!, { seed: 3, epoch: 1, image, view }, out.data);
      return [...out.data];
    });
  const evaluated = images.map((image) => {
    const view = blank(SIZE);
    renderEvaluationView(image, view, { size: SIZE });
    return [...view.data];
  });

  it('are the same views as those of the pictures themselves', () => {
    const reader = openPixelReader(cache);
    const job = { images: Uint32Array.of(0, 1), epoch: 1 };
    const [wide, tall] = [random(0), random(1)];
    const [crops] = doJob(reader, { kind: 'random', views, seed: 3 }, job);
    expect([...crops!]).toEqual([wide[0], tall[0], wide[1], tall[1]].flat());
    const [centers] = doJob(reader, { kind: 'evaluation', spec: { size: SIZE } }, job);
    expect([...centers!]).toEqual(evaluated.flat());
    reader.close();
  });

  it('come out of the workers of training and of evaluation alike', async () => {
    const loader = openLoader({ cache, views, batchSize: 2, seed: 3 });
    const batch = await loader.batch(1, 0);
    await loader.close();
    const both = [...batch.images].map(random);
    expect([...batch.crops[0]!]).toEqual([0, 1].flatMap((v) => both.flatMap((own) => own[v]!)));
    for await (const { pixels } of evaluationBatches(cache, { size: SIZE, batchSize: 2 })) {
      expect([...pixels]).toEqual(evaluated.flat());
    }
  });
});
