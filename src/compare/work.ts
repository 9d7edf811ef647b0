/** Conditions of a running comparison, and the images that its rows are measured on. */

import type { Reporter } from '../core/reporter.ts';
import { type OpenImages, reportSkipped } from '../data/index.ts';
import { evaluationSet } from '../evaluate/index.ts';
import { cacheSizeOf, type Settings } from '../methods/index.ts';
import { baseCacheSize, networkCacheSize } from '../run/index.ts';
import type { Budget } from './comparison.ts';
import type { Bench } from './measure.ts';
import type { CompareRequest, PlannedRow } from './plan.ts';

/** Seed of every random draw of the evaluation. */
export const MEASURING_SEED = 0;

/** Conditions of a running comparison. */
export interface Work {
  readonly request: CompareRequest;
  readonly images: OpenImages;
  readonly preset: string;
  readonly rows: readonly PlannedRow[];
  /** Settings of the untrained network, which bench and pixel baselines share. */
  readonly network: Settings;
  readonly seeds: readonly number[];
  readonly budget: Budget;
  readonly folder: string;
  readonly bench: Bench;
  readonly key: string;
  readonly reporter: Reporter;
}

/** Opens a bench with images that are cached in this size. */
export async function benchOf(
  images: OpenImages,
  { size, k }: { size: number; k: number | undefined },
  reporter: Reporter,
): Promise<Bench> {
  const cache = await images.pixels({ size, reporter });
  reportSkipped(cache, reporter);
  return {
    cache,
    set: evaluationSet(cache, { seed: MEASURING_SEED }),
    seed: MEASURING_SEED,
    k,
    reporter,
  };
}

/** Side in pixels of the cached images that a row reads. */
function cacheSizeOfRow(
  { training, settings }: Pick<PlannedRow, 'training' | 'settings'>,
  { encoder }: CompareRequest,
): number {
  if (training === 'scratch') return cacheSizeOf(settings);
  return training === 'head'
    ? baseCacheSize(encoder!.settings)
    : networkCacheSize({ settings, origin: encoder!.settings });
}

/** Opens the bench of a row. */
export function benchForRow(work: Work, row: PlannedRow, reporter: Reporter): Promise<Bench> {
  return benchFor(work, cacheSizeOfRow(row, work.request), reporter);
}

/** Opens a bench with images of this size: the common one, unless its images have another. */
export async function benchFor(
  { bench, images, network, request: { k } }: Work,
  size: number,
  reporter: Reporter,
): Promise<Bench> {
  return size === cacheSizeOf(network)
    ? { ...bench, reporter }
    : benchOf(images, { size, k }, reporter);
}
