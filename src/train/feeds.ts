/** Batches of a loader as a compiled step reads them, and the numbers that it returns. */
import type { Values } from '../compile/index.ts';
import type { Rows } from '../methods/index.ts';
import type { Batch, CropValues, Loader } from '../views/index.ts';

export interface Prefetch {
  /** Returns the batch of a step, prepared or not. */
  take(step: number): Promise<Batch<CropValues>>;
  /** Asks for a batch early. */
  prepare(step: number): void;
}

/** Asks the loader for the batch of the next step while the current one runs. */
export function createPrefetch(loader: Loader<CropValues>): Prefetch {
  const { stepsPerEpoch } = loader;
  let coming: Promise<Batch<CropValues>> | undefined;
  const request = (step: number) => {
    const batch = loader.batch(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
    // An unused batch must not become an unhandled rejection when the loader closes.
    batch.catch(() => {});
    return batch;
  };
  return {
    take(step) {
      const batch = coming ?? request(step);
      coming = undefined;
      return batch;
    },
    prepare(step) {
      coming = request(step);
    },
  };
}

const FACT = 'fact.';

/** Collects the outputs `fact.<name>` of a step by name. */
export function factsOf(results: Values): Record<string, number> {
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, value]) =>
      name.startsWith(FACT) ? [[name.slice(FACT.length), Number(value[0])]] : [],
    ),
  );
}

/**
 * Collects the inputs of one step: `indices`, `crops.<group>`, and the scalars by name.
 *
 * @param rows images that the step's indices are of, where ranks share the batch
 */
export function feedsOf(
  batch: Batch<CropValues>,
  scalars: Record<string, number>,
  rows: Rows = 'all',
): Values {
  const { positions, ofAllRanks = positions } = batch;
  const feeds: Values = { indices: Int32Array.from(rows === 'own' ? positions : ofAllRanks) };
  batch.crops.forEach((pixels, g) => {
    feeds[`crops.${g}`] = pixels;
  });
  for (const [name, value] of Object.entries(scalars)) feeds[name] = Float32Array.of(value);
  return feeds;
}
