/** The start of an epoch: the method's phase, and the order of the images. */
import type { Engine, Executable } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { MethodProgram } from '../methods/index.ts';
import type { Loader } from '../views/index.ts';
import { type Clock, monotonicNow, type Now } from './clock.ts';
import type { TrainEvent } from './events.ts';
import { type EvaluationImages, runPhase } from './phase.ts';

export interface EpochsOptions {
  engine: Engine;
  method: MethodProgram;
  loader: Loader;
  batchSize: number;
  seed: number;
  evaluationImages?: EvaluationImages;
  onEvent?(event: TrainEvent): void;
  signal?: AbortSignal;
  now?: Now;
}

export interface Epochs {
  /**
   * Runs the phase of an epoch that is due and orders its images; false where the signal ended the
   * phase.
   */
  begin(epoch: number, step: number): Promise<boolean>;
  /** Orders the images of an epoch that an earlier session began. */
  resume(epoch: number): Promise<void>;
}

/** Prepares epochs of a method's compiled step. Methods without a phase need nothing. */
export function createEpochs(options: EpochsOptions, executable: Executable, clock: Clock): Epochs {
  const { engine, method, loader, seed, batchSize, signal } = options;
  const { onEvent = () => {}, now = monotonicNow } = options;
  const { phase } = method;

  /** Orders the images as the method asks, from the state after its phase. */
  async function order(epoch: number): Promise<void> {
    if (!phase?.order) return;
    const state = await executable.readState(phase.orderState ?? []);
    const count = loader.stepsPerEpoch * batchSize;
    loader.setOrder(epoch, phase.order({ epoch, seed, count, state }));
  }

  async function runDuePhase(epoch: number, step: number): Promise<boolean> {
    if (!phase?.isDue(epoch)) return true;
    const { evaluationImages } = options;
    if (!evaluationImages) {
      throw new LikenessError('train.images', 'evaluationImages: expected for a method with epoch phases');
    }
    const begun = now();
    try {
      const { facts } = await runPhase({
        ...{ engine, step: executable, phase, loader, evaluationImages, images: loader.count },
        ...{ epoch, seed, signal },
        onProgress: (what) => onEvent({ kind: 'phase-progress', what }),
      });
      const milliseconds = now() - begun;
      clock.phase(milliseconds);
      onEvent({ kind: 'phase', epoch, step, duration: milliseconds / 1000, facts });
    } catch (error) {
      // An aborted phase has changed nothing. The saved state is that of the epoch before, and a
      // resumed run repeats the phase.
      if (signal?.aborted) return false;
      throw error;
    }
    return true;
  }

  return {
    async begin(epoch, step) {
      if (!(await runDuePhase(epoch, step))) return false;
      await order(epoch);
      return true;
    },
    resume: order,
  };
}
