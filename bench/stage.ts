/**
 * What a benchmark works with: engines that remember their kernels, and a folder for what
 * contenders exchange.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, openEngine, runtimeVersion } from '../src/backends/index.ts';
import { defaultCacheDir } from '../src/data/index.ts';
import { openPlanStore } from '../src/run/index.ts';

export interface Stage {
  /** Threads of the engine, and for the peers. */
  threads: number;
  /** Removed afterwards. */
  folder: string;
  /**
   * Opens an engine, which times kernels once and remembers them, for the work and closes
   * it, whatever happens.
   */
  withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T>;
}

/** Runs the work on a stage that is cleared afterwards, whatever happens. */
export async function onStage<T>(
  work: (stage: Stage) => Promise<T>,
  { threads = availableParallelism() }: { threads?: number } = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
  try {
    return await work({
      ...{ threads, folder },
      async withEngine(part) {
        const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
        try {
          return await part(engine);
        } finally {
          await engine.close();
        }
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
