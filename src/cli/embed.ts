/** `likeness embed`: the features of a source's images as a file. */
import { displayPath, showCount } from '../core/text.ts';
import { type EmbedOptions, featureFormats } from '../likeness.ts';
import type { Command } from './command.ts';
import { type EncoderFlags, encoderOptions, modelOfRun } from './encoderOption.ts';
import { oneOf } from './parse.ts';
import { required } from './required.ts';
import { runSourceOptions, type SourceFlags, withGiven } from './sourceOptions.ts';

export const embedCommand: Command = {
  name: 'embed',
  summary: 'Writes the features of every image to a file.',
  details:
    'One row per image, in the order of the source. Rows have length 1 unless --raw is given, so that the product of two rows is their cosine. ' +
    'parquet, safetensors and csv carry ids and labels. npy holds numbers alone, with ids ' +
    'and labels in FILE.ids.csv. tsv is for the projector of TensorBoard, with metadata and ' +
    'projector_config.pbtxt beside it. Files that cannot be used are listed in FILE.skipped.csv.',
  arguments: [{ name: 'source', description: 'folder of images, packed data set, or tar shards' }],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is used' },
    ...encoderOptions,
    {
      flags: '--out <file>',
      description: `file to write: ${featureFormats.map((name) => `.${name}`).join(', ')} (required)`,
    },
    {
      flags: '--split <part>',
      description: 'images to embed: train, test or all',
      default: 'all',
      parse: oneOf('--split', ['train', 'test', 'all'] as const),
    },
    { flags: '--raw', description: 'write the rows without normalizing them' },
    ...runSourceOptions,
  ],
  examples: [
    {
      command: 'likeness embed photos --run runs/photos --out photos.parquet',
      meaning: 'a table that pandas, DuckDB and Polars read',
    },
    {
      command: 'likeness embed photos --run runs/photos --out photos.npy',
      meaning: 'a NumPy array, with photos.npy.ids.csv beside it',
    },
  ],
  async run([source], options, terminal) {
    const { run, encoder, offline, out, split, raw = false } = options as EmbedFlags;
    const file = required('--out', out, 'the file to write, such as features.parquet');
    const { written, step } = await withGiven(source!, options, terminal, async (open) => {
      const model = await modelOfRun(open, { run, encoder, offline }, terminal);
      const choices = { split, normalize: !raw, ...terminal.watch };
      return { written: await model.embedTo(file, await open(), choices), step: model.step };
    });
    const { files, format, count, skipped, skippedFile, dimension, normalized } = written;
    terminal.say(
      `${showCount(count)} features of dimension ${dimension}${raw ? '' : ', L2-normalized'}, ` +
        `in ${files.map(displayPath).join(' and ')}`,
    );
    return {
      ...{ files, format, images: count, skipped, ...(skippedFile && { skippedFile }) },
      ...{ dimension, normalised: normalized, step },
    };
  },
};

interface EmbedFlags extends Pick<EmbedOptions, 'split'>, EncoderFlags, SourceFlags {
  out?: string;
  raw?: boolean;
}
