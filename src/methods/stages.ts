/** Stages of a method: parts of the schedule, such as a warm-up, that follow one another. */
import type { EpochPhase, Moment } from './program.ts';

export interface Stage {
  readonly name: string;
  /** Length in epochs. Absent: all that are left. */
  readonly epochs?: number;
  /** Work before every epoch of the stage. */
  readonly beforeEpoch?: EpochPhase['run'];
}

/** Stage of an epoch, counted from 0; undefined where a method has none. */
export function stageOfEpoch(stages: readonly Stage[], epoch: number): Stage | undefined {
  let end = 0;
  return stages.find(({ epochs = Number.POSITIVE_INFINITY }) => {
    end += epochs;
    return epoch < end;
  });
}

/** Stage of a step. */
export function stageAt(
  stages: readonly Stage[],
  { step, stepsPerEpoch }: Pick<Moment, 'step' | 'stepsPerEpoch'>,
): Stage | undefined {
  return stageOfEpoch(stages, Math.floor(step / stepsPerEpoch));
}

/** The work of all stages as one phase; undefined where no stage has any. */
export function phaseOf(stages: readonly Stage[]): EpochPhase | undefined {
  if (!stages.some(({ beforeEpoch }) => beforeEpoch)) return undefined;
  const workOf = (epoch: number) => stageOfEpoch(stages, epoch)?.beforeEpoch;
  return {
    isDue: (epoch) => workOf(epoch) !== undefined,
    run: (context) => workOf(context.epoch)!(context),
  };
}
