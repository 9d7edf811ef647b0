import { describe, expect, it } from 'vitest';
import { inOrder, inOrderOf } from './inOrder.ts';

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const later = <T>(value: T, turns: number) =>
  new Promise<T>((resolve) => setTimeout(() => resolve(value), turns));

describe('inOrder', () => {
  it('gives results in order, whichever is ready first', async () => {
    const work = (i: number) => later(i, (7 * i) % 5);
    expect(await collected(inOrder(9, work, { ahead: 4 }))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('has no more on the way than asked for', async () => {
    let [now, most] = [0, 0];
    const work = async (i: number) => {
      most = Math.max(most, ++now);
      await later(i, 1);
      now--;
    };
    await collected(inOrder(12, work, { ahead: 3 }));
    expect(most).toBe(3);
  });

  it('throws what a piece throws in its turn, and lets the others end first', async () => {
    const ended: number[] = [];
    const work = async (i: number) => {
      await later(i, 2);
      ended.push(i);
      if (i >= 1) throw new Error(`piece ${i}`);
    };
    await expect(collected(inOrder(9, work, { ahead: 3 }))).rejects.toThrow('piece 1');
    expect(ended).toEqual([0, 1, 2, 3]);
  });

  it('stops at a signal', async () => {
    const control = new AbortController();
    const work = async (i: number) => {
      if (i === 2) control.abort(new Error('enough'));
    };
    await expect(collected(inOrder(9, work, { ahead: 1, signal: control.signal }))).rejects.toThrow(
      'enough',
    );
  });
});

describe('inOrderOf', () => {
  it('asks for the next item only as its work begins, and sees what results have changed', async () => {
    const seen: string[] = [];
    let most = 5;
    function* counting() {
      for (let i = 0; i < most; i++) {
        seen.push(`asked for ${i}`);
        yield i;
      }
    }
    for await (const result of inOrderOf(counting(), (i) => later(10 * i, 1), { ahead: 2 })) {
      seen.push(`got ${result}`);
      if (result === 10) most = 4;
    }
    expect(seen).toEqual([
      ...['asked for 0', 'asked for 1', 'got 0', 'asked for 2', 'got 10'],
      ...['asked for 3', 'got 20', 'got 30'],
    ]);
  });
});
