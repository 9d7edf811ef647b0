/** Stages of a method: parts of a run that follow one another, such as a warm-up. */
import type { EpochPhase, EpochWork, Moment, StageStart } from './program.ts';

/** Name and length of a stage. */
export interface StageSpan {
  readonly name: string;
  /** Length in epochs. Default: all that are left. */
  readonly epochs?: number;
  /**
   * Starts the learning-rate schedule and the optimizer again, as for a run of the stage's length.
   * Default: both continue.
   */
  readonly restart?: boolean;
}

/** A stage with its work between epochs. */
export interface StageWork extends StageSpan {
  /** Work once before the first step of the stage. */
  readonly begin?: EpochWork;
  /** Work before every epoch of the stage, after `begin`. */
  readonly beforeEpoch?: EpochWork;
}

/** Stages that take place, with their first epochs. */
function placed<S extends StageSpan>(
  stages: readonly S[],
): { stage: S; first: number; end: number }[] {
  let end = 0;
  return stages.flatMap((stage) => {
    const first = end;
    end += stage.epochs ?? Number.POSITIVE_INFINITY;
    return end > first ? [{ stage, first, end }] : [];
  });
}

/** Stage of an epoch, counted from 0; undefined where a method has none. */
export function stageOfEpoch<S extends StageSpan>(
  stages: readonly S[],
  epoch: number,
): S | undefined {
  return placed(stages).find(({ end }) => epoch < end)?.stage;
}

/** Stage of a step. */
export function stageAt(
  stages: readonly StageSpan[],
  { step, stepsPerEpoch }: Pick<Moment, 'step' | 'stepsPerEpoch'>,
): StageSpan | undefined {
  return stageOfEpoch(stages, Math.floor(step / stepsPerEpoch));
}

/**
 * Position in the schedule that a step's scalars follow: that of the run, or of the part of it that
 * began with the last restart.
 */
export function scheduleMoment(stages: readonly StageSpan[], moment: Moment): Moment {
  const { step, stepsPerEpoch, totalSteps } = moment;
  const starts = placed(stages).flatMap(({ stage, first }) =>
    stage.restart && first > 0 ? [first * stepsPerEpoch] : [],
  );
  if (starts.length === 0) return moment;
  const first = starts.findLast((start) => start <= step) ?? 0;
  const end = Math.min(totalSteps, starts.find((start) => start > step) ?? totalSteps);
  return { step: step - first, stepsPerEpoch, totalSteps: end - first };
}

/** The work before every epoch as one phase; undefined where no stage has any. */
export function phaseOf(stages: readonly StageWork[]): EpochPhase | undefined {
  if (!stages.some(({ beforeEpoch }) => beforeEpoch)) return undefined;
  const workOf = (epoch: number) => stageOfEpoch(stages, epoch)?.beforeEpoch;
  return {
    isDue: (epoch) => workOf(epoch) !== undefined,
    run: (context) => workOf(context.epoch)!(context),
  };
}

/** The stage that begins with an epoch; undefined where none does. */
export function stageStart(stages: readonly StageWork[], epoch: number): StageStart | undefined {
  const found = placed(stages).find(({ first }) => first === epoch);
  if (!found) return undefined;
  const { name, restart = false, begin } = found.stage;
  return { name, restart, ...(begin && { work: begin }) };
}

/**
 * Steps of the stages with the epochs from which each is taken. Neighbors with the same step are
 * one. `otherwise` is the step of stages that have none, and of the epochs after the last stage.
 */
export function stepsOf<F>(
  stages: readonly (StageSpan & { step?: F })[],
  otherwise: F | undefined,
): { firstEpoch: number; step: F | undefined }[] {
  const found: { firstEpoch: number; step: F | undefined }[] = [];
  const takes = (firstEpoch: number, step: F | undefined) => {
    if (found.length === 0 || found.at(-1)!.step !== step) found.push({ firstEpoch, step });
  };
  const known = placed(stages);
  for (const { stage, first } of known) takes(first, stage.step ?? otherwise);
  const end = known.at(-1)?.end ?? 0;
  if (end < Number.POSITIVE_INFINITY && (otherwise || found.length === 0)) takes(end, otherwise);
  return found;
}
