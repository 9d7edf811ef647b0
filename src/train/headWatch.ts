/** Watches the training of a head on a pretrained model: keeps moments of a sample of features. */
import type { Engine } from '../backends/index.ts';
import { allRows, featuresOf } from '../cluster/index.ts';
import { reasonOf } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { headShapes, openHeads } from '../encoders/index.ts';
import type { EpochSample } from '../evaluate/index.ts';
import type { Settings } from '../methods/index.ts';
import type { EpochEnd } from './events.ts';
import type { MomentKeeper } from './moments.ts';
import type { EvaluationImages } from './phase.ts';
import { type EpochWatch, FIRST_SECONDS, MAX_COST } from './watch.ts';

export interface HeadWatchOptions {
  engine: Engine;
  settings: Settings;
  /** Stored features of the images, in the order of `indices`. */
  evaluationImages: EvaluationImages;
  /** Cache indices of the images. */
  indices: Uint32Array;
  reporter: Pick<Reporter, 'warn' | 'progress' | 'signal'>;
  /** Seconds trained in earlier sessions. */
  started?: number;
  openMoments(indices: Uint32Array): Promise<MomentKeeper>;
}

/** Most images of the sample. */
const MAX_IMAGES = 2000;
const BATCH = 512;

/**
 * Creates the watch of one session. It takes at most 4 % of the training time, but for the last
 * epoch, and leaves runs alone whose method has neither prototypes nor clusters.
 */
export function createHeadWatch(options: HeadWatchOptions): EpochWatch {
  const { engine, settings, reporter, started = 0 } = options;
  let sample: { features: EpochSample['features']; keeper: MomentKeeper } | undefined;
  let seconds: number | undefined;
  let expected = FIRST_SECONDS;
  let broken = settings.run.measures === 'none';

  async function open() {
    const { indices, evaluationImages, openMoments } = options;
    const n = Math.min(MAX_IMAGES, indices.length);
    const rows = Array.from({ length: n }, (_, i) => Math.floor((i * indices.length) / n));
    const wanted = new Set(rows);
    const parts: Float32Array[] = [];
    let row = 0;
    for await (const { images, pixels } of evaluationImages({ size: 1, batchSize: BATCH })) {
      const dimension = pixels.length / images.length;
      for (let i = 0; i < images.length; i++, row++) {
        if (!wanted.has(row)) continue;
        parts.push(Float32Array.from(pixels.subarray(i * dimension, (i + 1) * dimension)));
      }
    }
    const dimension = parts[0]!.length;
    const data = new Float32Array(parts.length * dimension);
    for (const [i, part] of parts.entries()) data.set(part, i * dimension);
    const keeper = await openMoments(Uint32Array.from(rows, (at) => indices[at]!));
    return { features: featuresOf(data, dimension), keeper };
  }
  async function look({ readState, epoch, step }: EpochEnd): Promise<void> {
    sample ??= await open();
    const { features, keeper } = sample;
    const state = await readState([...headShapes(settings).keys()]);
    const heads = openHeads({ engine, settings, state });
    try {
      const { prototypes } = heads;
      const clusters = await heads.assign?.(features);
      const embeddings = !clusters && prototypes && (await allRows(heads.project(features)));
      broken = !clusters && !prototypes;
      if (broken) return;
      const seen = {
        features,
        ...(clusters && { clusters }),
        ...(embeddings && prototypes && { prototypes: { embeddings, prototypes } }),
      };
      await keeper.keep(seen, { clusters: new Int32Array(features.count), epoch, step });
    } finally {
      await heads.close();
    }
  }
  return {
    async after(end) {
      const { seconds: now, last } = end;
      seconds ??= started;
      if (broken || !(last || (now - seconds) * MAX_COST >= expected)) return;
      const begun = performance.now();
      try {
        reporter.progress({ stage: 'measure', text: 'looking at the clusters' });
        await look(end);
        expected = (performance.now() - begun) / 1000;
      } catch (error) {
        if (reporter.signal.aborted) return;
        broken = true;
        reporter.warn({
          code: 'train.unmeasured',
          message: `moments of the training are left out from now on: ${reasonOf(error)}`,
        });
      }
      seconds = now;
    },
    close: async () => {},
  };
}
