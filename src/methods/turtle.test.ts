/** TURTLE against a whole step in PyTorch, and the properties of its inner classifier. */
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { gradients, input, linear } from '../tensor/index.ts';
import { featureContext, first, own, P, Q, table } from './heads.cases.ts';
import { expectStoredStep } from './stepFixture.cases.ts';
import { fittedClassifier, turtle, turtleLoss } from './turtle.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const log = (row: number[]) => row.map((x) => Math.log(x));

describe('TURTLE', () => {
  it('agrees with a whole step in PyTorch: ten inner steps of Adam, gradients', async () => {
    await expectStoredStep(
      engine,
      'turtle_step',
      (x) => turtle.build({ ...own, featureScale: 0.5 * Math.sqrt(6) }, featureContext(), [x]),
      { at: first },
    );
  });

  it('draws another classifier in each step, by the seed alone', () => {
    const { draws } = turtle.build(own, featureContext(), [input('crops.0', [8, 6])]);
    const at = (step: number, seed: number) =>
      draws!({ ...first, step }, seed)['classifier.0.weight'];
    expect(at(3, 1)).toEqual(at(3, 1));
    expect(at(3, 1)).not.toEqual(at(4, 1));
    expect(at(3, 1)).not.toEqual(at(3, 2));
    expect(draws!(first, 0)['classifier.1.weight']).not.toEqual(at(0, 0));
  });
});

describe('fittedClassifier', () => {
  it('moves each weight by the rate in one step, towards the labels', async () => {
    const x = table([
      [1, 0],
      [0, 1],
    ]);
    const tau = table([
      [1, 0],
      [0, 1],
    ]);
    const zero = {
      weight: table([
        [0, 0],
        [0, 0],
      ]),
      bias: table([[0, 0]]),
    };
    const { weight } = fittedClassifier(x, tau, zero, { innerSteps: 1, innerLearningRate: 0.25 });
    const results = await evaluateOn(engine, { weight });
    [0.25, -0.25, -0.25, 0.25].forEach((value, i) => {
      expect(results.weight![i]).toBeCloseTo(value, 5);
    });
  });

  it('lowers the cross-entropy with more steps', async () => {
    const [x, tau] = [table(P), table(Q)];
    const zero = {
      weight: table(P.slice(0, 3).map((row) => row.map(() => 0))),
      bias: table([[0, 0, 0]]),
    };
    const lossAfter = (innerSteps: number) => {
      const fitted = fittedClassifier(x, tau, zero, { innerSteps, innerLearningRate: 0.1 });
      return turtleLoss(linear(x, fitted.weight, fitted.bias), tau, { entropyWeight: 0 });
    };
    const { one, ten } = await evaluateOn(engine, { one: lossAfter(1), ten: lossAfter(10) });
    expect(Number(ten![0])).toBeLessThan(Number(one![0]) - 0.2);
  });
});

describe('turtleLoss', () => {
  it('is the cross-entropy less the entropy, without a gradient of the logits', async () => {
    const [logits, tau] = [input('logits', [4, 3]), input('tau', [4, 3])];
    const loss = turtleLoss(logits, tau, { entropyWeight: 10 });
    const [byLogits, byTau] = gradients(loss, [logits, tau]);
    const feeds = {
      logits: Float32Array.from(P.flatMap(log)),
      tau: Float32Array.from(Q.flat()),
    };
    const results = await evaluateOn(engine, { loss, byLogits: byLogits!, byTau: byTau! }, feeds);
    const cross =
      Q.reduce((s, q, i) => s - q.reduce((t, x, k) => t + x * Math.log(P[i]![k]!), 0), 0) / 4;
    const usage = [0, 1, 2].map((k) => Q.reduce((s, q) => s + q[k]! / 4, 0));
    const entropy = -usage.reduce((s, u) => s + u * Math.log(u), 0);
    expect(results.loss![0]).toBeCloseTo(cross - 10 * entropy, 4);
    expect([...results.byLogits!]).toEqual(new Array(12).fill(0));
    const expected = (-Math.log(P[0]![0]!) + 10 * (Math.log(usage[0]!) + 1)) / 4;
    expect(results.byTau![0]).toBeCloseTo(expected, 4);
  });
});
