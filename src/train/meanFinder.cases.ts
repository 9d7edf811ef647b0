/**
 * A method of one parameter and a loader of made-up batches, for tests of what the trainer does
 * around a step.
 */
import type { Engine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import type { MethodProgram, StageProgram } from '../methods/index.ts';
import {
  add,
  broadcastTo,
  cast,
  gradients,
  input,
  mean,
  mul,
  scalar,
  sub,
} from '../tensor/index.ts';
import type { Loader } from '../views/index.ts';
import type { TrainEvent } from './events.ts';
import type { TrainOptions } from './trainer.ts';
import type { TrainingState } from './trainingState.ts';

/** Images per batch. */
export const B = 4;
export const K = 8;
export const STEPS_PER_EPOCH = 5;

/**
 * Finds the mean of the pixels by descent: `loss = 1 + mean((x / 255 - w)^2)`, `w -= lr dloss/dw`.
 */
export function meanFinder({ poison = Infinity, rate = 0.1 } = {}): MethodProgram {
  const pixels = input('crops.0', [B, 3], 'uint8');
  const w = input('w', []);
  const difference = sub(mul(cast(pixels, 'float32'), scalar(1 / 255)), w);
  const loss = add(mul(mean(mul(difference, difference)), input('scale', [])), scalar(1));
  const [gradient] = gradients(loss, [w]);
  const constantly = (value: number, shape: number[]) => broadcastTo(scalar(value), shape);
  const initialState = (seed: number) => ({
    w: Float32Array.of(seed),
    identity: Float32Array.of(1, 0, 0, 1),
  });
  const step: StageProgram = {
    firstEpoch: 0,
    program: {
      outputs: {
        loss,
        usage: constantly(1 / K, [K]),
        embeddingMean: constantly(0, [2]),
        embeddingMoment: mul(constantly(0.5, [2, 2]), input('identity', [2, 2])),
        agreement: constantly(0.5, []),
      },
      state: [
        { current: w, next: sub(w, mul(input('learningRate', []), gradient!)) },
        { current: input('identity', [2, 2]) },
      ],
    },
    initialState,
    optimizerState: [],
    trained: ['w'],
    scalars: ({ step, totalSteps }) => ({
      learningRate: rate * (1 - step / (totalSteps + 1)),
      scale: step >= poison ? Number.NaN : 1,
    }),
    randomBaselineLoss: Math.log(K),
  };
  return { steps: [step], initialState, encoderState: ['w'] };
}

/** A clock that stands still until a test moves it. */
export interface TestClock {
  milliseconds: number;
}

/** Makes batches that are functions of (epoch, step) alone; each takes a time on the clock. */
export function madeUpLoader({ milliseconds = 1, clock = { milliseconds: 0 } as TestClock } = {}) {
  const asked: string[] = [];
  const loader: Loader = {
    count: B * STEPS_PER_EPOCH,
    stepsPerEpoch: STEPS_PER_EPOCH,
    waitedMs: 0,
    setOrder: () => {},
    async *pass() {},
    async batch(epoch, step) {
      asked.push(`${epoch}.${step}`);
      clock.milliseconds += milliseconds;
      const random = randomAt(0, 'view', epoch, step);
      return {
        images: new Uint32Array(B),
        positions: new Uint32Array(B),
        crops: [Uint8Array.from({ length: B * 3 }, () => random.integer(256))],
      };
    },
    close: async () => {},
  };
  return { loader, asked };
}

export interface Run {
  saved: TrainingState[];
  events: TrainEvent[];
  asked: string[];
  clock: TestClock;
}

/**
 * Two epochs of the mean finder on `engine`, with what was saved, told and asked for on the way.
 */
export function optionsOn(
  engine: Engine,
  changes: Partial<TrainOptions> = {},
  { milliseconds = 1 } = {},
): TrainOptions & Run {
  const clock: TestClock = { milliseconds: 0 };
  const { loader, asked } = madeUpLoader({ milliseconds, clock });
  const [saved, events]: [TrainingState[], TrainEvent[]] = [[], []];
  return {
    ...{ saved, events, asked, clock },
    now: () => clock.milliseconds,
    engine,
    method: meanFinder(),
    loader,
    batchSize: B,
    seed: 3,
    budget: { epochs: 2 },
    save: async (training) => void saved.push(training),
    onEvent: (event) => events.push(event),
    ...changes,
  };
}

export const weightOf = ({ state }: TrainingState) => state.w![0];
/** Everything of a training that must not depend on where a run was interrupted. */
export const lasting = ({ seconds: _, ...rest }: TrainingState) => rest;
