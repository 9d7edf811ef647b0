/** TEMI against golden vectors of its formula, its properties, and a whole step in PyTorch. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { input, mean, mul } from '../tensor/index.ts';
import { featureContext, first, own, P, Q, table } from './heads.cases.ts';
import { expectStoredStep } from './stepFixture.cases.ts';
import { pairWeight, pointwiseInformation, temi } from './temi.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const margin = table([[1 / 3, 1 / 3, 1 / 3]]);

describe('TEMI', () => {
  it('agrees with a whole step in PyTorch: gradients, AdamW, teacher, margins', async () => {
    const settings = { ...own, hiddenDim: 5, bottleneckDim: 4, encoderMomentum: 0.9 };
    await expectStoredStep(
      engine,
      'temi_step',
      (x) => temi.build({ ...settings, freezeLastSteps: 0 }, featureContext(), [x]),
      { at: first },
    );
  });

  it('updates the last layers after the first steps only, and counts their own updates', () => {
    const { scalars } = temi.build({ ...own, freezeLastSteps: 3 }, featureContext(), [
      input('crops.0', [16, 6]),
    ]);
    const at = (step: number) => scalars({ ...first, step });
    expect([0, 2, 3].map((step) => at(step)['active.last'])).toEqual([0, 0, 1]);
    expect(at(4)['adam.stepSize.last']).toBeCloseTo(1 / (1 - 0.9 ** 2), 9);
  });

  it('needs features of a pretrained model', () => {
    const context = featureContext({ encoder: { architecture: 'resnet10' } });
    expect(() => temi.program({ method: { name: 'temi' } } as never, context)).toThrow(
      'method: received "temi" with architecture "resnet10"; expected "pretrained"',
    );
  });
});

describe('the terms of the loss', () => {
  it('are the golden ones', async () => {
    const information = pointwiseInformation(table(P), table(Q), margin, { beta: 0.6 });
    const weight = pairWeight([table(P)], [table(Q)]);
    const product = mean(mul(information, weight));
    const results = await evaluateOn(engine, { information, weight, product });
    const golden = {
      information: [1.043843, 1.044921, 0.918066, 0.99764],
      weight: [0.8576, 0.866, 0.48, 0.73],
      product: [0.74226255],
    };
    for (const [name, values] of Object.entries(golden)) {
      values.forEach((value, i) => {
        expect(results[name]![i], `${name}[${i}]`).toBeCloseTo(value, 5);
      });
    }
  });

  it('are ln K for sure pairs of a balanced clustering, and symmetric', async () => {
    const [p, q] = [input('p', [2, 4]), input('q', [2, 4])];
    const even = table([[0.25, 0.25, 0.25, 0.25]]);
    const [forth, back] = [
      pointwiseInformation(p, q, even, { beta: 0.6 }),
      pointwiseInformation(q, p, even, { beta: 0.6 }),
    ];
    const executable = await engine.compile({ outputs: { forth, back } });
    const sure = Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0);
    const { forth: most } = await executable.run({ p: sure, q: sure });
    for (const value of most!) expect(value).toBeCloseTo(Math.log(4), 4);
    const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 4, maxLength: 4 });
    const row = weights.map((w) => w.map((x) => x / w.reduce((a, b) => a + b)));
    await fc.assert(
      fc.asyncProperty(fc.tuple(row, row, row, row), async ([a, b, c, d]) => {
        const feeds = { p: Float32Array.from([...a, ...b]), q: Float32Array.from([...c, ...d]) };
        const results = await executable.run(feeds);
        [...results.forth!].forEach((value, i) => {
          expect(value).toBeCloseTo(Number(results.back![i]), 4);
          // (p q)^beta summed over K clusters is at most K^(1 - 2 beta) below beta 1/2, else 1.
          expect(value).toBeLessThanOrEqual(Math.log(4) + 1e-4);
        });
      }),
      { numRuns: 25 },
    );
    await executable.dispose();
  });
});
