/** Training: sessions of a run, the loop of steps, its events, and the run doctor. */

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
export type { EpochEnd, TrainEvent } from './events.ts';
export { baselineName } from './lossText.ts';
export type { EvaluationImages } from './phase.ts';
export { settingsOfModel } from './prepare.ts';
export { reachOf } from './reach.ts';
export { recipeReach } from './recipe.ts';
export { remedyFor } from './remedy.ts';
export { requireSameHead, requireSameOrigin, resumedSettings } from './resumeSettings.ts';
export {
  checkTrainRequest,
  requireNetwork,
  type TrainedSession,
  type TrainRequest,
  trainRun,
} from './run.ts';
export { trainOnRanks } from './runOnRanks.ts';
export { smallFolderNote } from './smallFolder.ts';
export { type TrainOptions, type TrainResult, trainMethod } from './trainer.ts';
export {
  fromCheckpoint,
  type TrainingState,
  toCheckpoint,
  withoutDoctor,
} from './trainingState.ts';
export { verdictWords } from './verdictWords.ts';
