import type { MomentAnswer } from '../../../src/server/protocol.ts';
import type { RunSource } from '../data/source.ts';

/** Most moments that stay in memory. */
const MAX_KNOWN = 60;

/** Position of the moment at a step; the last one for `final` and for steps without a moment. */
export function momentAt(steps: readonly number[], step: number | 'final'): number {
  const found = steps.indexOf(step === 'final' ? Number.NaN : step);
  return found < 0 ? steps.length - 1 : found;
}

/** Moments of a training: their steps, and the one that is shown. */
export class Moments {
  readonly #source: RunSource;
  steps = $state.raw<readonly number[]>([]);
  shown = $state.raw<MomentAnswer | null>(null);
  failure = $state('');
  readonly #known = new Map<number, MomentAnswer>();
  #asked = 0;

  constructor(source: RunSource) {
    this.#source = source;
  }

  /** Reads which moments exist now. */
  async look(): Promise<void> {
    const { steps } = await this.#source.moments();
    if (steps.join() !== this.steps.join()) this.steps = steps;
  }

  /** Shows the moment at a step of the training. */
  async show(step: number): Promise<void> {
    const request = ++this.#asked;
    const known = this.#known.get(step);
    if (known) {
      this.shown = known;
      return;
    }
    try {
      const moment = await this.#source.moment(step);
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(step, moment);
      if (request !== this.#asked) return;
      this.shown = moment;
      this.failure = '';
    } catch (error) {
      if (request === this.#asked) this.failure = (error as Error).message;
    }
  }

  /** Forgets everything, because another run is open. */
  clear(): void {
    this.#asked++;
    this.#known.clear();
    this.steps = [];
    this.shown = null;
    this.failure = '';
  }
}
