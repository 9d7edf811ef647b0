/**
 * Measured formulations remembered on this machine, so that a run repeated here makes the same choices and need not
 * measure again. Choices depend on the processor, its threads and the runtime's version; each has a file of its own.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../compile/index.ts';
import { makeFolderSync } from '../formats/index.ts';

/** Version of the formulations: raised when one is added or changes its meaning, so that old measurements are dropped. */
const FORMULATIONS = 8;

export interface PlanStore {
  load(): Plan;
  save(added: Plan): void;
  /** Removes what is remembered. */
  forget(): void;
}

/** The plan file of this machine in a folder. A folder that cannot be written costs time, not results. */
export function openPlanStore(
  folder: string,
  { threads, runtime }: { threads: number; runtime: string },
): PlanStore {
  const machine = `${cpus()[0]?.model}|${threads}|${runtime}|${FORMULATIONS}`;
  const name = `plan-${createHash('sha256').update(machine).digest('hex').slice(0, 16)}.json`;
  const file = join(folder, name);
  function load(): Plan {
    try {
      const plan: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return typeof plan === 'object' && plan !== null ? (plan as Plan) : {};
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
        const temporary = `${file}.${process.pid}.tmp`;
        // What is already remembered wins: two processes that measured at once then agree from here on.
        writeFileSync(temporary, JSON.stringify({ ...added, ...load() }, null, 1));
        renameSync(temporary, file);
      } catch {
        // Remembering is a convenience; the plan is stored with the run as well.
      }
    },
  };
}
