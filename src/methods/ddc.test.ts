import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { add, gradients, input } from '../tensor/index.ts';
import { ddc, ddcLoss } from './ddc.ts';
import { matrixOf, P, Q, valuesOf } from './goldenPairs.cases.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const encoder = { architecture: 'dac', width: 4 } as const;
const crops = [
  { count: 1, size: 26 },
  { count: 1, size: 26 },
];

describe('DDC', () => {
  it('agrees with a whole step in PyTorch: relations of the clean partition, and the local term', async () => {
    await expectStoredStep(engine, 'ddc_step', (...views) =>
      ddc.build(
        { clusters: 4, localWeight: 1.5 },
        context({ encoder, crops, imageSize: 26 }),
        views,
      ),
    );
  });

  it('has the known terms of known outputs', async () => {
    const { global, local } = ddcLoss(matrixOf(Q), matrixOf(P));
    expect((await valuesOf(engine, global))[0]).toBeCloseTo(0.22939367, 6);
    expect((await valuesOf(engine, local))[0]).toBeCloseTo(0.03049943, 6);
  });

  it('is 0 for one-hot outputs that agree', async () => {
    const hard = matrixOf([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
    const { global, local } = ddcLoss(hard, matrixOf(P));
    expect((await valuesOf(engine, add(global, local)))[0]).toBeCloseTo(0, 6);
  });

  it('passes no gradient to the clean images', async () => {
    const target = input('target', [4, 3]);
    const { global, local } = ddcLoss(matrixOf(Q), target);
    const [slope] = gradients(add(global, local), [target]);
    const executable = await engine.compile({ outputs: { slope: slope! } });
    const { slope: found } = await executable.run({ target: Float32Array.from(P.flat()) });
    await executable.dispose();
    expect(found!.every((value) => value === 0)).toBe(true);
  });
});
