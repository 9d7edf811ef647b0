/** Notes and warnings on a training that is shorter or has fewer images than its recipe. */
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import { type ReachFacts, reachOf, type Shortage } from './reach.ts';

export interface AnnounceOptions extends Omit<ReachFacts, 'epochs'> {
  /** Budget in minutes, where the run has one. */
  minutes?: number | undefined;
}

/**
 * Returns a function that takes the planned epochs, before the first step or once the speed is
 * known, and reports what they cannot reach. A sentence is repeated only where its grade changes.
 */
export function createReachAnnouncement(
  reporter: Pick<Reporter, 'note' | 'warn'>,
  { minutes, ...facts }: AnnounceOptions,
): (epochs: number) => void {
  const said = new Map<string, Shortage['grade']>();
  const say = (code: string, { grade, sentence }: Shortage, more = '') => {
    if (said.get(code) === grade) return;
    said.set(code, grade);
    if (grade === 'enough') return;
    reporter[grade === 'too few' ? 'warn' : 'note']({ code, message: sentence + more });
  };
  return (epochs) => {
    const reach = reachOf({ ...facts, epochs }, 'planned');
    say('train.fewImages', reach.images);
    say('train.fewEpochs', reach.epochs, minutes ? timeForAll(minutes, epochs, facts) : '');
  };
}

/** Tells the minutes that all epochs of the recipe take at the measured speed. */
function timeForAll(
  minutes: number,
  epochs: number,
  { recipe }: Omit<AnnounceOptions, 'minutes'>,
): string {
  if (!recipe || epochs >= recipe.presetEpochs) return '';
  const all = Math.ceil((minutes * recipe.presetEpochs) / epochs);
  return `. All of them would take about ${plural(all, 'minute')}`;
}
