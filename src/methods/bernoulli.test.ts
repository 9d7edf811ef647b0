/** Bernoulli masks: right frequencies, new ones in each step, repeatable. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { cast, constant } from '../tensor/index.ts';
import { createMaskSource } from './bernoulli.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [B, W, STEPS] = [4, 6, 3000];
const source = createMaskSource('test', { rows: B, columns: W, uses: 2 });
const chance = Float32Array.from({ length: B * W }, (_, i) => i / (B * W - 1)); // 0 … 1
const executable = await engine.compile({
  outputs: {
    first: cast(source.mask(0, constant(chance, [B, W])), 'float32'),
    second: cast(source.mask(1, constant(chance, [B, W])), 'float32'),
    narrow: cast(source.mask(1, constant(chance.slice(0, B * 2), [B, 2])), 'float32'),
  },
  state: source.state,
});
await executable.writeState(source.initialValues(0));

describe('Bernoulli masks', () => {
  it('are true as often as they should be; pairs of one step and of two are independent', async () => {
    const counts = new Float64Array(B * W);
    const together = { withinRow: 0, betweenUses: 0, betweenSteps: 0 };
    let before = 0;
    // Two elements of one row with probabilities of about a half.
    const [a, b] = [11, 10];
    for (let step = 0; step < STEPS; step++) {
      const { first, second } = await executable.run(source.draws(step, 0));
      for (let i = 0; i < counts.length; i++) counts[i]! += first![i]!;
      together.withinRow += first![a]! * first![b]!;
      together.betweenUses += first![a]! * second![a]!;
      together.betweenSteps += first![a]! * before;
      before = first![a]!;
    }
    // Four standard deviations of a frequency.
    const near = (received: number, p: number) =>
      expect(Math.abs(received / STEPS - p)).toBeLessThan(4 * Math.sqrt(Math.max(p * (1 - p), 1e-6) / STEPS));
    counts.forEach((count, i) => {
      near(count, chance[i]!);
    });
    near(together.withinRow, chance[a]! * chance[b]!);
    near(together.betweenUses, chance[a]! ** 2);
    near(together.betweenSteps, chance[a]! ** 2);
  });

  it('are functions of seed and step, and may be narrower than the table', async () => {
    const at = async (step: number) => (await executable.run(source.draws(step, 0))).first;
    expect(await at(7)).toEqual(await at(7));
    expect(source.draws(7, 0)).not.toEqual(source.draws(8, 0));
    expect(source.draws(7, 0)).not.toEqual(source.draws(7, 1));
    expect(source.initialValues(0)).not.toEqual(source.initialValues(1));
    expect((await executable.run(source.draws(7, 0))).narrow!.length).toBe(B * 2);
  });
});
