/** Comparing methods under one protocol. */
import { z } from 'zod';
import {
  type CompareRequest,
  classicalNames,
  compareMethods,
  type WrittenComparison,
} from '../compare/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { methodNames } from '../methods/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { checkOptions, path, positiveNumber, wholeNumber } from './options.ts';

export interface CompareOptions extends CompareRequest, ReporterOptions {}

const texts = z.array(z.string(), { error: 'expected texts such as "key=a,b"' }).optional();
const namesOf = (names: readonly string[]) => {
  const error = `expected names of ${names.join(', ')}`;
  return z.array(z.enum(names as [string, ...string[]], { error }), { error });
};

/**
 * Trains several methods under the same conditions, measures them alike, and writes compare.json
 * and compare.html.
 *
 * The same call resumes an interrupted comparison, and may add methods and seeds. A method that
 * fails is part of the result with its reason.
 *
 * @example
 * const { comparison } = await compare('photos', { methods: ['swav', 'moco'], minutes: 10 });
 * @throws LikenessError `option.*`, `compare.*`, `source.*`, `interrupted` where the signal is
 * aborted.
 */
export async function compare(images: Images | string, options: CompareOptions): Promise<WrittenComparison> {
  checkOptions(
    {
      methods: namesOf(methodNames),
      minutes: positiveNumber(),
      epochs: wholeNumber(1),
      seeds: wholeNumber(1),
      out: path(),
      preset: path(),
      grid: texts,
      vary: texts,
      set: texts,
      classical: namesOf(classicalNames).optional(),
    },
    options,
  );
  const { onProgress, onNote, onWarning, signal, ...request } = options;
  return withImages(images, (opened) => compareMethods(opened, request, { reporter: reporterFor(options) }));
}
