/** State of a training run between two steps, and its conversion to and from a checkpoint. */
import type { Plan, Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { StoredTensor, Tensors } from '../formats/index.ts';
import type { MethodProgram, Settings } from '../methods/index.ts';
import { type Checkpoint, type CheckpointInfo, settingsHash, stateOf } from '../run/index.ts';
import { type DoctorState, isSound, type Verdict } from './doctor.ts';

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
  const shapes = new Map(
    method.steps
      .flatMap(({ program }) => program.state ?? [])
      .map(({ current }) => [current.node.attributes.name as string, current.shape]),
  );
  const tensors: Record<string, StoredTensor> = {};
  for (const name of Object.keys(training.state).toSorted()) {
    tensors[name] = {
      dtype: 'float32',
      shape: shapes.get(name)!,
      data: training.state[name] as Float32Array,
    };
  }
  if (doctor) tensors[DOCTOR_USAGE] = { dtype: 'float32', shape: [doctor.usage.length], data: doctor.usage };
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
 * @throws LikenessError `resume.settings` where the checkpoint was written under other settings.
 */
export function fromCheckpoint(
  { file, info, tensors }: Checkpoint,
  {
    settings,
    plan,
    seconds,
    version1,
  }: { settings: Settings; plan: Plan; seconds: number; version1?: string | undefined },
): TrainingState {
  if (info.configHash !== settingsHash(settings) && info.configHash !== version1) {
    throw new LikenessError(
      'resume.settings',
      `${file} belongs to other settings than config.json says. Start a new run, or ` +
        `restore the run's config.json.`,
    );
  }
  const extra = info.extra as unknown as {
    health: TrainingState['health'];
    doctor: Omit<DoctorState, 'usage'>;
    totalSteps?: number;
  };
  const { [DOCTOR_USAGE]: usage, ...state } = tensors;
  return {
    step: info.step,
    totalSteps: extra.totalSteps,
    health: extra.health,
    seconds,
    plan,
    state: stateOf(state),
    doctor: usage && { ...extra.doctor, usage: usage.data as Float32Array },
  };
}

/** Relabels a healthy checkpoint for changed settings: the same weights, with a new doctor. */
export function withoutDoctor({ file, info, tensors }: Checkpoint, configHash: string): Checkpoint {
  const { [DOCTOR_USAGE]: _, ...rest } = tensors;
  const { doctor, ...extra } = info.extra ?? {};
  return { file, info: { ...info, configHash, extra: { ...extra, health: 'warming up' } }, tensors: rest };
}
