/** The steps of a method's stages as one program of a run. */
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Shape, sameShape, showShape } from '../tensor/index.ts';
import type { MethodProgram, StageProgram } from './program.ts';
import { nameOf, type TrainingStep } from './step.ts';

/**
 * Joins steps that take over from one another. First values of a name that several have are those
 * of the first.
 *
 * @throws LikenessError `method.state` for a name of two shapes.
 */
export function joinSteps(
  steps: readonly (StageProgram & Pick<TrainingStep, 'encoderState'>)[],
): Pick<MethodProgram, 'steps' | 'initialState' | 'encoderState'> {
  checkShapes(steps);
  return {
    steps: steps as readonly StageProgram[] as MethodProgram['steps'],
    initialState: (seed) =>
      Object.assign({}, ...steps.toReversed().map((step) => step.initialState(seed))) as Values,
    encoderState: [...new Set(steps.flatMap(({ encoderState }) => encoderState))],
  };
}

function checkShapes(steps: readonly StageProgram[]): void {
  const known = new Map<string, Shape>();
  for (const { program, firstEpoch } of steps) {
    for (const { current } of program.state ?? []) {
      const name = nameOf(current);
      const shape = known.get(name) ?? current.shape;
      if (!sameShape(shape, current.shape)) {
        throw new LikenessError(
          'method.state',
          `stages: the step from epoch ${firstEpoch + 1} has "${name}" of shape ` +
            `${showShape(current.shape)}; expected ${showShape(shape)}, as in an earlier step. ` +
            'Give it another name.',
        );
      }
      known.set(name, shape);
    }
  }
}
