/**
 * A contact sheet: one picture that shows a person what the network sees of an image.
 *
 * At the left the image, with an outline for each view of the first draw (one training step's); at the right a section per group of crops.
 * Views are enlarged by whole numbers without smoothing, so that every pixel is one the network gets.
 */
import sharp, { type OverlayOptions } from 'sharp';
import { randomAt } from '../core/random.ts';
import { writeFileAtomic } from '../formats/atomicFile.ts';
import { type Column, layOut, type Section, text } from './contactSheetLayout.ts';
import { type Box, type InterleavedImage, toInterleaved } from './planarImage.ts';
import type { CropSpec, Step, ViewsSpec } from './spec.ts';
import { drawView, renderView } from './view.ts';

export interface ContactSheetOptions {
  /** The decoded image. */
  readonly image: InterleavedImage;
  readonly views: ViewsSpec;
  readonly seed: number;
  /** Shown at the top, usually the file's name. */
  readonly title: string;
  /** Shown under the title, usually the preset and the seed. */
  readonly subtitle?: string;
  /** How many times all views are drawn. Default: as often as gives eight views of the first group. */
  readonly draws?: number;
}

const BACKGROUND = '#faf9f7';
/** Outlines, by group of crops. */
const COLOURS = ['#3f51b5', '#e07a1f', '#2e8b57', '#b0357a', '#607d8b'];

/** The sheet as a PNG file's bytes; the same options give the same views. */
export async function contactSheet(options: ContactSheetOptions): Promise<Buffer> {
  const { image, views, seed, title, subtitle = '' } = options;
  const draws = options.draws ?? Math.ceil(8 / views.crops[0]!.count);
  const groups = drawGroups(image, views, seed, draws);
  const sections = views.crops.map(
    (crop, group): Section => ({
      heading: `${crop.count} × ${crop.size} px`,
      lines: [describeArea(crop), describeSteps(crop.steps)],
      colour: COLOURS[group % COLOURS.length]!,
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
  if (await canWrite()) overlays.push({ input: Buffer.from(layout.texts), left: 0, top: 0 });
  const { width, height } = layout;
  return sharp({ create: { width, height, channels: 3, background: BACKGROUND } })
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/**
 * Writes the contact sheet to a PNG file; an existing one is replaced as a whole or not at all.
 *
 * @throws LikenessError when the file cannot be written.
 */
export async function writeContactSheet(path: string, options: ContactSheetOptions): Promise<void> {
  await writeFileAtomic(path, await contactSheet(options));
}

interface DrawnTile {
  readonly box: Box;
  readonly view: InterleavedImage;
}

/** Every view of every group, draw by draw; a draw is what one epoch would show. */
function drawGroups(image: InterleavedImage, views: ViewsSpec, seed: number, draws: number): DrawnTile[][] {
  const groups: DrawnTile[][] = views.crops.map(() => []);
  for (let draw = 0; draw < draws; draw++) {
    let number = 0;
    for (const [group, crop] of views.crops.entries()) {
      for (let v = 0; v < crop.count; v++, number++) {
        const plan = drawView(image.width, image.height, crop, randomAt(seed, 'view', draw, 0, number));
        const target = { width: crop.size, height: crop.size, data: new Uint8Array(3 * crop.size ** 2) };
        renderView(image, plan, target);
        groups[group]!.push({ box: plan.box, view: toInterleaved(target) });
      }
    }
  }
  return groups;
}

/** An image scaled to its place: without smoothing when it is enlarged. */
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
 * Whether this machine has any font. Without one every letter becomes the same empty box, and a sheet without
 * text is the better one.
 */
async function canWrite(): Promise<boolean> {
  const [one, other] = await Promise.all(
    ['W', '8'].map((letter) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">${text(4, 24, letter, { size: 20 })}</svg>`;
      return sharp(Buffer.from(svg)).raw().toBuffer();
    }),
  );
  return !one!.equals(other!);
}

/** What share of the image a crop shows, in words: "14 to 100 % of the area". */
export function describeArea({ scale: [low, high] }: Pick<CropSpec, 'scale'>): string {
  const percent = (share: number) => Number((100 * share).toPrecision(3));
  return `${percent(low)} to ${percent(high)} % of the area`;
}

const names: Record<Step['kind'], string> = {
  flip: 'flip',
  colourJitter: 'colour jitter',
  greyscale: 'grey',
  gaussianBlur: 'blur',
  solarise: 'solarise',
};

/** The steps in words, with their probabilities: "flip 50 %, colour jitter 80 %". */
export function describeSteps(steps: readonly Step[]): string {
  if (steps.length === 0) return 'no other change';
  return steps.map(({ kind, p }) => `${names[kind]} ${Math.round(100 * p)} %`).join(', ');
}
