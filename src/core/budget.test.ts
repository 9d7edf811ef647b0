import { describe, expect, it } from 'vitest';
import { createBudget } from './budget.ts';

/** Work that lasts until it is told to end. */
function opened() {
  const ends: (() => void)[] = [];
  const started: number[] = [];
  const work = (name: number) => () =>
    new Promise<number>((resolve) => {
      started.push(name);
      ends[name] = () => resolve(name);
    });
  return { ends, started, work };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('a budget', () => {
  it('starts what fits, in the order of the calls', async () => {
    const { ends, started, work } = opened();
    const budget = createBudget(10);
    const all = [4, 5, 6, 1].map((weight, name) => budget.run(weight, work(name)));
    await settled();
    expect(started).toEqual([0, 1]); // 6 does not fit, and 1 waits behind it
    ends[0]!();
    await settled();
    expect(started).toEqual([0, 1]); // 5 + 6 is above 10
    ends[1]!();
    await settled();
    expect(started).toEqual([0, 1, 2, 3]);
    ends[2]!();
    ends[3]!();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('runs work above the whole budget alone', async () => {
    const { ends, started, work } = opened();
    const budget = createBudget(10);
    const all = [1, 1000, 1].map((weight, name) => budget.run(weight, work(name)));
    await settled();
    expect(started).toEqual([0]);
    ends[0]!();
    await settled();
    expect(started).toEqual([0, 1]);
    ends[1]!();
    await settled();
    ends[2]!();
    expect(await Promise.all(all)).toEqual([0, 1, 2]);
  });

  it('passes errors on and gives the weight back', async () => {
    const budget = createBudget(1);
    const failing = budget.run(1, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await budget.run(1, async () => 'yes')).toBe('yes');
  });
});
