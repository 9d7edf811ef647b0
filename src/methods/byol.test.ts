import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { gradients, input } from '../tensor/index.ts';
import { byol, byolLoss } from './byol.ts';
import { encoderMomentumAt } from './momentumEncoder.ts';
import { context, expectStoredStep, head } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const own = { ...head, predictorDim: 5, encoderMomentum: 0.9, finalEncoderMomentum: 0.9 };

describe('BYOL', () => {
  it('agrees with a whole step in PyTorch: the target follows the updated network', async () => {
    await expectStoredStep(engine, 'byol_step', (images) => byol.build(own, context(), [images]));
  });

  it('starts with a target equal to the network, and without a predictor of its own', () => {
    const { initialState, encoderState } = byol.build(own, context(), [
      input('crops.0', [16, 3, 16, 16]),
    ]);
    const state = initialState(5);
    for (const name of encoderState) {
      const isPredictor = name.startsWith('predictor.');
      expect(state[`target.${name}`], name).toEqual(isPredictor ? undefined : state[name]);
    }
  });

  it("starts with a target of its own draw on request, as the authors' code does", () => {
    const images = input('crops.0', [16, 3, 16, 16]);
    const state = byol.build({ ...own, targetStart: 'own' }, context(), [images]).initialState(5);
    const copied = byol.build(own, context(), [images]).initialState(5);
    const targets = Object.keys(state).filter((name) => name.startsWith('target.'));
    expect(targets).toEqual(Object.keys(copied).filter((name) => name.startsWith('target.')));
    for (const name of targets) {
      const online = name.slice('target.'.length);
      expect(state[online], online).toEqual(copied[online]);
      // Scales, shifts and running statistics have one first value; weights are drawn.
      const isDrawn = new Set(state[name]).size > 1;
      if (isDrawn) expect(state[name], name).not.toEqual(state[online]);
      else expect(state[name], name).toEqual(state[online]);
    }
    const deviation = (x: ArrayLike<number>) => Math.hypot(...Array.from(x)) / Math.sqrt(x.length);
    const ratio =
      deviation(state['target.layer4.0.conv2.weight']!) /
      deviation(state['layer4.0.conv2.weight']!);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15); // 576 draws each: 3 % of standard error
  });

  it('names no loss of chance: a collapse lowers it', () => {
    expect(
      byol.build(own, context(), [input('crops.0', [16, 3, 16, 16])]).randomBaselineLoss,
    ).toBeUndefined();
  });
});

describe('byolLoss', () => {
  const names = ['p.1', 'p.2', 'target.1', 'target.2'];
  const [p1, p2, t1, t2] = names.map((name) => input(name, [2, 3]));

  it('is the sum over both views of |p/|p| - t/|t||², and no gradient reaches the targets', async () => {
    const loss = byolLoss([p1!, p2!], [t1!, t2!]);
    const [byP, byT] = gradients(loss, [p1!, t2!]);
    const executable = await engine.compile({ outputs: { loss, byP: byP!, byT: byT! } });
    // Whole numbers, evenly drawn: most doubles of a range lie next to 0.
    const value = fc.integer({ min: -2000, max: 2000 }).map((x) => x / 1000);
    const values = fc.array(value, { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(values, values, values, values), async (drawn) => {
        const rows = drawn.map((v) => [v.slice(0, 3), v.slice(3)]);
        fc.pre(rows.flat().every((row) => Math.hypot(...row) > 0.1));
        const feeds = Object.fromEntries(
          names.map((name, i) => [name, Float32Array.from(drawn[i]!)]),
        );
        const results = await executable.run(feeds);
        const unit = (row: number[]) => row.map((x) => x / Math.hypot(...row));
        const distance = (p: number[][], t: number[][]) =>
          p.reduce((sum, row, i) => {
            const [u, v] = [unit(row), unit(t[i]!)];
            return sum + u.reduce((total, x, d) => total + (x - v[d]!) ** 2, 0) / p.length;
          }, 0);
        const expected = distance(rows[0]!, rows[3]!) + distance(rows[1]!, rows[2]!);
        expect(results.loss![0]).toBeCloseTo(expected, 4);
        expect([...results.byT!]).toEqual([0, 0, 0, 0, 0, 0]);
      }),
      { numRuns: 30 },
    );
    await executable.dispose();
  });
});

describe('the momentum of the target', () => {
  const at = (step: number, totalSteps = 100) =>
    encoderMomentumAt(
      { encoderMomentum: 0.96, finalEncoderMomentum: 1 },
      { step, totalSteps, stepsPerEpoch: 10 },
    );

  it('rises from its first value to 1 by half a cosine: 1 - (1 - tau)(cos(pi t / T) + 1) / 2', () => {
    for (const step of [0, 25, 50, 75, 100]) {
      expect(at(step)).toBeCloseTo(1 - (0.04 * (Math.cos((Math.PI * step) / 100) + 1)) / 2, 12);
    }
    expect([at(0), at(50), at(100)].map((m) => Number(m.toFixed(6)))).toEqual([0.96, 0.98, 1]);
  });

  it('stays where it starts while the length of the run is not known, and where no end is set', () => {
    expect(at(500, Number.MAX_SAFE_INTEGER)).toBeCloseTo(0.96, 9);
    const constant = { encoderMomentum: 0.99, finalEncoderMomentum: undefined };
    expect(encoderMomentumAt(constant, { step: 70, totalSteps: 100, stepsPerEpoch: 10 })).toBe(
      0.99,
    );
  });
});
