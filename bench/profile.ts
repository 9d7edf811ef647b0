/** Where the time of a training step goes: ONNX Runtime's own trace of a row of the step benchmark, added up by operator. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onStage } from './stage.ts';
import { stepProgram, stepRows, syntheticBatch } from './step.ts';

export interface ProfileRow {
  /** The runtime's name of it, with its domain where that is not the standard. */
  operator: string;
  /** Calls and milliseconds of one step. */
  calls: number;
  milliseconds: number;
  /** Of the sum over all operators. */
  share: number;
}

interface TraceEvent {
  name: string;
  dur: number;
  args?: { op_name?: string; provider?: string; output_type_shape?: unknown };
}

/** The operators of a row, the longest first; `by` also tells those of one operator apart by their result's shape. */
export async function profileStep(
  name: string,
  { steps = 20, by = 'operator' }: { steps?: number; by?: 'operator' | 'shape' } = {},
): Promise<ProfileRow[]> {
  return onStage(async ({ withEngine, folder }) => {
    const { program, initial } = stepProgram(stepRows[name]!);
    await withEngine(async (engine) => {
      const executable = await engine.compile(program, { profile: join(folder, 'trace') });
      await executable.writeState(initial);
      const batch = syntheticBatch(stepRows[name]!);
      for (let step = 0; step < steps; step++) await executable.run(batch);
      await executable.dispose();
    });
    const [file] = readdirSync(folder);
    return added(JSON.parse(readFileSync(join(folder, file!), 'utf8')) as TraceEvent[], steps, by);
  });
}

/** Sums of the kernels' times over all steps but the first, which allocates. */
function added(trace: readonly TraceEvent[], steps: number, by: 'operator' | 'shape'): ProfileRow[] {
  const kernels = trace.filter(({ name }) => name.endsWith('_kernel_time'));
  const counted = kernels.slice(kernels.length / steps);
  const found = new Map<string, { calls: number; microseconds: number }>();
  for (const { dur, args } of counted) {
    const shape = by === 'shape' ? ` ${JSON.stringify(args?.output_type_shape)}` : '';
    const key = `${args?.op_name}${shape}`;
    const sum = found.get(key) ?? { calls: 0, microseconds: 0 };
    found.set(key, { calls: sum.calls + 1, microseconds: sum.microseconds + dur });
  }
  const total = [...found.values()].reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...found]
    .map(([operator, { calls, microseconds }]) => ({
      operator,
      calls: calls / (steps - 1),
      milliseconds: microseconds / 1000 / (steps - 1),
      share: microseconds / total,
    }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}
