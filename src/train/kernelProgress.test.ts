/** Progress of timing kernels. */
import { expect, it } from 'vitest';
import type { CompileOptions, Engine, Executable } from '../backends/index.ts';
import type { ProgressEvent } from '../core/reporter.ts';
import { withKernelProgress } from './kernelProgress.ts';

it('reports each timed kernel over all programs, and tells the caller too', async () => {
  const events: ProgressEvent[] = [];
  const told: string[] = [];
  const timing = {
    async compile(_: unknown, { onTimed }: CompileOptions = {}) {
      for (const key of ['conv', 'matmul']) onTimed?.(key, { plain: 1 });
      return {} as Executable;
    },
  } as unknown as Engine;
  const engine = withKernelProgress(timing, { progress: (event) => events.push(event) });
  const program = { outputs: {} };
  await engine.compile(program, { onTimed: (key) => told.push(key) });
  await engine.compile(program);
  expect(events.map(({ done }) => done)).toEqual([1, 2, 3, 4]);
  expect(events.at(-1)!.text).toBe('measuring kernels on this machine: 4 done');
  expect(told).toEqual(['conv', 'matmul']);
});
