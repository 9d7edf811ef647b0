/** plan.json: the kernel of each operator, so that a resumed run uses the same. */
import { z } from 'zod';
import type { Plan } from '../compile/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { isMissing, readJson } from './json.ts';

/** Kernels by operator and shape. */
export const planSchema = z.record(z.string(), z.string().min(1));

/** Writes the plan of the compiled step. @throws LikenessError `write.*` */
export function writePlan(file: string, plan: Plan): Promise<void> {
  return writeFileAtomic(file, `${JSON.stringify(plan, null, 1)}\n`);
}

/**
 * Reads the plan; empty where the run stopped before it had one.
 *
 * @throws LikenessError `json.malformed` for a damaged file: other kernels would give other bytes.
 */
export async function readPlan(file: string): Promise<Plan> {
  try {
    return await readJson(file, planSchema);
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}
