/** Somebody who watches a run: told of every epoch's end, able to read, unable to change. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import type { EpochEnd, TrainEvent } from './events.ts';
import { B, optionsOn } from './meanFinder.cases.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const options = (changes: Partial<TrainOptions>) =>
  optionsOn(engine, { budget: { epochs: 3 }, ...changes });

describe('a watched run', () => {
  it('tells of the end of each epoch with a state that can be read, and ends with the same bytes', async () => {
    const { training } = await trainMethod(options({}));
    const seen: [number, number, boolean, number][] = [];
    const watched = await trainMethod(
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
    expect(seen[2]![3]).toBe(training.state.w![0]);
    expect(watched.training.state).toEqual(training.state);
  });

  it('tells of a last step in the middle of an epoch too', async () => {
    const ends: [number, number, boolean][] = [];
    const onEpochEnd = async ({ epoch, step, last }: EpochEnd) =>
      void ends.push([epoch, step, last]);
    await trainMethod(options({ maxSteps: 7, onEpochEnd }));
    expect(ends).toEqual([
      [0, 5, false],
      [1, 7, true],
    ]);
  });

  it('counts the watching to the time of the run, not to its speed, and is not told of a run that is stopped', async () => {
    const stop = new AbortController();
    const ends: number[] = [];
    let last: Extract<TrainEvent, { kind: 'step' }> | undefined;
    const run = options({
      signal: stop.signal,
      onEvent(event) {
        if (event.kind !== 'step') return;
        last = event;
        if (event.step === 10) stop.abort();
      },
      async onEpochEnd({ epoch }) {
        ends.push(epoch);
        run.clock.milliseconds += 800;
      },
    });
    const { training } = await trainMethod(run);
    expect(ends).toEqual([0]);
    // Ten steps of 1 ms, and the batch that was prepared for the eleventh.
    expect(training.seconds).toBeCloseTo(0.8 + 0.011, 9);
    expect(last!.imagesPerSecond).toBeCloseTo((10 * B) / 0.011, 9);
  });
});
