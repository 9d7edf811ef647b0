/** Training: the loop, its events, and the run doctor. */
export {
  createDoctor,
  type Doctor,
  type DoctorState,
  type Health,
  type Verdict,
  type Vitals,
} from './doctor.ts';
export { type Remedy, remedyFor } from './remedy.ts';
export {
  type Progress,
  type Standing,
  type TrainEvent,
  type TrainOptions,
  type TrainResult,
  train,
} from './trainer.ts';
