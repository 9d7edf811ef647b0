/** Events of a run as events.jsonl stores them, with their schema. */
import { z } from 'zod';
import { type JsonValue, parseJson } from './json.ts';
import { rows, steps } from './limits.ts';

interface EventBase {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  /** Seconds of training so far, where the writer measures them. */
  readonly seconds?: number;
  /** Time of day, ISO 8601, where the writer tells it. */
  readonly time?: string;
  readonly [key: string]: JsonValue | undefined;
}

/**
 * Facts of a training step that settings alone do not tell, such as the loss of the random
 * baseline.
 */
export type RunFacts = {
  /** Loss of a network that tells nothing apart, such as ln K; null where a method has none. */
  readonly randomBaselineLoss: number | null;
  /** Number of prototypes or clusters whose use is measured; null where a method has none. */
  readonly prototypes: number | null;
  /** Sentences of the method on this run. */
  readonly notes: readonly string[];
};

export interface RunStartedEvent extends EventBase {
  readonly kind: 'run-started';
  readonly method: string;
  readonly source: string;
  /** True where it continues from a checkpoint. */
  readonly resumed: boolean;
  /** Absent in runs of likeness 0.1. */
  readonly facts?: RunFacts;
}
/** Steps of the whole run as planned at this step; a run of n minutes plans more than once. */
export interface ScheduleEvent extends EventBase {
  readonly kind: 'schedule';
  readonly totalSteps: number;
}
export interface StepEvent extends EventBase {
  readonly kind: 'step';
  /** Loss of the step; null where it was not a finite number. */
  readonly loss: number | null;
}
export interface EpochEvent extends EventBase {
  readonly kind: 'epoch';
  /** Mean loss over the epoch. */
  readonly loss: number | null;
}
/** Work of a method before an epoch, with what it found. */
export interface PhaseEvent extends EventBase {
  readonly kind: 'phase';
  /** Duration in seconds. */
  readonly duration: number;
}
/** Start of a stage of a method, with what its work found. */
export interface StageEvent extends EventBase {
  readonly kind: 'stage';
  /** Name of the stage. */
  readonly stage: string;
  /** Duration of its work in seconds. */
  readonly duration: number;
}
/** Label-free measures of a fixed sample after an epoch; null where one cannot be measured. */
export interface MeasuresEvent extends EventBase {
  readonly kind: 'measures';
  /** Images of the sample. */
  readonly images: number;
  /** Duration of the measurement in seconds. */
  readonly duration: number;
}
export interface CheckpointEvent extends EventBase {
  readonly kind: 'checkpoint';
  /** File name in checkpoints/. */
  readonly file: string;
}
export interface DoctorEvent extends EventBase {
  readonly kind: 'doctor';
  /** Health of the run, such as `learning`, `healthy` or `collapsed`. */
  readonly verdict: string;
  /** Sentence for a person. */
  readonly message: string;
  /** Advice, where something should be done. */
  readonly remedy?: string;
}
export interface EvaluationEvent extends EventBase {
  readonly kind: 'evaluation';
}
export interface RunEndedEvent extends EventBase {
  readonly kind: 'run-ended';
  /** Reason, such as `completed`, `interrupted` or `unwell`. */
  readonly reason: string;
}

export type RunEvent =
  | RunStartedEvent
  | ScheduleEvent
  | StepEvent
  | EpochEvent
  | PhaseEvent
  | StageEvent
  | MeasuresEvent
  | CheckpointEvent
  | DoctorEvent
  | EvaluationEvent
  | RunEndedEvent;

const base = { step: steps(), epoch: steps(), seconds: z.number().nonnegative().optional() };
const loss = z.number().nullable();
const duration = z.number().nonnegative();
const facts = z.object({
  randomBaselineLoss: z.number().nullable(),
  prototypes: rows().nullable(),
  notes: z.array(z.string()),
});

/**
 * Fields that every event of a kind has; further ones are numbers and texts of methods and
 * measures.
 */
const fields = {
  'run-started': {
    method: z.string(),
    source: z.string(),
    resumed: z.boolean(),
    facts: facts.optional(),
  },
  schedule: { totalSteps: steps() },
  step: { loss },
  epoch: { loss },
  phase: { duration },
  stage: { stage: z.string(), duration },
  measures: { images: rows(), duration },
  checkpoint: { file: z.string() },
  doctor: { verdict: z.string(), message: z.string(), remedy: z.string().optional() },
  evaluation: {},
  'run-ended': { reason: z.string() },
} satisfies Record<RunEvent['kind'], z.ZodRawShape>;

const schemas = new Map(
  Object.entries(fields).map(([kind, own]) => [kind, z.looseObject({ ...base, ...own })]),
);
const unknownKind = z.looseObject(base);

/** Reads one line of events.jsonl; undefined where it is not an event. */
export function parseEvent(text: string): RunEvent | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  const { kind } = Object(value) as { kind?: unknown };
  if (typeof kind !== 'string') return undefined;
  // Events of later versions pass through: readers choose by the kinds that they know.
  const schema = schemas.get(kind) ?? unknownKind;
  return schema.safeParse(value).success ? (value as RunEvent) : undefined;
}
