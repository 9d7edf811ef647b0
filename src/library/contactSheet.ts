/** A contact sheet of random views: what the network sees of an image. */
import { resolve } from 'node:path';
import { LikenessError, reasonOf } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { isolatedDecoder, rangeOfImage } from '../data/index.ts';
import {
  cacheSizeOf,
  choosePreset,
  mergeSettings,
  resolveSettings,
  type Settings,
  type SettingsPatch,
  settingsFor,
  viewsOf,
} from '../methods/index.ts';
import { openRunFolder, readStoredSource, readTrainedConfig } from '../run/index.ts';
import {
  describeArea,
  describeSteps,
  writeContactSheet as draw,
  type ViewsSpec,
} from '../views/index.ts';
import { openImageFiles } from './imageFiles.ts';
import { checkOptions, path as pathOption, settingsOption, wholeNumber } from './options.ts';

export interface ContactSheetOptions extends ReporterOptions {
  /** PNG file to write. Default `views.png`. */
  out?: string;
  /** Run whose views are drawn. Exclusive with `preset`. */
  run?: string;
  /** Preset whose views are drawn. Default: by the size of the image. */
  preset?: string;
  /** Settings that differ from those of the run or preset. */
  settings?: SettingsPatch;
  /** Seed of the random views. Default 0. */
  seed?: number;
}

export interface ContactSheet {
  /** Absolute path. */
  readonly file: string;
  /** Origin of the views, such as `preset small-32`. */
  readonly views: string;
  /** Groups of random crops with the steps of their augmentation. */
  readonly crops: ViewsSpec['crops'];
  /** Each group in words. */
  readonly descriptions: readonly string[];
  readonly seed: number;
}

/** Longest side at which an image is measured. */
const MEASURED_SIZE = 1024;

/**
 * Writes a contact sheet of random views of an image file.
 *
 * @throws LikenessError `image.*`, and `option.conflict` for both `run` and `preset`.
 */
export async function writeContactSheet(
  image: string,
  options: ContactSheetOptions = {},
): Promise<ContactSheet> {
  checkOptions(
    {
      out: pathOption(),
      run: pathOption(),
      preset: pathOption(),
      settings: settingsOption,
      seed: wholeNumber(0),
    },
    options,
  );
  const { out = 'views.png', seed = 0, signal } = options;
  const run = options.run === undefined ? undefined : await readStoredSource(options.run);
  const { images, close } = await openImageFiles([image], { range: run?.range });
  try {
    const [named] = [...images];
    if (!named) {
      throw new LikenessError('image.missing', `${image}: found no image; expected an image file`);
    }
    const read = await named.read().catch((error: unknown) => {
      throw new LikenessError('image.unreadable', `${image}: ${reasonOf(error)}`);
    });
    const encoded =
      read.kind === 'encoded' && read.range === undefined
        ? { ...read, range: await rangeOfImage(read, { signal }) }
        : read;
    const { name, settings } = await viewsSettings(options, async () => {
      const { width, height } = await isolatedDecoder.decode(encoded, {
        size: MEASURED_SIZE,
        signal,
      });
      return Math.min(width, height);
    });
    const views = viewsOf(settings);
    const decoded = await isolatedDecoder.decode(encoded, { size: cacheSizeOf(settings), signal });
    const file = resolve(out);
    await draw(file, { image: decoded, views, seed, title: named.path, subtitle: name });
    const descriptions = views.crops.map(
      (crop) =>
        `${crop.count} x ${crop.size} px, ${describeArea(crop)}: ${describeSteps(crop.steps)}`,
    );
    return { file, views: name, crops: views.crops, descriptions, seed };
  } finally {
    await close();
  }
}

/** Finds the settings of a run, of a named preset, or of the preset for the image's size. */
async function viewsSettings(
  { run, preset, settings: changes = {} }: ContactSheetOptions,
  shortSide: () => Promise<number>,
): Promise<{ name: string; settings: Settings }> {
  if (run !== undefined && preset !== undefined) {
    throw new LikenessError(
      'option.conflict',
      'run and preset: received both; expected one of them',
    );
  }
  if (run !== undefined) {
    const folder = await openRunFolder(run);
    const { settings } = await readTrainedConfig(folder, 'run');
    return {
      name: `run ${folder.name}`,
      settings: resolveSettings(mergeSettings(settings, changes)),
    };
  }
  const facts = { count: 1, color: 'color' as const };
  const name = preset ?? choosePreset({ ...facts, medianShortSide: await shortSide() }).name;
  return { name: `preset ${name}`, settings: settingsFor(name, changes) };
}
