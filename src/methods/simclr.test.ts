import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { simclrStep } from './simclr.ts';
import { expectStoredStep, shared } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

describe('SimCLR', () => {
  it('agrees with a whole step in PyTorch', async () => {
    await expectStoredStep(engine, 'simclr_step', (images) => simclrStep(images, shared));
  });

  it('knows the loss of a network that tells nothing apart: 2B - 1 candidates', () => {
    const { chanceLoss } = simclrStep(input('crops.0', [16, 3, 16, 16]), shared);
    expect(chanceLoss).toBeCloseTo(Math.log(15), 12);
  });
});
