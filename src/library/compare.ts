/** Comparing methods under one protocol. */
import { z } from 'zod';
import {
  type CompareRequest,
  classicalNames,
  compareMethods,
  type WrittenComparison,
} from '../compare/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { allMethods } from '../methods/index.ts';
import { readStoredSource } from '../run/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import {
  checkOptions,
  commandLine,
  MAX_MINUTES,
  path,
  positiveNumber,
  settingsOption,
  wholeNumber,
} from './options.ts';

export interface CompareOptions extends CompareRequest, ReporterOptions {}

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
 * and compare.html.
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
 * @throws LikenessError `option.*`, `settings.invalid`, `compare.*`, `source.*`, `interrupted`
 * where the signal is aborted.
 */
export async function compare(
  images: Images | string,
  options: CompareOptions,
): Promise<WrittenComparison> {
  checkOptions(
    {
      methods: namesOf(allMethods().map(({ name }) => name)),
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
  const { onProgress, onNote, onWarning, signal, ...request } = options;
  const reporter = reporterFor(options);
  const { out } = request;
  const stored = out === undefined ? undefined : await readStoredSource(out);
  return withImages(images, (opened) => compareMethods(opened, request, { reporter }), {
    ...{ reporter, stored },
  });
}
