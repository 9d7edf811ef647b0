/** Comparing methods under one protocol. */
import { z } from 'zod';
import {
  type CompareRequest,
  classicalNames,
  compareMethods,
  storedHubModel,
  type WrittenComparison,
} from '../compare/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { isHubId, parseModelName, pinnedHubId } from '../encoders/index.ts';
import { allMethods } from '../methods/index.ts';
import { readStoredSource } from '../run/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import {
  checkOptions,
  commandLine,
  flag,
  MAX_MINUTES,
  path,
  positiveNumber,
  settingsOption,
  wholeNumber,
} from './options.ts';
import { pretrainedModel } from './pretrainedModel.ts';

export interface CompareOptions extends Omit<CompareRequest, 'encoder'>, ReporterOptions {
  /**
   * Path of a pretrained model, an ONNX file or a folder as hubs lay them out, or
   * `hub:OWNER/NAME`. Its features with k-means, heads on them and models that are trained further
   * are rows beside networks from scratch.
   */
  encoder?: string;
  /** Reads models of the hub from the cache alone. Default false. */
  offline?: boolean;
}

const valuesError = 'expected lists of values by setting, such as { temperature: [0.1, 0.2] }';
const values = z
  .record(z.string(), z.array(z.unknown(), { error: valuesError }).readonly(), {
    error: valuesError,
  })
  .optional();
const namesOf = (names: readonly string[]) => {
  const error = `expected names of ${names.join(', ')}`;
  return z.array(z.enum(names as [string, ...string[]], { error }), { error }).readonly();
};

/**
 * Trains several methods under the same conditions, measures them alike, and writes compare.json
 * and compare.html. With `encoder` one table has the ways from a pretrained model, too.
 *
 * The same call resumes an interrupted comparison, and may add methods and seeds. A method that
 * fails is part of the result with its reason.
 *
 * @example
 * const { comparison } = await compare('photos', {
 *   methods: ['simclr', 'moco'],
 *   minutes: 10,
 *   settings: { data: { batchSize: 128 } },
 *   grid: { temperature: [0.1, 0.2, 0.5] },
 * });
 * @example
 * await compare('photos', { encoder: 'dinov2-small', methods: ['consensus', 'scan'] });
 * @throws LikenessError `option.*`, `settings.invalid`, `encoder.*`, `hub.*`, `compare.*`,
 * `source.*`, `interrupted` where the signal is aborted.
 */
export async function compare(
  images: Images | string,
  options: CompareOptions,
): Promise<WrittenComparison> {
  const methodsOption = namesOf(allMethods().map(({ name }) => name));
  checkOptions(
    {
      methods: methodsOption.optional(),
      encoder: path(),
      offline: flag,
      fineTune: methodsOption.optional(),
      scratch: methodsOption.optional(),
      k: wholeNumber(2),
      minutes: positiveNumber(MAX_MINUTES),
      epochs: wholeNumber(1),
      seeds: wholeNumber(1),
      out: path(),
      preset: path(),
      settings: settingsOption,
      grid: values,
      vary: values,
      classical: namesOf(classicalNames).optional(),
      command: commandLine,
    },
    options,
  );
  const { onProgress, onNote, onWarning, signal, encoder: given, offline, ...rest } = options;
  const reporter = reporterFor(options);
  const { out } = rest;
  const encoder = given === undefined ? undefined : await pinned(given, out);
  const request = {
    ...rest,
    ...(encoder !== undefined && {
      encoder: await pretrainedModel(encoder, { offline, reporter }),
    }),
  };
  const stored = out === undefined ? undefined : await readStoredSource(out);
  return withImages(images, (opened) => compareMethods(opened, request, { reporter }), {
    ...{ reporter, stored },
  });
}

/** Id of the model's commit, where a comparison is resumed with the hub id of its start. */
async function pinned(path: string, out: string | undefined): Promise<string> {
  if (out === undefined || !isHubId(path)) return path;
  const hub = await storedHubModel(out);
  const named = parseModelName(path);
  return hub?.id === named.path ? pinnedHubId(hub) + named.suffix : path;
}
