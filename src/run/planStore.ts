/**
 * Measured kernel choices, remembered on this machine.
 *
 * A run repeated on this machine makes the same choices and need not measure again. Choices depend
 * on the processor, its threads and the version of the runtime; each combination has a file of its
 * own.
 */
import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../compile/index.ts';
import { UNFINISHED } from '../data/index.ts';
import { makeFolderSync, readRegularSync } from '../formats/index.ts';
import { parseJson } from './json.ts';
import { planSchema } from './plan.ts';

/**
 * Version of the kernels. Raised when one is added or changed, so that old measurements are
 * dropped.
 */
const KERNELS = 8;

export interface PlanStore {
  load(): Plan;
  save(added: Plan): void;
  /** Removes the remembered choices. */
  forget(): void;
}

/**
 * Opens the plan file of this machine in a folder. A folder that cannot be written costs time, not
 * results.
 */
export function openPlanStore(
  folder: string,
  { threads, runtime }: { threads: number; runtime: string },
): PlanStore {
  const machine = `${cpus()[0]?.model}|${threads}|${runtime}|${KERNELS}`;
  const name = `plan-${createHash('sha256').update(machine).digest('hex').slice(0, 16)}.json`;
  const file = join(folder, name);
  function load(): Plan {
    try {
      return planSchema.parse(parseJson(readRegularSync(file).toString('utf8')));
    } catch {
      return {};
    }
  }
  return {
    load,
    forget: () => rmSync(file, { force: true }),
    save(added) {
      try {
        makeFolderSync(folder);
        // The next opening of the folder removes what a kill has left.
        const temporary = `${file}${UNFINISHED}${process.pid}`;
        // Remembered choices win, so that two processes that measured at once agree from here on.
        writeFileSync(temporary, JSON.stringify({ ...added, ...load() }, null, 1));
        renameSync(temporary, file);
      } catch {
        // The plan is stored with the run as well.
      }
    },
  };
}
