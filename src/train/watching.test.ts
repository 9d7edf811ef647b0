/** Somebody who watches a run: told of every epoch's end, able to read, unable to change. */
import { afterAll, describe, expect, it } from 'vitest';
import type { MethodProgram } from '../methods/index.ts';
import { openEngine } from '../runtime/index.ts';
import { add, broadcastTo, cast, gradients, input, mean, mul, scalar, sub } from '../tensor/index.ts';
import type { Loader } from '../views/index.ts';
import { type EpochEnd, type TrainEvent, type TrainOptions, train } from './trainer.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const B = 4;
const STEPS_PER_EPOCH = 5;

/** One weight that moves towards the mean of the pixels. */
function meanFinder(): MethodProgram {
  const w = input('w', []);
  const pixels = cast(input('crops.0', [B, 3], 'uint8'), 'float32');
  const difference = sub(mul(pixels, scalar(1 / 255)), w);
  const loss = add(mean(mul(difference, difference)), scalar(1));
  const [gradient] = gradients(loss, [w]);
  const identity = input('identity', [2, 2]);
  return {
    program: {
      outputs: {
        loss,
        embeddingMean: broadcastTo(scalar(0), [2]),
        embeddingMoment: mul(broadcastTo(scalar(0.5), [2, 2]), identity),
      },
      state: [{ current: w, next: sub(w, mul(input('learningRate', []), gradient!)) }, { current: identity }],
    },
    initialState: (seed) => ({ w: Float32Array.of(seed), identity: Float32Array.of(1, 0, 0, 1) }),
    scalars: () => ({ learningRate: 0.1 }),
    encoderState: ['w'],
  };
}

const loader: Loader = {
  count: B * STEPS_PER_EPOCH,
  stepsPerEpoch: STEPS_PER_EPOCH,
  waitedMs: 0,
  setOrder: () => {},
  async *pass() {},
  batch: async (epoch, step) => ({
    images: new Uint32Array(B),
    positions: new Uint32Array(B),
    crops: [new Uint8Array(B * 3).fill(10 * epoch + step)],
  }),
  close: async () => {},
};

function options(changes: Partial<TrainOptions>): TrainOptions {
  const method = meanFinder();
  return {
    engine,
    method,
    loader,
    batchSize: B,
    seed: 3,
    budget: { epochs: 3 },
    save: async () => {},
    ...changes,
  };
}

describe('a watched run', () => {
  it('tells of the end of each epoch with a state that can be read, and ends with the same bytes', async () => {
    const { standing } = await train(options({}));
    const seen: [number, number, boolean, number][] = [];
    const watched = await train(
      options({
        async onEpochEnd({ epoch, step, last, readState }) {
          const { w } = await readState(['w']);
          seen.push([epoch, step, last, w![0]!]);
          w!.fill(99); // a copy
        },
      }),
    );
    expect(seen.map(([epoch, step, last]) => [epoch, step, last])).toEqual([
      [0, 5, false],
      [1, 10, false],
      [2, 15, true],
    ]);
    expect(seen[2]![3]).toBe(standing.state.w![0]);
    expect(watched.standing.state).toEqual(standing.state);
  });

  it('tells of a last step in the middle of an epoch too', async () => {
    const ends: [number, number, boolean][] = [];
    const onEpochEnd = async ({ epoch, step, last }: EpochEnd) => void ends.push([epoch, step, last]);
    await train(options({ maxSteps: 7, onEpochEnd }));
    expect(ends).toEqual([
      [0, 5, false],
      [1, 7, true],
    ]);
  });

  it('counts the watching to the time of the run, not to its speed, and is not told of a run that is stopped', async () => {
    const stop = new AbortController();
    const ends: number[] = [];
    let last: Extract<TrainEvent, { kind: 'step' }> | undefined;
    const { standing } = await train(
      options({
        signal: stop.signal,
        onEvent(event) {
          if (event.kind !== 'step') return;
          last = event;
          if (event.step === 10) stop.abort();
        },
        async onEpochEnd({ epoch }) {
          ends.push(epoch);
          await new Promise((resolve) => setTimeout(resolve, 800));
        },
      }),
    );
    expect(ends).toEqual([0]);
    expect(standing.seconds).toBeGreaterThan(0.79);
    // Were the wait counted as a step, eleven steps of four images would have taken longer than it.
    expect(last!.imagesPerSecond).toBeGreaterThan((2 * 11 * B) / 0.8);
  });
});
