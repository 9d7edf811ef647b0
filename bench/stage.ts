/**
 * Environment of a benchmark: engines with cached kernel choices, and a folder for exchanged files.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, openEngine, runtimeVersion } from '../src/backends/index.ts';
import { defaultCacheDir } from '../src/data/index.ts';
import { openPlanStore } from '../src/run/index.ts';

export interface Stage {
  /** Threads of the engine and of the peers. */
  threads: number;
  /** Temporary folder. */
  folder: string;
  /**
   * Opens an engine for the work and always closes it. The engine times kernels once and caches the
   * choice.
   */
  withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T>;
}

/** Runs the work in an environment that is always cleaned up. */
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
