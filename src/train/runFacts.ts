/** Facts of a training step that its run stores for readers. */
import type { MethodProgram } from '../methods/index.ts';
import type { RunFacts } from '../run/index.ts';

/** Collects the facts of a method's step: random-baseline loss, number of prototypes, notes. */
export function runFacts({
  randomBaselineLoss,
  program,
  notes,
}: Pick<MethodProgram, 'randomBaselineLoss' | 'program' | 'notes'>): RunFacts {
  return {
    randomBaselineLoss: randomBaselineLoss ?? null,
    prototypes: program.outputs.usage?.shape[0] ?? null,
    notes: [...(notes ?? [])],
  };
}
