/**
 * The trainer on a method of one parameter and a loader of made-up batches: what it does around a
 * step.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Loader } from '../views/index.ts';
import { B, lasting, madeUpLoader, meanFinder, optionsOn, weightOf } from './meanFinder.cases.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';
import type { TrainingState } from './trainingState.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const options = (changes?: Partial<TrainOptions>, pace?: { milliseconds: number }) =>
  optionsOn(engine, changes, pace);

describe('train', () => {
  it('runs the epochs in order, tells each step, and ends with one saved state', async () => {
    const run = options();
    const result = await trainMethod(run);
    expect(result.outcome).toBe('finished');
    expect(run.asked).toEqual([
      '0.0',
      '0.1',
      '0.2',
      '0.3',
      '0.4',
      '1.0',
      '1.1',
      '1.2',
      '1.3',
      '1.4',
    ]);
    const kinds = run.events.map(({ kind }) => kind);
    const epoch = ['step', 'step', 'step', 'step', 'step', 'epoch'];
    expect(kinds).toEqual(['compiled', 'schedule', ...epoch, ...epoch, 'doctor', 'checkpoint']);
    const steps = run.events.filter((event) => event.kind === 'step');
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, Math.floor(i / 5)]),
    );
    expect(steps[3]).toMatchObject({ totalSteps: 10, agreement: 0.5, health: 'warming up' });
    expect(run.saved.map(({ step, totalSteps }) => [step, totalSteps])).toEqual([[10, 10]]);
    expect(lasting(run.saved[0]!)).toEqual(lasting(result.training));
  });

  it('feeds each batch and the scalars of its moment: the weights are those of a loop written out', async () => {
    let w = Math.fround(3);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const random = randomAt(0, 'view', Math.floor(step / 5), step % 5);
      const x = Array.from({ length: B * 3 }, () => random.integer(256) / 255);
      losses.push(1 + x.reduce((sum, v) => sum + (v - w) ** 2, 0) / x.length);
      w -= 0.1 * (1 - step / 11) * (x.reduce((sum, v) => sum + 2 * (w - v), 0) / x.length);
    }
    const run = options();
    const { training } = await trainMethod(run);
    expect(weightOf(training)).toBeCloseTo(w, 5);
    const steps = run.events.filter((event) => event.kind === 'step');
    steps.forEach(({ loss }, i) => {
      expect(loss).toBeCloseTo(losses[i]!, 4);
    });
    const epochs = run.events.filter((event) => event.kind === 'epoch');
    expect(epochs[1]!.loss).toBeCloseTo(losses.slice(5).reduce((a, b) => a + b, 0) / 5, 4);
    expect(epochs[1]).toMatchObject({
      usageEntropy: expect.closeTo(1, 5),
      effectiveRank: expect.closeTo(2, 4),
    });
  });

  it('ends at maxSteps, in the middle of an epoch too, without asking for more batches', async () => {
    const run = options({ maxSteps: 7 });
    const { outcome, training } = await trainMethod(run);
    expect([outcome, training.step, training.totalSteps, run.asked.length]).toEqual([
      'finished',
      7,
      7,
      7,
    ]);
  });

  it('hands out the state at shares of the schedule, in time that is not counted, and is not changed by it', async () => {
    const plain = options();
    const { training: end } = await trainMethod(plain);
    const at: TrainingState[] = [];
    const run = options({
      milestones: [0.01, 0.25, 0.5],
      onMilestone: async (training) => {
        at.push(training);
        run.clock.milliseconds += 300;
      },
    });
    const { training } = await trainMethod(run);
    expect(at.map(({ step }) => step)).toEqual([1, 3, 5]);
    expect(weightOf(at[2]!)).not.toBe(weightOf(at[1]!));
    expect(lasting(training)).toEqual(lasting(end));
    expect(training.seconds).toBeCloseTo(end.seconds, 9);
  });

  it('turns minutes into steps once the speed is known', async () => {
    const run = options({ budget: { minutes: 0.9 / 60 } }, { milliseconds: 10 });
    const { outcome, training } = await trainMethod(run);
    expect(outcome).toBe('finished');
    const schedule = run.events.findIndex(({ kind }) => kind === 'schedule');
    const before = run.events.slice(0, schedule).filter(({ kind }) => kind === 'step');
    // A tenth of the time is gone before 20 steps are timed.
    expect(before.length).toBe(8);
    expect(training.step).toBe(training.totalSteps);
    // The first step is timed with two batches, its own and the next, so the plan may end two short.
    expect(training.seconds).toBeGreaterThan(0.87);
    expect(training.seconds).toBeLessThanOrEqual(0.9);
  });

  it('counts the minutes from a given moment, such as that before compiling', async () => {
    const run = options({ budget: { minutes: 0.9 / 60 }, began: -300 }, { milliseconds: 10 });
    const { training } = await trainMethod(run);
    expect(training.seconds).toBeGreaterThan(0.87);
    expect(training.seconds).toBeLessThanOrEqual(0.9);
    // A third of the time was over before the first step of 10 ms.
    expect(training.step).toBeGreaterThan(55);
    expect(training.step).toBeLessThanOrEqual(60);
  });

  it('hands out each share once where the steps are planned on the way, those that were past with the first plan', async () => {
    const at: number[] = [];
    const run = options(
      {
        budget: { minutes: 0.9 / 60 },
        milestones: [0.001, 0.002, 0.5],
        onMilestone: async ({ step }) => void at.push(step),
      },
      { milliseconds: 10 },
    );
    const { training } = await trainMethod(run);
    const planned = run.events.findIndex(({ kind }) => kind === 'schedule');
    const before = run.events.slice(0, planned).filter(({ kind }) => kind === 'step').length;
    expect(at.length).toBe(2);
    expect(at[0]).toBe(before + 1);
    expect(at[1]).toBeGreaterThan(at[0]!);
    expect(at[1]).toBeLessThan(training.totalSteps!);
  });

  it('holds maxSteps when there is a budget in minutes as well', async () => {
    const { training, outcome } = await trainMethod(
      options({ budget: { minutes: 5 }, maxSteps: 3 }),
    );
    expect([outcome, training.step, training.totalSteps]).toEqual(['finished', 3, 3]);
  });

  it('stops after the current step when it is told to, with its state saved', async () => {
    const controller = new AbortController();
    const run = options({
      signal: controller.signal,
      onEvent: (event) => event.kind === 'step' && event.step === 4 && controller.abort(),
    });
    const { outcome, training } = await trainMethod(run);
    expect([outcome, training.step]).toEqual(['interrupted', 4]);
    expect(run.saved.map(({ step }) => step)).toEqual([4]);
    expect(run.saved[0]!.totalSteps).toBe(10);
  });

  it('goes on from any saved state to the very same end', async () => {
    const whole = options({ checkpointSeconds: 0 });
    const { training } = await trainMethod(whole);
    // The end is saved once, with its judgment.
    expect(whole.saved.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const losses = whole.events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    const meanOf = (run: ReturnType<typeof options>) =>
      run.events.flatMap((event) => (event.kind === 'epoch' ? [event.loss] : [])).at(-1);
    for (const from of whole.saved.filter(({ step }) => [1, 5, 9, 10].includes(step))) {
      const epochLosses = losses.slice(from.step - (from.step % 5), from.step);
      const resumed = options({ from: { ...structuredClone(from), epochLosses }, seed: 99 });
      const end = await trainMethod(resumed);
      expect(end.outcome).toBe('finished');
      expect(lasting(end.training), `from step ${from.step}`).toEqual(lasting(training));
      expect(resumed.asked.length).toBe(10 - from.step);
      if (from.step < 10) expect(meanOf(resumed), `from step ${from.step}`).toBe(meanOf(whole));
    }
  });

  it('surfaces a failing save as the error it is, from the middle of the run and from its end', async () => {
    const full = new LikenessError('write.full', 'no space left');
    for (const checkpointSeconds of [0, 60]) {
      const run = options({ checkpointSeconds, save: () => Promise.reject(full) });
      await expect(trainMethod(run)).rejects.toBe(full);
      if (checkpointSeconds === 0) expect(run.asked.length).toBeLessThan(10);
    }
  });

  it('waits for a save under way before it ends with another error', async () => {
    let finished = false;
    let endSave = () => {};
    const saveEnds = new Promise<void>((resolve) => {
      endSave = resolve;
    });
    const run = options({
      checkpointSeconds: 0,
      save: async () => {
        await saveEnds;
        finished = true;
      },
      onEvent(event) {
        if (event.kind !== 'step' || event.step !== 2) return;
        setImmediate(endSave);
        throw new LikenessError('write.full', 'the log is full');
      },
    });
    await expect(trainMethod(run)).rejects.toThrow('the log is full');
    expect(finished).toBe(true);
  });

  it('surfaces a failing loader, and leaves no rejection unhandled', async () => {
    const { loader } = madeUpLoader();
    const failing: Loader = {
      ...loader,
      batch: (epoch, step) =>
        step < 3
          ? loader.batch(epoch, step)
          : Promise.reject(new LikenessError('views.worker', 'gone')),
    };
    await expect(trainMethod(options({ loader: failing }))).rejects.toThrow('gone');
  });

  it('stops a diverged run and does not save its state', async () => {
    const run = options({ method: meanFinder({ poison: 6 }), checkpointSeconds: 0 });
    const { outcome, verdict, training } = await trainMethod(run);
    expect([outcome, verdict.health, training.step]).toEqual(['failed', 'diverged', 7]);
    expect(Math.max(...run.saved.map(({ step }) => step))).toBe(6);
    expect(run.saved.every((saved) => Number.isFinite(weightOf(saved)))).toBe(true);
    const told = run.events.find((event) => event.kind === 'doctor');
    expect(told).toMatchObject({ health: 'diverged', step: 7 });
  });

  it('ends with a judgment, which it saves, whatever the doctor said during the run', async () => {
    const run = options({ judgedBy: { images: 5000 }, seed: 2, budget: { epochs: 4 } });
    const { verdict } = await trainMethod(run);
    expect(verdict.health).toBe('too short');
    expect(verdict.message).toContain('5,000 images saw 4 epochs');
    expect(run.saved.map(({ health }) => health)).toEqual(['too short']);
    expect(run.events.findLast((event) => event.kind === 'doctor')).toMatchObject(verdict);
    const long = await trainMethod(options({ judgedBy: { images: 5000 }, budget: { epochs: 20 } }));
    expect(long.verdict.message).toMatch(/^healthy: loss 1\.\d{3} of ln 8 = 2\.079$/);
    const few = await trainMethod(options({ budget: { epochs: 20 } }));
    expect(few.verdict.message).toMatch(/^too few images: 20 images are fewer than the 200/);
  });

  it('does not call a run healthy whose weights have not moved', async () => {
    const run = options({
      method: meanFinder({ rate: 1e-30 }),
      judgedBy: { images: 5000, farSetting: 'learningRate 0.1 instead of 1e-30' },
      budget: { epochs: 20 },
    });
    expect((await trainMethod(run)).verdict).toEqual({
      health: 'unlearned',
      message: 'unlearned: the weights have hardly moved from their start',
      remedy: 'learningRate 0.1 instead of 1e-30',
    });
  });

  it('stops a run whose weights grow without bound, although its loss is a number', async () => {
    const { outcome, verdict, training } = await trainMethod(
      options({ method: meanFinder({ rate: 1e5 }) }),
    );
    expect([outcome, verdict.health, training.step]).toEqual(['failed', 'diverged', 1]);
    expect(verdict.message).toMatch(
      /the weights have grown to \S+ times their first size by step 1/,
    );
  });

  it('tells the plan and the model before the first step', async () => {
    const order: string[] = [];
    await trainMethod(
      options({
        onCompiled: async ({ model }) => void order.push(`compiled ${model.length > 100}`),
        onEvent: ({ kind }) => order.push(kind),
      }),
    );
    expect(order.indexOf('compiled true')).toBeLessThan(order.indexOf('step'));
  });

  it('refuses a loader without a whole batch', async () => {
    const { loader } = madeUpLoader();
    const run = options({ loader: { ...loader, stepsPerEpoch: 0 } });
    await expect(trainMethod(run)).rejects.toThrow(
      'batchSize: received 4, more than there are images',
    );
  });
});
