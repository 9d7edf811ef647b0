/**
 * Watches a training run without labels: measures a fixed sample after epochs and logs the numbers.
 */
import { reasonOf } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import {
  type EpochSampleOptions,
  epochPlan,
  measureEpoch,
  type OpenSample,
  openEpochSample,
} from '../evaluate/index.ts';
import type { EventLog, WatchedSample } from '../run/index.ts';
import type { EpochEnd } from './events.ts';
import type { MomentKeeper } from './moments.ts';

export interface EpochWatch {
  /**
   * Measures where this epoch is due. A failure becomes a warning and never ends the training. An
   * aborted signal ends the measurement without a word.
   */
  after(end: EpochEnd): Promise<void>;
  close(): Promise<void>;
}

export interface EpochWatchOptions extends Omit<EpochSampleOptions, 'images' | 'signal'> {
  events: Pick<EventLog, 'append'>;
  reporter: Pick<Reporter, 'warn' | 'progress' | 'signal'>;
  /** Seconds trained in earlier sessions. */
  started?: number;
  /** Last measurement of an earlier session, to compare with. */
  before?: WatchedSample;
  /** Stores a measurement for a later session. */
  remember?(measured: WatchedSample): Promise<void>;
  /** Opens the moments of the run, for a sample of cache indices. */
  openMoments?(indices: Uint32Array): Promise<MomentKeeper>;
}

/**
 * Largest fraction of the training time that measuring may take. A run's last measurement is always
 * made.
 */
export const MAX_COST = 0.04;
/** Expected seconds of the first measurement: views, compilation, and clustering of the sample. */
export const FIRST_SECONDS = 1;
/** Smallest sample that is measured. */
const MIN_IMAGES = 20;

/**
 * Creates the watch of one session.
 *
 * The first measurement makes views and encoder. The watch reads the weights and changes nothing,
 * so a run ends with the same bytes with and without it. It skips epochs where measuring would take
 * more than 4 % of the time trained since the last measurement. A slow machine may therefore
 * measure other epochs than a fast one, with the same values where both measure.
 *
 * Events of kind `measures` hold the measures, similarities of pairs, `images`, `since` (epochs
 * since the measurement it is compared with, null at the first), `duration` in seconds, and `cost`,
 * the duration as a fraction of the training time since then.
 */
export function createEpochWatch({
  events,
  reporter,
  started = 0,
  before,
  remember,
  openMoments,
  ...options
}: EpochWatchOptions): EpochWatch {
  const { signal } = reporter;
  const plan = epochPlan(options.settings, options.indices.length);
  let sample: OpenSample | undefined;
  let moments: MomentKeeper | undefined;
  let memory = before;
  let seconds: number | undefined;
  let expected = FIRST_SECONDS;
  let broken = options.settings.run.measures === 'none' || plan.images < MIN_IMAGES;

  return {
    async after({ epoch, step, last, readState, seconds: now }) {
      seconds ??= started;
      const isTurn = (epoch + 1) % plan.every === 0 && (now - seconds) * MAX_COST >= expected;
      if (broken || !(last || isTurn)) return;
      const begun = performance.now();
      try {
        reporter.progress({ stage: 'measure', text: 'measuring without labels' });
        sample ??= await openEpochSample({ ...options, images: plan.images, signal });
        const seen = await sample.look(readState);
        signal.throwIfAborted();
        const { measures, pairs, memory: found } = await measureEpoch(options.engine, seen, memory);
        moments ??= await openMoments?.(sample.indices);
        await moments?.keep(seen, { ...found, epoch, step });
        const duration = (performance.now() - begun) / 1000;
        events.append({
          kind: 'measures',
          step,
          epoch,
          ...measures,
          ...pairs,
          images: plan.images,
          since: memory ? epoch - memory.epoch : null,
          duration,
          cost: duration / Math.max(1e-9, now - seconds),
        });
        memory = { ...found, epoch, step };
        await remember?.(memory);
        expected = duration;
      } catch (error) {
        if (signal.aborted) return;
        broken = true;
        reporter.warn({
          code: 'train.unmeasured',
          message: `measures without labels are left out from now on: ${reasonOf(error)}`,
        });
      }
      seconds = now;
    },
    async close() {
      await sample?.close();
    },
  };
}
