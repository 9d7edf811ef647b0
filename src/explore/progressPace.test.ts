import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openJobs } from './jobs.ts';
import { paced } from './progressPace.ts';
import type { JobAnswer } from './protocol.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

const event = (stage: string, done: number) => ({ stage, text: `${stage} ${done}`, done });

describe('paced', () => {
  it('leaves out events of a stage that come too soon, and never the first of a stage', () => {
    const sent: string[] = [];
    const pass = paced(({ text }) => void sent.push(text), 100);
    pass(event('decode', 1));
    pass(event('decode', 2));
    vi.advanceTimersByTime(100);
    pass(event('decode', 3));
    // The compiler reports nothing more for a minute.
    pass(event('compile', 0));
    pass(event('compile', 1));
    expect(sent).toEqual(['decode 1', 'decode 3', 'compile 0']);
  });
});

describe('a job', () => {
  it('tells each stage at once, with its name', async () => {
    const told: JobAnswer[] = [];
    const jobs = openJobs((job) => void told.push(job));
    jobs.start('train', 'preparing the training', async ({ progress }) => {
      for (const stage of ['list', 'list', 'decode', 'compile']) progress(event(stage, 1));
      return {};
    });
    await jobs.close();
    expect(told.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
      ...['list running', 'decode running', 'compile running'],
      // The start of the job, and its end.
      ...['compile running', 'compile done'],
    ]);
  });
});
