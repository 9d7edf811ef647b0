/**
 * Contact sheet: one PNG of an image and the augmented views that a network receives of it.
 *
 * The left column shows the image with the outlines of the first draw, the views of one training
 * step. Each group of crops has a section at the right. Views are enlarged by whole factors without
 * smoothing, so every pixel of a view stays visible.
 */
import sharp, { type OverlayOptions } from 'sharp';
import { randomAt } from '../core/random.ts';
import { writeFileAtomic } from '../formats/atomicFile.ts';
import { type Column, layOut, type Section, SVG, text } from './contactSheetLayout.ts';
import { type Box, type InterleavedImage, toInterleaved } from './planarImage.ts';
import type { CropSpec, Step, ViewsSpec } from './spec.ts';
import { drawView, renderView } from './view.ts';

export interface ContactSheetOptions {
  readonly image: InterleavedImage;
  readonly views: ViewsSpec;
  readonly seed: number;
  /** Heading, usually the file's name. */
  readonly title: string;
  /** Line below the title, usually the preset and the seed. */
  readonly subtitle?: string;
  /** Draws of all views. Default: enough for eight views of the first group. */
  readonly draws?: number;
}

const BACKGROUND = '#faf9f7';
/** Outline colors by group of crops. */
const COLORS = ['#3f51b5', '#e07a1f', '#2e8b57', '#b0357a', '#607d8b'];

/** Renders the sheet as PNG bytes. Equal options give equal views. */
export async function contactSheet(options: ContactSheetOptions): Promise<Buffer> {
  const { image, views, seed, title, subtitle = '' } = options;
  const draws = options.draws ?? Math.ceil(8 / views.crops[0]!.count);
  const groups = drawGroups(image, views, seed, draws);
  const sections = views.crops.map(
    (crop, group): Section => ({
      heading: `${crop.count} × ${crop.size} px`,
      lines: [describeArea(crop), describeSteps(crop.steps)],
      color: COLORS[group % COLORS.length]!,
      size: crop.size,
      marked: crop.count,
      outlines: groups[group]!.slice(0, crop.count).map(({ box }) => box),
      count: groups[group]!.length,
    }),
  );
  const column: Column = {
    width: image.width,
    height: image.height,
    caption: [
      `${image.width} × ${image.height} px`,
      'Outlined: the views of one training step.',
      'Without outline: views of later steps.',
    ],
  };
  const layout = layOut({ title, subtitle, column, sections });
  const overlays: OverlayOptions[] = [
    await enlarged(image, layout.original),
    ...(
      await Promise.all(
        layout.tiles.map((tiles, group) =>
          Promise.all(tiles.map((place, i) => enlarged(groups[group]![i]!.view, place))),
        ),
      )
    ).flat(),
    { input: Buffer.from(layout.marks), left: 0, top: 0 },
  ];
  if (await hasFonts()) overlays.push({ input: Buffer.from(layout.texts), left: 0, top: 0 });
  const { width, height } = layout;
  return sharp({ create: { width, height, channels: 3, background: BACKGROUND } })
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/**
 * Writes the contact sheet to a PNG file and replaces an existing file atomically.
 *
 * @throws LikenessError where the file cannot be written.
 */
export async function writeContactSheet(path: string, options: ContactSheetOptions): Promise<void> {
  await writeFileAtomic(path, await contactSheet(options));
}

interface DrawnTile {
  readonly box: Box;
  readonly view: InterleavedImage;
}

/** Renders all views of every group, draw by draw. One draw equals one epoch. */
function drawGroups(
  image: InterleavedImage,
  views: ViewsSpec,
  seed: number,
  draws: number,
): DrawnTile[][] {
  const groups: DrawnTile[][] = views.crops.map(() => []);
  for (let draw = 0; draw < draws; draw++) {
    let number = 0;
    for (const [group, crop] of views.crops.entries()) {
      for (let v = 0; v < crop.count; v++, number++) {
        const plan = drawView(
          image.width,
          image.height,
          crop,
          randomAt(seed, 'view', draw, 0, number),
        );
        const target = {
          width: crop.size,
          height: crop.size,
          data: new Uint8Array(3 * crop.size ** 2),
        };
        renderView(image, plan, target);
        groups[group]!.push({ box: plan.box, view: toInterleaved(target) });
      }
    }
  }
  return groups;
}

/** Scales an image to its box; enlarging does not smooth. */
async function enlarged(image: InterleavedImage, place: Box): Promise<OverlayOptions> {
  const { width, height, pixels } = image;
  const kernel = place.width >= width ? 'nearest' : 'lanczos3';
  const { data, info } = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(place.width, place.height, { kernel, fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return { input: data, raw, left: place.left, top: place.top };
}

/**
 * Detects fonts: without one, two letters render as the same empty box, and the sheet is better
 * without text.
 */
async function hasFonts(): Promise<boolean> {
  const [one, other] = await Promise.all(
    ['W', '8'].map((letter) => {
      const glyph = text(4, 24, letter, { size: 20 });
      const svg = `<svg xmlns="${SVG}" width="32" height="32">${glyph}</svg>`;
      return sharp(Buffer.from(svg)).raw().toBuffer();
    }),
  );
  return !one!.equals(other!);
}

/** Describes the fraction of the image that a crop covers: "14 to 100 % of the area". */
export function describeArea({ scale: [low, high] }: Pick<CropSpec, 'scale'>): string {
  const percent = (fraction: number) => Number((100 * fraction).toPrecision(3));
  return `${percent(low)} to ${percent(high)} % of the area`;
}

const names: Record<Step['kind'], string> = {
  flip: 'flip',
  affine: 'affine map',
  colorJitter: 'color jitter',
  grayscale: 'grayscale',
  channelShift: 'channel shift',
  gaussianBlur: 'blur',
  solarize: 'solarize',
  noise: 'noise',
};

/** Describes augmentation steps and their probabilities: "flip 50 %, color jitter 80 %". */
export function describeSteps(steps: readonly Step[]): string {
  if (steps.length === 0) return 'no augmentation';
  return steps.map(({ kind, p }) => `${names[kind]} ${Math.round(100 * p)} %`).join(', ');
}
