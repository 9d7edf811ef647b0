/** A run of two stages, cut anywhere: in a stage, at its border, and in its work. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { methodProgram } from '../methods/index.ts';
import {
  BORDER,
  IMAGES,
  STEPS,
  stagedRun,
  stagedSettings,
  useContrastThenCluster,
} from './contrastThenCluster.cases.ts';
import { lasting } from './meanFinder.cases.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';

useContrastThenCluster();
const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());
const options = (changes?: Partial<TrainOptions>) => stagedRun(engine, changes);

const whole = options();
const end = (await trainMethod(whole)).training;
const at = (step: number) => whole.saved.find((training) => training.step === step)!;

describe('a run of two stages that is cut', () => {
  it('ends with the same bytes from any saved state', async () => {
    for (const step of [1, BORDER - 1, BORDER, BORDER + 1, STEPS - 1, STEPS]) {
      const resumed = options({ from: structuredClone(at(step)), seed: 5 });
      const { outcome, training } = await trainMethod(resumed);
      expect(outcome).toBe('finished');
      expect(lasting(training), `from step ${step}`).toEqual(lasting(end));
      const compiled = resumed.events.filter(({ kind }) => kind === 'compiled').length;
      expect(compiled, `from step ${step}`).toBe(step < BORDER ? 2 : 1);
    }
  });

  it('does the work of a stage again that was cut, with the same end', async () => {
    const stop = new AbortController();
    const cut = await trainMethod(
      options({
        signal: stop.signal,
        onEvent(event) {
          if (event.kind !== 'phase-progress') return;
          stop.abort();
          throw new Error('stopped');
        },
      }),
    );
    expect([cut.outcome, cut.training.step]).toEqual(['interrupted', BORDER]);
    const { training } = await trainMethod(options({ from: cut.training }));
    expect(lasting(training)).toEqual(lasting(end));
  });

  it('undoes the work of a stage where the phase after it is cut', async () => {
    const method = methodProgram(stagedSettings(), { images: IMAGES });
    const seen: number[] = [];
    const withPhase = (run: () => void): TrainOptions['method'] => ({
      ...method,
      phase: {
        isDue: (epoch) => epoch >= 2,
        async run({ readState }) {
          seen.push((await readState(['centers'])).centers![0]!);
          run();
          return { state: {}, facts: {} };
        },
      },
    });
    const stop = new AbortController();
    const cut = await trainMethod(
      options({
        signal: stop.signal,
        method: withPhase(() => {
          stop.abort();
          throw new Error('stopped');
        }),
      }),
    );
    expect(cut.training.step).toBe(BORDER);
    expect(cut.training.state.centers).toEqual(at(BORDER).state.centers);
    const resumed = await trainMethod(options({ from: cut.training, method: withPhase(() => {}) }));
    expect(lasting(resumed.training)).toEqual(lasting(end));
    // The phase sees the centers that the stage began with, each time the same.
    expect(seen[0]).not.toBe(at(BORDER).state.centers![0]);
    expect(seen[1]).toBe(seen[0]);
  });

  it('refuses values of a state that no step has', async () => {
    const from = structuredClone(at(BORDER + 1));
    from.state.other = Float32Array.of(1);
    await expect(trainMethod(options({ from }))).rejects.toThrow('writeState: received "other"');
  });
});
