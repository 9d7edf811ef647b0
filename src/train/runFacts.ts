/** Facts of a training step that its run stores for readers. */
import type { MethodProgram } from '../methods/index.ts';
import type { RunFacts } from '../run/index.ts';

/**
 * Collects the facts of a method's steps: random-baseline loss where all steps have the same,
 * number of prototypes of the last step, and notes.
 */
export function runFacts({ steps }: Pick<MethodProgram, 'steps'>): RunFacts {
  const [baseline = null, ...others] = new Set(
    steps.map(({ randomBaselineLoss }) => randomBaselineLoss ?? null),
  );
  return {
    randomBaselineLoss: others.length === 0 ? baseline : null,
    prototypes: steps.at(-1)!.program.outputs.usage?.shape[0] ?? null,
    notes: [...new Set(steps.flatMap(({ notes = [] }) => notes))],
  };
}
