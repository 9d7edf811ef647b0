/** `likeness embed`: the features of a source's images as a file. */
import { dirname, resolve } from 'node:path';
import { normalizeRows } from '../cluster/index.ts';
import { showCount } from '../core/text.ts';
import type { PixelCache } from '../data/index.ts';
import { indicesOfSplit, openImages, reportSkipped } from '../data/index.ts';
import { makeFolder } from '../formats/index.ts';
import { cacheSizeOf } from '../methods/index.ts';
import type { Command } from './command.ts';
import { type FeatureTable, featureFormatOf, featureFormats, writeFeatures } from './featureFiles.ts';
import { oneOf } from './parse.ts';
import { required } from './required.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal.ts';
import { embeddedParts, openRun, withEncoder } from './trainedEncoder.ts';

export interface EmbedRequest {
  source: string;
  run?: string;
  out?: string;
  split?: 'train' | 'test' | 'all';
  raw?: boolean;
}

export const embedCommand: Command = {
  name: 'embed',
  summary: 'Write the features of every image to a file.',
  details:
    'One row per image, in the order of the source. Rows have length 1 unless --raw is given, so that the product of two rows is their cosine. ' +
    'parquet, safetensors and csv carry ids and labels; npy holds numbers alone, with ids and labels in FILE.ids.csv.',
  arguments: [{ name: 'source', description: 'folder of images, packed data set, or tar shards' }],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is used (required)' },
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
    { flags: '--raw', description: 'leave the rows as the encoder gives them, without normalising' },
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
  run: ([source], options, terminal) => embed({ ...options, source: source! }, terminal),
};

/** Embeds and returns what `embed --json` prints. */
async function embed(request: EmbedRequest, terminal: Terminal): Promise<object> {
  const path = required('--run', request.run, 'the folder of a run');
  const file = required('--out', request.out, 'the file to write, such as features.parquet');
  const format = featureFormatOf(file);
  await makeFolder(dirname(file));
  const run = await openRun(path, terminal);
  const { settings } = run.config;
  const opened = await openImages(request.source);
  const cache = await opened.pixels({ size: cacheSizeOf(settings), reporter: terminalReporter(terminal) });
  await opened.close();
  reportSkipped(cache, terminalReporter(terminal));
  const indices = indicesOfSplit(cache, request.split ?? 'all');
  const normalised = request.raw ? 'no' : 'l2';
  const { files, dimension } = await withEncoder(run, {}, async (encoder) => {
    const { dimension } = encoder;
    const parts = embeddedParts(encoder, cache, { indices, workers: settings.workers, terminal });
    const table: FeatureTable = {
      ...namesOf(cache, indices),
      dimension,
      about: {
        source: cache.source.name,
        method: settings.method,
        step: String(run.checkpoint.info.step),
        normalised,
      },
    };
    return {
      files: await writeFeatures(file, table, request.raw ? parts : unitParts(parts, dimension)),
      dimension,
    };
  });
  terminal.endProgress();
  terminal.say(
    `${showCount(indices.length)} features of length ${dimension}${request.raw ? '' : ', L2-normalised'}, in ${files.join(' and ')}`,
  );
  return {
    files: files.map((name) => resolve(name)),
    format,
    images: indices.length,
    skipped: cache.skipped.length,
    dimension,
    normalised: !request.raw,
    step: run.checkpoint.info.step,
  };
}

/** Rows of length 1. */
async function* unitParts(parts: AsyncIterable<Float32Array>, dimension: number) {
  for await (const data of parts) {
    yield normalizeRows({ data, count: data.length / dimension, dimension }).data;
  }
}

/** Ids and labels of images of a cache. */
function namesOf(
  { entries, labelNames }: PixelCache,
  indices: Uint32Array,
): Pick<FeatureTable, 'ids' | 'labels' | 'labelNames'> {
  const chosen = Array.from(indices, (index) => entries[index]!);
  const labelled = chosen.some(({ label }) => label !== undefined);
  return {
    ids: chosen.map(({ id }) => id),
    labelNames,
    ...(labelled && { labels: Int32Array.from(chosen, ({ label }) => label ?? -1) }),
  };
}
