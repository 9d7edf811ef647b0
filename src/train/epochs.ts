/** The start of an epoch: the method's work before it, and the order of the images. */
import type { Engine } from '../backends/index.ts';
import type { Communicator } from '../collectives/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { EpochWork, MethodProgram } from '../methods/index.ts';
import type { CropValues, Loader } from '../views/index.ts';
import { type Clock, monotonicNow, type Now } from './clock.ts';
import type { TrainEvent } from './events.ts';
import { type EvaluationImages, runWork } from './phase.ts';
import { ENDED } from './ranks.ts';
import type { Stages } from './stages.ts';

export interface EpochsOptions {
  engine: Engine;
  method: MethodProgram;
  loader: Loader<CropValues>;
  batchSize: number;
  seed: number;
  /** All images in their evaluation view, for methods with a phase between epochs. */
  evaluationImages?: EvaluationImages;
  onEvent?(event: TrainEvent): void;
  /** Ends the work after the current step or part, with the state saved. */
  signal?: AbortSignal;
  /** Ranks that share the work between epochs. */
  communicator?: Communicator | undefined;
  /** Source of all durations. Default: `performance.now`. */
  now?: Now;
}

/**
 * Outcome of the work before an epoch: done, ended by the signal, or ended by another rank, which
 * all ranks know.
 */
export type Beginning = 'begun' | 'stopped' | 'ended';

export interface Epochs {
  /** Does the work that is due before an epoch and orders its images. */
  begin(epoch: number, step: number): Promise<Beginning>;
  /** Orders the images of an epoch that an earlier session began. */
  resume(epoch: number): Promise<void>;
}

/** Kind of an epoch's work: once per stage, or the method's phase. */
type Kind = { kind: 'stage'; stage: string } | { kind: 'phase' };

/** Work before an epoch. A stage may begin without any. */
interface Due {
  of: Kind;
  work?: EpochWork | undefined;
}

function workBefore({ stageStart, phase }: MethodProgram, epoch: number): Due[] {
  const start = stageStart?.(epoch);
  return [
    ...(start ? [{ of: { kind: 'stage', stage: start.name } as const, work: start.work }] : []),
    ...(phase?.isDue(epoch) ? [{ of: { kind: 'phase' } as const, work: phase.run }] : []),
  ];
}

/** Prepares epochs of a method's step. Methods without work between epochs need nothing. */
export function createEpochs(
  options: EpochsOptions,
  state: Pick<Stages, 'readState' | 'writeState'>,
  clock: Clock,
): Epochs {
  const { method, loader, seed, batchSize, signal } = options;
  const { onEvent = () => {}, now = monotonicNow } = options;
  const { phase } = method;

  /** Orders the images as the method asks, from the state after its phase. */
  async function order(epoch: number): Promise<void> {
    if (!phase?.order) return;
    const values = await state.readState(phase.orderState ?? []);
    const count = loader.stepsPerEpoch * batchSize;
    loader.setOrder(epoch, phase.order({ epoch, seed, count, state: values }));
  }

  /** Does one work, writes its results into the state, and returns the values before it. */
  async function doWork({ of, work }: Due, epoch: number, step: number): Promise<Values> {
    const begun = now();
    const found = work ? await runOn(work, epoch) : { state: {}, facts: {} };
    const before = await state.readState(Object.keys(found.state));
    await state.writeState(found.state);
    const milliseconds = now() - begun;
    if (work) clock.phase(milliseconds);
    onEvent({ ...of, epoch, step, duration: milliseconds / 1000, facts: found.facts });
    return before;
  }

  function runOn(work: EpochWork, epoch: number) {
    const { engine, evaluationImages, communicator } = options;
    if (!evaluationImages) {
      throw new LikenessError(
        'train.images',
        'evaluationImages: expected for a method with epoch phases',
      );
    }
    return runWork(work, {
      ...{ engine, state, loader, evaluationImages, images: loader.count, epoch, seed, signal },
      communicator,
      onProgress: (what) => onEvent({ kind: 'phase-progress', what }),
    });
  }

  return {
    async begin(epoch, step) {
      const replaced: Values[] = [];
      try {
        for (const due of workBefore(method, epoch))
          replaced.unshift(await doWork(due, epoch, step));
      } catch (error) {
        const isEnded = error instanceof LikenessError && error.code === ENDED;
        if (!signal?.aborted && !isEnded) throw error;
        // The saved state is that of the epoch before, and a resumed run repeats all of the work.
        for (const values of replaced) await state.writeState(values);
        return isEnded ? 'ended' : 'stopped';
      }
      await order(epoch);
      return 'begun';
    },
    resume: order,
  };
}
