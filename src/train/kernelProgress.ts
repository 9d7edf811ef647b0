/** Progress of timing kernels, which takes a minute where a machine has not timed them before. */
import type { Engine } from '../backends/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';

/** Returns the engine, which reports each kernel choice that it times while it compiles. */
export function withKernelProgress(engine: Engine, reporter: Pick<Reporter, 'progress'>): Engine {
  let done = 0;
  return {
    ...engine,
    compile: (program, options = {}) =>
      engine.compile(program, {
        ...options,
        onTimed(key, milliseconds) {
          options.onTimed?.(key, milliseconds);
          done++;
          const text = `measuring kernels on this machine: ${showCount(done)} done`;
          reporter.progress({ stage: 'compile', text, done });
        },
      }),
  };
}
