/** Progress of a training for people. */
import { expect, it } from 'vitest';
import { type ProgressEvent, reporterOf } from '../core/reporter.ts';
import { createTrainReport } from './report.ts';

function recorded(minutes?: number) {
  const events: ProgressEvent[] = [];
  const reporter = reporterOf({ onProgress: (event) => events.push(event) });
  const reach = { images: 1000, distinct: 1000, recipe: undefined, minutes };
  const report = createTrainReport(reporter, { stepsPerEpoch: 10, ...reach });
  const step = (at: number, seconds: number, totalSteps: number | undefined) =>
    report({
      ...{ kind: 'step', step: at, epoch: 0, loss: 1, learningRate: 0.1, facts: {}, seconds },
      ...{ imagesPerSecond: 100, secondsLeft: 10, waiting: 0, health: 'healthy' },
      ...(totalSteps !== undefined && { totalSteps }),
    });
  return { events, report, step };
}

it('counts seconds of a budget in minutes, whose estimate of steps changes', () => {
  const { events, report, step } = recorded(1);
  step(10, 5.2, undefined);
  report({ kind: 'schedule', step: 10, totalSteps: 100, stepsPerEpoch: 10 });
  step(20, 10, 100);
  report({ kind: 'schedule', step: 20, totalSteps: 150, stepsPerEpoch: 10 });
  step(30, 15, 150);
  step(150, 70, 150);
  expect(events.map(({ done, total }) => [done, total])).toEqual([
    [5, 60],
    [10, 60],
    [15, 60],
    [60, 60],
  ]);
  expect(events.map(({ text }) => text).join()).not.toMatch(/\/1[05]/);
});

it('counts steps of a budget in epochs', () => {
  const { events, step } = recorded();
  step(10, 5, 100);
  step(11, 6, 100);
  expect(events.map(({ done, total }) => [done, total])).toEqual([
    [10, 100],
    [11, 100],
  ]);
  expect(events[0]!.text).toMatch(/^epoch 1\/10 {2}step 10\/100 {2}loss 1\.000/);
});
