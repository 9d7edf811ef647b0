/**
 * The trainer with a method that works between epochs: when the phase runs, what it sees, and what
 * it leaves.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import type { MethodProgram } from '../methods/index.ts';
import { input } from '../tensor/index.ts';
import { madeUpLoader, meanFinder, optionsOn } from './meanFinder.cases.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const options = (changes?: Partial<TrainOptions>, pace?: { milliseconds: number }) =>
  optionsOn(engine, changes, pace);

describe('train with a phase between epochs', () => {
  /** The mean finder with one more value in its state, which the phase sets and the order reads. */
  function withPhase(dueFrom = 0) {
    const calls: { epoch: number; w: number }[] = [];
    const method = meanFinder();
    const mark = input('mark', [1]);
    const [step] = method.steps;
    const program = { ...step.program, state: [...step.program.state!, { current: mark }] };
    const found: MethodProgram = {
      ...method,
      steps: [{ ...step, program }],
      initialState: (seed) => ({ ...method.initialState(seed), mark: Float32Array.of(-1) }),
      phase: {
        isDue: (epoch) => epoch >= dueFrom,
        async run({ epoch, readState, images }) {
          calls.push({ epoch, w: (await readState(['w'])).w![0]! });
          return { state: { mark: Float32Array.of(epoch) }, facts: { images } };
        },
        orderState: ['mark'],
        order: ({ count, state }) =>
          Uint32Array.from({ length: count }, (_, i) => (i + state.mark![0]!) % count),
      },
    };
    return { method: found, calls };
  }

  function orderedLoader() {
    const orders: [number, number][] = [];
    const { loader } = madeUpLoader();
    return {
      orders,
      loader: {
        ...loader,
        setOrder: (epoch: number, p: Uint32Array) => void orders.push([epoch, p[0]!]),
      },
    };
  }
  const evaluationImages = async function* () {};

  it('runs it before each epoch that is due, with the state of that moment, and tells what it found', async () => {
    const { method, calls } = withPhase(1);
    const { loader } = orderedLoader();
    const run = options({ method, loader, evaluationImages, budget: { epochs: 3 } });
    const { training } = await trainMethod(run);
    expect(calls.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(calls[0]!.w).not.toBe(calls[1]!.w);
    expect(training.state.mark![0]).toBe(2);
    const phases = run.events.filter((event) => event.kind === 'phase');
    expect(phases.map(({ epoch, step, facts }) => [epoch, step, facts.images])).toEqual([
      [1, 5, 20],
      [2, 10, 20],
    ]);
  });

  it('orders the images by the state that the phase left, on resuming in mid-epoch too, and ends with the same bytes', async () => {
    const whole = withPhase();
    const wholeLoader = orderedLoader();
    const { training } = await trainMethod(
      options({ method: whole.method, loader: wholeLoader.loader, evaluationImages }),
    );
    expect(wholeLoader.orders).toEqual([
      [0, 0],
      [1, 1],
    ]);

    const first = options({
      method: withPhase().method,
      loader: orderedLoader().loader,
      evaluationImages,
    });
    const stop = new AbortController();
    const cut = await trainMethod({
      ...first,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 7) stop.abort();
      },
    });
    expect(cut.training.step).toBe(7);
    const second = withPhase();
    const secondLoader = orderedLoader();
    const resumed = await trainMethod(
      options({
        method: second.method,
        loader: secondLoader.loader,
        evaluationImages,
        from: cut.training,
      }),
    );
    expect(second.calls).toEqual([]);
    expect(secondLoader.orders).toEqual([[1, 1]]);
    expect(resumed.training.state).toEqual(training.state);
  });

  it('stopped inside a phase, it keeps the state of the epoch before', async () => {
    const { method } = withPhase(1);
    const stop = new AbortController();
    const { phase } = method;
    const stopped: MethodProgram = {
      ...method,
      phase: {
        ...phase!,
        run: async () => {
          stop.abort();
          throw new Error('stopped');
        },
      },
    };
    const run = options({
      method: stopped,
      loader: orderedLoader().loader,
      evaluationImages,
      signal: stop.signal,
    });
    const { outcome, training } = await trainMethod(run);
    expect(outcome).toBe('interrupted');
    expect(training.step).toBe(5);
    expect(training.state.mark![0]).toBe(-1);
  });
});
