import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { simclr } from './simclr.ts';
import { context, expectStoredStep, head } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

describe('SimCLR', () => {
  it('agrees with a whole step in PyTorch', async () => {
    await expectStoredStep(engine, 'simclr_step', (images) =>
      simclr.build({ ...head, temperature: 0.2 }, context(), [images]),
    );
  });

  it('knows the loss of a network that tells nothing apart: 2B - 1 candidates', () => {
    const { randomBaselineLoss } = simclr.build(head, context(), [
      input('crops.0', [16, 3, 16, 16]),
    ]);
    expect(randomBaselineLoss).toBeCloseTo(Math.log(15), 12);
  });
});
