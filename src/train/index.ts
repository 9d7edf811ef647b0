/** Training: the loop, its events, and the run doctor. */

export type { Budget } from './budget.ts';
export type { Progress } from './clock.ts';
export {
  createDoctor,
  type Doctor,
  type DoctorState,
  type Health,
  type Verdict,
  type Vitals,
} from './doctor.ts';
export type { EvaluationImages } from './phase.ts';
export { type Remedy, remedyFor } from './remedy.ts';
export {
  type EpochEnd,
  type Standing,
  type TrainEvent,
  type TrainOptions,
  type TrainResult,
  train,
} from './trainer.ts';
