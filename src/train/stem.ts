/** First filters of a run whose stem is learned from patches of the images. */
import type { Engine } from '../backends/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { learnStemFilters, type PixelSet } from '../encoders/index.ts';
import { encoderOptions, type Settings } from '../methods/index.ts';
import { type FirstValues, firstFilters } from '../nn/index.ts';
import { readStem, writeStem } from '../run/index.ts';

export interface StemOptions {
  /** Path of stem.safetensors in the run folder. */
  file: string;
  settings: Settings;
  /** Images that are trained on. */
  images: PixelSet;
}

/**
 * First values of the stem, as the settings say: none for a random start, else the filters of the
 * run folder, which are learned and stored where they are missing.
 *
 * @throws LikenessError `stem.*`, `write.*`
 */
export async function stemValues(
  engine: Engine,
  { file, settings, images }: StemOptions,
  reporter: Reporter,
): Promise<FirstValues> {
  if (settings.encoder.stemStart === 'random') return {};
  const { imageSize: size, std } = settings.data;
  const { seed, workers } = settings.run;
  const stem = firstFilters(encoderOptions(settings), size);
  const { name, shape } = stem;
  const stored = await readStem(file, stem);
  if (stored) return { [name]: stored };
  const filters = await learnStemFilters({
    engine,
    images,
    size,
    shape,
    std,
    seed,
    workers,
    reporter,
  });
  await writeStem(file, stem, filters);
  reporter.note({
    code: 'train.stem',
    message:
      `learned ${shape[0]} first filters of ${shape[2]} x ${shape[3]} pixels from patches of ` +
      'the images',
  });
  return { [name]: filters };
}
