import { describe, expect, it } from 'vitest';
import { cleanUp, isUnsaved, onEarlyEnd, untilSaved } from './ending.ts';

describe('untilSaved', () => {
  it('holds while any of its work runs, and returns its result', async () => {
    let [finish, fail] = [(_: number) => {}, (_: Error) => {}];
    const running = untilSaved(
      () =>
        new Promise<number>((resolve) => {
          finish = resolve;
        }),
    );
    const failing = untilSaved(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    expect(isUnsaved()).toBe(true);
    fail(new Error('no'));
    await expect(failing).rejects.toThrow('no');
    expect(isUnsaved()).toBe(true);
    finish(3);
    expect(await running).toBe(3);
    expect(isUnsaved()).toBe(false);
  });
});

describe('cleanUp', () => {
  it('calls what is registered once, also after a failure', () => {
    const called: string[] = [];
    onEarlyEnd(() => {
      throw new Error('no');
    });
    onEarlyEnd(() => called.push('a'));
    const forget = onEarlyEnd(() => called.push('b'));
    forget();
    cleanUp();
    cleanUp();
    expect(called).toEqual(['a']);
  });
});
