/** Contact sheet of the views that a training draws of some images in an epoch. */
import sharp from 'sharp';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { isolatedDecoder, type Pixels } from '../data/index.ts';
import { type Settings, viewsOf } from '../methods/index.ts';
import { readImageIds, readSkipped, trainedCacheSize } from '../run/index.ts';
import {
  describeArea,
  describeSteps,
  drawView,
  renderView,
  toInterleaved,
  type ViewsSpec,
} from '../views/index.ts';
import type { OpenedRun } from './openedRun.ts';
import { moved } from './pictures.ts';
import { rowsOfIds } from './rowsOfIds.ts';
import type { DrawnView, ViewsAnswer } from './trainingProtocol.ts';

/** Images of the sheet. */
const IMAGES = 6;
/** Most views of an image that are shown. */
const MAX_VIEWS = 10;
/** Largest side whose pixels are kept as they are; larger views are compressed. */
const MAX_EXACT = 64;

/** Image of the sheet as the cache of the training has it. */
interface SheetImage {
  readonly id: string;
  /** Index in the pixel cache, by which views are drawn. */
  readonly index: number;
  readonly pixels: Pixels;
}

const sheets = new WeakMap<OpenedRun, Promise<SheetImage[]>>();

/**
 * Draws the views of an epoch, with the random draws of the training itself: the network received
 * these pixels.
 *
 * @param epoch number of the epoch, from 0
 * @throws LikenessError `explore.noTraining` for a run without a network, `source.missing`
 */
export async function drawViews(run: OpenedRun, epoch: number): Promise<ViewsAnswer> {
  const { config } = run;
  if (config?.kind !== 'trained') {
    throw new LikenessError('explore.noTraining', 'The run has an encoder without training.');
  }
  if (config.base) {
    throw new LikenessError(
      'explore.noTraining',
      'The run trains a head on stored features of a model, so that it draws no views in training.',
    );
  }
  const { settings } = config;
  const views = viewsOf(settings);
  const images = sheets.get(run) ?? openSheet(run, trainedCacheSize(config));
  sheets.set(run, images);
  images.catch(() => sheets.delete(run));
  const rows = rowsOfIds(run);
  const drawn: ViewsAnswer['images'][number][] = [];
  for (const image of await images) {
    const row = rows.get(image.id);
    if (row === undefined) continue;
    const { width, height } = image.pixels;
    const found = await viewsOfImage(image, views, { epoch, settings });
    drawn.push({ row, width, height, views: found });
  }
  return {
    epoch,
    groups: views.crops.map((crop) => ({
      ...{ count: crop.count, size: crop.size },
      text: `${describeArea(crop)}, ${describeSteps(crop.steps)}`,
    })),
    images: drawn,
  };
}

/** Decodes the images of the sheet, which are spread over the images that the run learns from. */
async function openSheet(
  { folder, source, sourcePath }: OpenedRun,
  size: number,
): Promise<SheetImage[]> {
  if (!source) throw moved(sourcePath);
  const { files } = folder!;
  const skipped = new Set((await readSkipped(files.skipped).catch(() => [])).map(({ id }) => id));
  // The cache has the images that can be read, in the order of the source.
  const usable = source.images.source.entries.filter(({ id }) => !skipped.has(id));
  const indexOf = new Map(usable.map(({ id }, index) => [id, index]));
  const listed = (await readImageIds(files.images).catch(() => [])).filter((id) => indexOf.has(id));
  const ids = listed.length > 0 ? listed : usable.map(({ id }) => id);
  const count = Math.min(IMAGES, ids.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => ids[Math.floor(((i + 0.5) * ids.length) / count)]!,
  );
  return Promise.all(
    chosen.map(async (id) => {
      const pixels = await isolatedDecoder.decode(await source.read(id), { size });
      return { id, index: indexOf.get(id)!, pixels };
    }),
  );
}

async function viewsOfImage(
  { index, pixels: image }: SheetImage,
  { crops }: ViewsSpec,
  { epoch, settings }: { epoch: number; settings: Settings },
): Promise<DrawnView[]> {
  const drawn: Promise<DrawnView>[] = [];
  let number = 0;
  for (const [group, crop] of crops.entries()) {
    for (let v = 0; v < crop.count && number < MAX_VIEWS; v++, number++) {
      const random = randomAt(settings.run.seed, 'view', epoch, index, number);
      const plan = drawView(image.width, image.height, crop, random);
      const data = new Uint8Array(3 * crop.size ** 2);
      const target = { width: crop.size, height: crop.size, data };
      renderView(image, plan, target);
      const { left, top, width, height } = plan.box;
      drawn.push(
        pictureOf(toInterleaved(target)).then((picture) => ({
          ...{ group, picture },
          box: [left / image.width, top / image.height, width / image.width, height / image.height],
        })),
      );
    }
  }
  return Promise.all(drawn);
}

async function pictureOf({ width, height, pixels }: Pixels): Promise<string> {
  const made = sharp(pixels, { raw: { width, height, channels: 3 } });
  const exact = Math.max(width, height) <= MAX_EXACT;
  const bytes = await (exact ? made.png() : made.webp({ quality: 88, effort: 2 })).toBuffer();
  return `data:image/${exact ? 'png' : 'webp'};base64,${bytes.toString('base64')}`;
}
