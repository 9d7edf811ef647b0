/** Patch features that are learned in a moment, for tests of what is done with a run. */
import { reporterOf } from '../core/reporter.ts';
import { encoderSpec } from '../encoders/index.ts';
import { type Images, LikenessError, type ReporterOptions } from '../likeness.ts';
import { newFeatures } from './learnFeatures.ts';

/** Settings of a patch encoder of few filters. */
export const fewFilters = {
  ...{ colorFilters: 8, grayFilters: 8, patches: 1000, iterations: 2, components: 6 },
};
const tinyPatches = encoderSpec.parse({ name: 'patches', settings: fewFilters });

/** Makes a run in `out` by an encoder, by patch features of few filters if none is given. */
export async function makeTinyRun(
  images: Images,
  out: string,
  { encoder = tinyPatches, ...options }: ReporterOptions & { encoder?: typeof tinyPatches } = {},
): Promise<void> {
  const request = { encoder, preset: 'small-32', seed: 0, out, notes: ['As a test.'] };
  await newFeatures(images, request, reporterOf(options));
}

/** Options that stop work with "enough" at the first progress of a stage. */
export function stoppedAt(stage: string): Required<Pick<ReporterOptions, 'onProgress' | 'signal'>> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress(event) {
      if (event.stage === stage) controller.abort(new LikenessError('interrupted', 'enough'));
    },
  };
}
