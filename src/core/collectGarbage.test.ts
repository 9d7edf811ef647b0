import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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

/** Collections that V8 plans or makes because time has passed, by its own trace, in the second after `collect`; its delay of 8 s is made short. */
function planned(collect: string): string[] {
  const script = `
    let waste = Array.from({ length: 1e6 }, (_, i) => ({ i }));
    waste = undefined;
    ${collect}
    setTimeout(() => {}, 1000);`;
  const flags = ['--expose-gc', '--trace-memory-reducer', '--gc-memory-reducer-start-delay-ms=100'];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--eval', script], { encoding: 'utf8' });
  expect(stderr).not.toMatch(/error/i);
  return stdout.split('\n').filter((line) => /waiting for|started GC/.test(line));
}

it('leaves nothing to be collected because time has passed', () => {
  const file = JSON.stringify(fileURLToPath(new URL('./collectGarbage.ts', import.meta.url)));
  expect(planned(`require(${file}).collectGarbage();`)).toEqual([]);
  // A collection alone is followed by others, so that the trace would show them.
  expect(planned('gc();')).not.toEqual([]);
});
