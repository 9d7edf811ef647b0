import { expect, it } from 'vitest';
import { collectGarbage } from './collectGarbage.ts';

it('frees what nobody holds any more, at once', () => {
  const held = new WeakRef(new Array(1000).fill(0).map((_, i) => ({ i })));
  // A weak reference keeps its target alive until the end of the job that made it.
  return new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
    collectGarbage();
    expect(held.deref()).toBeUndefined();
  });
});
