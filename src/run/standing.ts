/** Between the trainer's standing and a checkpoint file: names, shapes and what goes into the metadata. */
import { LikenessError } from '../core/errors.ts';
import type { StoredTensor, Tensors } from '../formats/index.ts';
import type { MethodProgram, Settings } from '../methods/index.ts';
import type { Plan } from '../runtime/index.ts';
import type { Standing } from '../train/index.ts';
import type { Checkpoint, CheckpointInfo } from './checkpoint.ts';
import { hashOfJson, type JsonObject } from './json.ts';

const DOCTOR_USAGE = 'doctor.usage';

/** Settings that change speed or where files go, never results: a run may be resumed with others. */
export const freeSettings: readonly (keyof Settings)[] = [
  'workers',
  'measures',
  'checkpointSeconds',
  'keepCheckpoints',
];

/** Hash of the settings that a state belongs to. */
export function settingsHash(settings: Settings): string {
  return hashOfJson(
    Object.fromEntries(
      Object.entries(settings).filter(([name]) => !freeSettings.includes(name as keyof Settings)),
    ),
  );
}

/**
 * The content of a checkpoint. Wall-clock time is left out on purpose: a resumed run must end with the same bytes as
 * one that was never interrupted.
 */
export function toCheckpoint(
  standing: Standing,
  { settings, method, stepsPerEpoch }: { settings: Settings; method: MethodProgram; stepsPerEpoch: number },
): { info: CheckpointInfo; tensors: Tensors } {
  const { step, totalSteps, doctor, health } = standing;
  const shapes = new Map(
    (method.program.state ?? []).map(({ current }) => [
      current.node.attributes.name as string,
      current.shape,
    ]),
  );
  const tensors: Record<string, StoredTensor> = {};
  for (const name of Object.keys(standing.state).toSorted()) {
    tensors[name] = {
      dtype: 'float32',
      shape: shapes.get(name)!,
      data: standing.state[name] as Float32Array,
    };
  }
  if (doctor) tensors[DOCTOR_USAGE] = { dtype: 'float32', shape: [doctor.usage.length], data: doctor.usage };
  const { usage: _, ...doctorNumbers } = doctor ?? { usage: undefined };
  return {
    tensors,
    info: {
      step,
      epoch: Math.floor(step / stepsPerEpoch),
      seed: settings.seed,
      configHash: settingsHash(settings),
      final: step === totalSteps,
      healthy: health === 'healthy',
      extra: { health, doctor: doctorNumbers, ...(totalSteps === undefined ? {} : { totalSteps }) },
    },
  };
}

/** The standing that a checkpoint holds. Throws when it belongs to other settings. */
export function fromCheckpoint(
  { file, info, tensors }: Checkpoint,
  { settings, plan, seconds }: { settings: Settings; plan: Plan; seconds: number },
): Standing {
  if (info.configHash !== settingsHash(settings)) {
    throw new LikenessError(
      'resume.settings',
      `${file} belongs to other settings than config.json says. Start a new run, or restore the run's config.json.`,
    );
  }
  const extra = info.extra as unknown as {
    health: Standing['health'];
    doctor: { loss: number; seen: number; flatFor: number; narrowFor: number };
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

/** A healthy checkpoint under changed settings: the same weights, watched afresh. */
export function withoutDoctor({ file, info, tensors }: Checkpoint, configHash: string): Checkpoint {
  const { [DOCTOR_USAGE]: _, ...kept } = tensors;
  const { doctor, ...extra } = (info.extra ?? {}) as JsonObject;
  return { file, info: { ...info, configHash, extra: { ...extra, health: 'warming up' } }, tensors: kept };
}

/** Values by name, of all float32 tensors of a checkpoint. */
export function stateOf(tensors: Tensors): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, { data }]) =>
      data instanceof Float32Array ? [[name, data]] : [],
    ),
  );
}
