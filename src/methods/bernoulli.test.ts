/** Bernoulli masks: right frequencies, new ones in each step, repeatable. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { filled } from '../nn/index.ts';
import { cast, constant } from '../tensor/index.ts';
import { createMasks } from './bernoulli.ts';
import { createStep } from './createStep.ts';
import { nameOf } from './step.ts';
import { context } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [B, W, STEPS] = [4, 6, 3000];
const { step, model, build } = createStep({
  ...context({ batchSize: B }),
  name: 'masks',
  project: (_, x) => x,
});
const mask = createMasks(step, 'test', { rows: B, columns: W, uses: 2 });
step.minimize(model.variables.parameter('weight', [], filled(0))); // a step has a loss
const built = build();
const initialValues = (seed: number) => built.initialState(seed)['uniform.test']!;
const draws = (at: number, seed: number) =>
  built.draws!({ step: at, stepsPerEpoch: STEPS, totalSteps: STEPS }, seed);

const chance = Float32Array.from({ length: B * W }, (_, i) => i / (B * W - 1)); // 0 … 1
const executable = await engine.compile({
  outputs: {
    first: cast(mask(0, constant(chance, [B, W])), 'float32'),
    second: cast(mask(1, constant(chance, [B, W])), 'float32'),
    narrow: cast(mask(1, constant(chance.slice(0, B * 2), [B, 2])), 'float32'),
  },
  state: built.program.state!.filter(({ current }) => nameOf(current) === 'uniform.test'),
});
await executable.writeState({ 'uniform.test': initialValues(0) });

describe('Bernoulli masks', () => {
  it('are true as often as they should be; pairs of one step and of two are independent', async () => {
    const counts = new Float64Array(B * W);
    const together = { withinRow: 0, betweenUses: 0, betweenSteps: 0 };
    let before = 0;
    // Two elements of one row with probabilities of about a half.
    const [a, b] = [11, 10];
    for (let step = 0; step < STEPS; step++) {
      const { first, second } = await executable.run(draws(step, 0));
      for (let i = 0; i < counts.length; i++) counts[i]! += first![i]!;
      together.withinRow += first![a]! * first![b]!;
      together.betweenUses += first![a]! * second![a]!;
      together.betweenSteps += first![a]! * before;
      before = first![a]!;
    }
    // Four standard deviations of a frequency.
    const near = (received: number, p: number) =>
      expect(Math.abs(received / STEPS - p)).toBeLessThan(
        4 * Math.sqrt(Math.max(p * (1 - p), 1e-6) / STEPS),
      );
    counts.forEach((count, i) => {
      near(count, chance[i]!);
    });
    near(together.withinRow, chance[a]! * chance[b]!);
    near(together.betweenUses, chance[a]! ** 2);
    near(together.betweenSteps, chance[a]! ** 2);
  });

  it('are functions of seed and step, and may be narrower than the table', async () => {
    const at = async (step: number) => (await executable.run(draws(step, 0))).first;
    expect(await at(7)).toEqual(await at(7));
    expect(draws(7, 0)).not.toEqual(draws(8, 0));
    expect(draws(7, 0)).not.toEqual(draws(7, 1));
    expect(initialValues(0)).not.toEqual(initialValues(1));
    expect((await executable.run(draws(7, 0))).narrow!.length).toBe(B * 2);
  });
});
