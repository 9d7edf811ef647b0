/** Stages of work whose items are counted. */
import { expect, it } from 'vitest';
import type { ProgressEvent } from './reporter.ts';
import { beginStage } from './stage.ts';

function recorded(total?: number) {
  const events: ProgressEvent[] = [];
  const options = { stage: 'kmeans', text: 'finding groups', unit: 'step' };
  const advance = beginStage(
    { progress: (event) => events.push(event) },
    total === undefined ? options : { ...options, total },
  );
  return { events, advance };
}

it('reports the beginning, and each number with the same total', () => {
  const { events, advance } = recorded(2000);
  for (const done of [1, 1000, 2000]) advance(done);
  expect(events.map(({ text }) => text)).toEqual([
    'finding groups',
    'finding groups: 1 of 2,000 steps',
    'finding groups: 1,000 of 2,000 steps',
    'finding groups: 2,000 of 2,000 steps',
  ]);
  expect(events.map(({ done, total }) => [done, total])).toEqual([
    [0, 2000],
    [1, 2000],
    [1000, 2000],
    [2000, 2000],
  ]);
});

it('never goes back, repeats itself or passes the total', () => {
  const { events, advance } = recorded(10);
  for (const done of [4, 3, 4, 12, 13]) advance(done);
  expect(events.map(({ done }) => done)).toEqual([0, 4, 10]);
});

it('counts without a total', () => {
  const { events, advance } = recorded();
  advance(1);
  advance(7);
  expect(events.map(({ text }) => text)).toEqual([
    'finding groups',
    'finding groups: 1 step',
    'finding groups: 7 steps',
  ]);
  expect(events.every((event) => !('total' in event))).toBe(true);
});
