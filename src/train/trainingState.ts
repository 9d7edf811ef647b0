/** State of a training run between two steps, and its conversion to and from a checkpoint. */
import { z } from 'zod';
import type { Plan, Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { StoredTensor, Tensors } from '../formats/index.ts';
import { type MethodProgram, type Settings, stateShapes } from '../methods/index.ts';
import {
  type Checkpoint,
  type CheckpointInfo,
  isEndOf,
  type RunFolder,
  requireOwnSettings,
  settingsHash,
  stateOf,
  type TrainedConfig,
} from '../run/index.ts';
import { type DoctorState, type Health, isSound, type Verdict } from './doctor.ts';
import { verdictWords } from './verdictWords.ts';

/** Holds all that a run needs to continue as if it had never stopped. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Steps of the whole schedule; absent while a time budget is still being measured. */
  totalSteps?: number;
  /** Values of all steps of the method by name. */
  state: Values;
  doctor?: DoctorState;
  health: Verdict['health'];
  /** Seconds of training so far, over all sessions. */
  seconds: number;
  /** Kernels of all steps that were taken. */
  plan: Plan;
  /** Losses of the steps of an epoch that is not complete, for its mean. Default: none. */
  epochLosses?: readonly number[];
}

const DOCTOR_USAGE = 'doctor.usage';

/** Method and settings that a checkpoint's names and shapes come from. */
export interface CheckpointOptions {
  settings: Settings;
  method: MethodProgram;
  stepsPerEpoch: number;
}

/**
 * Converts to the content of a checkpoint file.
 *
 * Leaves wall-clock time out, because a resumed run must end with the same bytes as an
 * uninterrupted one.
 */
export function toCheckpoint(
  training: TrainingState,
  { settings, method, stepsPerEpoch }: CheckpointOptions,
): { info: CheckpointInfo; tensors: Tensors } {
  const { step, totalSteps, doctor, health } = training;
  const shapes = stateShapes(method);
  const tensors: Record<string, StoredTensor> = {};
  for (const name of Object.keys(training.state).toSorted()) {
    tensors[name] = {
      dtype: 'float32',
      shape: shapes.get(name)!,
      data: training.state[name] as Float32Array,
    };
  }
  if (doctor)
    tensors[DOCTOR_USAGE] = { dtype: 'float32', shape: [doctor.usage.length], data: doctor.usage };
  const { usage: _, ...doctorNumbers } = doctor ?? { usage: undefined };
  return {
    tensors,
    info: {
      step,
      epoch: Math.floor(step / stepsPerEpoch),
      seed: settings.run.seed,
      configHash: settingsHash(settings),
      final: step === totalSteps,
      healthy: isSound({ health }),
      extra: { health, doctor: doctorNumbers, ...(totalSteps === undefined ? {} : { totalSteps }) },
    },
  };
}

/**
 * Converts from a checkpoint.
 *
 * @throws LikenessError `resume.settings` where the checkpoint was written under other settings,
 * `checkpoint.damaged` where it lacks the state of the trainer.
 */
export function fromCheckpoint(
  checkpoint: Checkpoint,
  {
    folder,
    config,
    ...logged
  }: { folder: RunFolder; config: TrainedConfig } & Pick<
    TrainingState,
    'plan' | 'seconds' | 'epochLosses'
  >,
): TrainingState {
  requireOwnSettings(folder, config, checkpoint);
  const { info, tensors } = checkpoint;
  const extra = extraOf(checkpoint);
  const { [DOCTOR_USAGE]: usage, ...state } = tensors;
  return {
    step: info.step,
    // A finished run that is trained longer has another schedule.
    totalSteps: info.final && !isEndOf(config, info) ? undefined : extra.totalSteps,
    health: extra.health,
    ...logged,
    state: stateOf(state),
    doctor: usage && ({ ...extra.doctor, usage: usage.data } as DoctorState),
  };
}

const measured = z.number().optional();
const since = z.int().nonnegative();
const extraSchema = z.object({
  health: z.enum(Object.keys(verdictWords) as [Health, ...Health[]]),
  doctor: z
    .object({
      ...{ loss: z.number(), seen: since },
      ...{ firstLoss: measured, peakLoss: measured, agreement: measured },
      ...{ flatFor: since, narrowFor: since, explodedFor: since },
    })
    .partial()
    .optional(),
  totalSteps: z.int().positive().optional(),
});

/** Reads the part of a checkpoint's header that the trainer has written. */
function extraOf({ file, info, tensors }: Checkpoint) {
  const result = extraSchema.safeParse(info.extra ?? {});
  const { totalSteps = Infinity, doctor } = result.data ?? {};
  const hasUsage = tensors[DOCTOR_USAGE]?.dtype === 'float32';
  const isWhole = hasUsage === (doctor !== undefined);
  if (result.success && info.step <= totalSteps && isWhole) return result.data;
  const issue = result.error?.issues[0];
  const reason = issue
    ? `${['extra', ...issue.path].join('.')}: ${issue.message}`
    : isWhole
      ? `extra.totalSteps: received ${totalSteps} at step ${info.step}`
      : `"${DOCTOR_USAGE}" and extra.doctor are not both there`;
  throw new LikenessError(
    'checkpoint.damaged',
    `${file} cannot be resumed from: ${reason}. Restore the file, or delete it to use an earlier ` +
      'checkpoint.',
  );
}

/**
 * Refuses a checkpoint without the state of the trainer.
 *
 * @throws LikenessError `checkpoint.damaged`
 */
export function requireTrainerState(checkpoint: Checkpoint): void {
  extraOf(checkpoint);
}

/** Relabels a healthy checkpoint for changed settings: the same weights, with a new doctor. */
export function withoutDoctor({ file, info, tensors }: Checkpoint, configHash: string): Checkpoint {
  const { [DOCTOR_USAGE]: _, ...rest } = tensors;
  const { doctor, ...extra } = info.extra ?? {};
  return {
    file,
    info: { ...info, configHash, extra: { ...extra, health: 'warming up' } },
    tensors: rest,
  };
}
