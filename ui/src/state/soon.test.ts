import { expect, it, vi } from 'vitest';
import { isLasting, soon } from './soon.ts';

it('does its work once for all calls until then, and again for later ones', () => {
  vi.useFakeTimers();
  try {
    const work = vi.fn();
    const call = soon(work, 1000);
    for (let i = 0; i < 50; i++) call();
    vi.advanceTimersByTime(999);
    expect(work).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(1);
    call();
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(2);
  } finally {
    vi.useRealTimers();
  }
});

it('knows the events that change the overview', () => {
  expect(['step', 'epoch', 'measures', 'run-ended'].map(isLasting)).toEqual([
    ...[false, false, true, true],
  ]);
});
