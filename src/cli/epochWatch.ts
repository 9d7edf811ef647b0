/** Watches a training run without labels: measures a fixed sample after epochs and writes the numbers to the event log. */
import { reasonOf } from '../core/errors.ts';
import { measureEpoch } from '../evaluate/index.ts';
import type { EventLog, WatchedSample } from '../run/index.ts';
import type { EpochEnd } from '../train/index.ts';
import { type EpochSampleOptions, epochPlan, type OpenSample, openEpochSample } from './epochSample.ts';
import type { Terminal } from './terminal.ts';

export interface EpochWatch {
  /** Measures where it is this epoch's turn. Never ends the training: what cannot be measured is said and left out. */
  after(end: EpochEnd): Promise<void>;
  close(): Promise<void>;
}

export interface EpochWatchOptions extends Omit<EpochSampleOptions, 'images'> {
  events: Pick<EventLog, 'append'>;
  terminal: Pick<Terminal, 'warn' | 'progress'>;
  /** Seconds trained in earlier sittings. */
  started?: number;
  /** What an earlier sitting measured last, to compare with. */
  before?: WatchedSample;
  /** Keeps what was measured for a later sitting. */
  remember?(measured: WatchedSample): Promise<void>;
}

/** Part of the training time that measuring may take; the last measurement of a run is made in any case. */
const SHARE = 0.04;
/** Seconds that the first measurement is expected to take: views, compilation, and the clusterings of the sample. */
const FIRST = 1;

/**
 * The watch of one sitting. Views and encoder are made at the first measurement. It reads the weights and changes
 * nothing: a run ends with the same bytes with and without it. Epochs are left out where measuring would take more than
 * 4 % of the time trained since the last measurement; so on a slow machine other epochs may be measured than on a fast one,
 * with the same values where both measure.
 *
 * Events of kind `measures`: the measures, similarities of pairs, `images`, `since` (epochs between it and the one it is compared with; null at
 * the first), `duration` in seconds, and `cost`: the duration's part of the training time since then.
 */
export function createEpochWatch({
  events,
  terminal,
  started = 0,
  before,
  remember,
  ...options
}: EpochWatchOptions): EpochWatch {
  const plan = epochPlan(options.settings, options.indices.length);
  let sample: OpenSample | undefined;
  let memory = before;
  let seconds: number | undefined;
  let expected = FIRST;
  let broken = options.settings.measures === 'none' || plan.images < 20;

  return {
    async after({ epoch, step, last, readState, seconds: now }) {
      seconds ??= started;
      const isTurn = (epoch + 1) % plan.every === 0 && (now - seconds) * SHARE >= expected;
      if (broken || !(last || isTurn)) return;
      const begun = performance.now();
      try {
        terminal.progress('measuring without labels');
        sample ??= await openEpochSample({ ...options, images: plan.images });
        const seen = await sample.look(readState);
        const { measures, pairs, memory: found } = await measureEpoch(options.engine, seen, memory);
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
        broken = true;
        terminal.warn(`measures without labels are left out from now on: ${reasonOf(error)}`);
      }
      seconds = now;
    },
    async close() {
      await sample?.close();
    },
  };
}
