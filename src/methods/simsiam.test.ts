import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { adam } from '../nn/index.ts';
import { constant, gradients, input } from '../tensor/index.ts';
import { simsiam, simsiamLoss } from './simsiam.ts';
import { context, expectStoredStep, head } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const own = { ...head, predictorDim: 5 };
/** The predictor keeps the highest rate. */
const optimizerSettings = { learningRate: 0.8, weightDecay: 1e-3 };

describe('SimSiam', () => {
  it('agrees with a whole step in PyTorch: stop-gradient, normed output, a rate for the predictor alone', async () => {
    await expectStoredStep(engine, 'simsiam_step', (images) =>
      simsiam.build(own, context({ optimizerSettings }), [images]),
    );
  });

  it('feeds the predictor its constant rate and its own counts', () => {
    const { scalars, randomBaselineLoss } = simsiam.build(
      own,
      context({
        optimizerSettings,
        optimizer: adam(),
        learningRate: ({ step }) => 0.1 / (1 + step),
      }),
      [input('crops.0', [16, 3, 16, 16])],
    );
    expect(scalars({ step: 9, stepsPerEpoch: 10, totalSteps: 100 })).toMatchObject({
      learningRate: 0.01,
      predictorLearningRate: 0.8,
      'adam.stepSize.network': 1 / (1 - 0.9 ** 10),
      'adam.stepSize.predictor': 1 / (1 - 0.9 ** 10),
    });
    expect(randomBaselineLoss).toBeUndefined();
  });

  it('has the loss of the paper on known vectors, symmetric, and no gradient for its targets', async () => {
    const rows = (...values: number[]) => constant(Float32Array.from(values), [2, 2]);
    const [z1, z2] = [input('z1', [2, 2]), rows(0, 3, 1, 0)];
    const [p1, p2] = [rows(2, 0, 3, 4), rows(1, 0, 0, 5)];
    const loss = simsiamLoss([p1, p2], [z1, z2]);
    const exchanged = simsiamLoss([p2, p1], [z2, z1]);
    const [byTarget] = gradients(loss, [z1]);
    const executable = await engine.compile({ outputs: { loss, exchanged, byTarget: byTarget! } });
    const results = await executable.run({ z1: Float32Array.of(2, 2, 0, 1) });
    await executable.dispose();
    // cos(p1, z2) is 0 and 0.6, cos(p2, z1) is 1/√2, which has a slope, and 1.
    const expected = -0.5 * (0.3 + (Math.SQRT1_2 + 1) / 2);
    expect(results.loss![0]).toBeCloseTo(expected, 6);
    expect(results.exchanged![0]).toBeCloseTo(expected, 6);
    expect([...results.byTarget!]).toEqual([0, 0, 0, 0]);
  });
});
