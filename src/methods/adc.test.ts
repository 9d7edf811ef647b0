import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { constant, input, type Tensor } from '../tensor/index.ts';
import { adc, associationLosses, nearCenters, sizeOf, transformationLoss } from './adc.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const own = {
  embeddingDim: 6,
  clusters: 3,
  centroids: 2,
  copies: 2,
  sizeWeight: 0.01,
  transformationWeight: 0.3,
};
const crops = [
  { count: 1, size: 16 },
  { count: 2, size: 16 },
];
const matrix = (rows: number[][]) =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const classes = (...of: number[]) => constant(Int32Array.from(of), [of.length]);
const settingsWith = (given: object) =>
  ({ method: { ...adc.settings.parse(given), name: 'adc' } }) as never;

describe('ADC', () => {
  it('agrees with a whole step in PyTorch: both walks, the head on centroids, sizes', async () => {
    await expectStoredStep(engine, 'adc_step', (images: Tensor, copies?: Tensor) =>
      adc.build(own, context({ crops }), [images, copies!]),
    );
  });

  it('takes the image itself beside its augmented copies', () => {
    const flip = { kind: 'flip', p: 0.5 };
    const crop = {
      count: 2,
      size: 16,
      scale: [0.2, 1],
      ratio: [0.75, 1.3],
      steps: [flip],
    } as never;
    const [whole, copies] = adc.cropSpecs(settingsWith({}), [crop]);
    expect(whole).toEqual({ count: 1, size: 16, scale: [1, 1], ratio: [1, 1], steps: [] });
    expect(copies).toMatchObject({ count: 3, scale: [0.2, 1], steps: [flip] });
  });

  it('refuses more clusters than a batch has images', () => {
    expect(() => adc.check(settingsWith({ clusters: 9 }), context())).toThrow(
      'received 9 with batches of 8',
    );
  });

  it('starts the centroids of a cluster next to each other', () => {
    const values = nearCenters(4)([40, 50], randomAt(1, 'synthetic', 0));
    const row = (i: number) => values.subarray(50 * i, 50 * i + 50);
    const far = (i: number, j: number) =>
      row(i).reduce((most, x, d) => Math.max(most, Math.abs(x - row(j)[d]!)), 0);
    expect(far(4, 7)).toBeLessThan(0.0201);
    expect(far(4, 8)).toBeGreaterThan(0.3);
    const deviation = Math.hypot(...values) / Math.sqrt(values.length);
    expect(Math.abs(deviation - 0.3)).toBeLessThan(0.03); // 500 draws: 0.01 of standard error
  });
});

describe('associationLosses', () => {
  const a = matrix([
    [1, 0],
    [0.8, 0.2],
    [0, 1],
    [0.1, 0.9],
  ]);
  const b = matrix([
    [1, 0.1],
    [0.2, 1],
    [0.5, 0.5],
  ]);

  it('gives the golden losses', async () => {
    const losses = associationLosses(a, b, classes(0, 0, 1, 1));
    const { walker, visit } = await evaluateOn(engine, { ...losses });
    expect(walker![0]).toBeCloseTo(1.3069062, 6);
    expect(visit![0]).toBeCloseTo(1.10131467, 6);
  });

  it('ignores the names of classes and the order of images, and stays above its bounds', async () => {
    const [x, y] = [input('x', [4, 2]), input('y', [3, 2])];
    const turned = input('turned', [3, 2]);
    const one = associationLosses(x, y, classes(0, 0, 1, 1));
    const two = associationLosses(x, turned, classes(5, 5, 2, 2));
    const executable = await engine.compile({
      outputs: { w: one.walker, v: one.visit, w2: two.walker, v2: two.visit },
    });
    const values = (count: number) =>
      fc.array(
        fc.integer({ min: -3000, max: 3000 }).map((v) => v / 1000),
        { minLength: count, maxLength: count },
      );
    await fc.assert(
      fc.asyncProperty(values(8), values(6), async (of, [p, q, ...rest]) => {
        const { w, v, w2, v2 } = await executable.run({
          x: Float32Array.from(of),
          y: Float32Array.of(p!, q!, ...rest),
          turned: Float32Array.of(...rest, p!, q!),
        });
        expect(w2![0]).toBeCloseTo(w![0]!, 4);
        expect(v2![0]).toBeCloseTo(v![0]!, 4);
        expect(w![0]).toBeGreaterThan(Math.log(2) - 1e-5);
        expect(v![0]).toBeGreaterThan(Math.log(3) - 1e-5);
      }),
      { numRuns: 30 },
    );
    await executable.dispose();
  });

  it('reaches ln n where walks stay in classes of n rows, and ln M where visits are even', async () => {
    const far = matrix([
      [9, 0],
      [9, 0],
      [0, 9],
      [0, 9],
    ]);
    const { walker, visit } = await evaluateOn(engine, {
      ...associationLosses(far, far, classes(0, 0, 1, 1)),
    });
    expect(walker![0]).toBeCloseTo(Math.log(2), 5);
    expect(visit![0]).toBeCloseTo(Math.log(4), 5);
  });
});

describe('sizes and transformations', () => {
  it('measures lengths against 1, and absolute values', async () => {
    const size = sizeOf(
      matrix([
        [3, 4],
        [0, -1],
      ]),
    );
    expect((await evaluateOn(engine, { size })).size![0]).toBeCloseTo(16 + 8, 5);
  });

  it('compares each pair with its own cross-entropy, and as reference with the mean of all', async () => {
    const e = matrix([
      [1, 0],
      [-0.6, 0.8],
    ]);
    const logits = matrix([
      [2, 0],
      [0, 1],
    ]);
    const of = (variant: 'corrected' | 'reference') =>
      transformationLoss({ e, logits }, { variant });
    const results = await evaluateOn(engine, {
      corrected: of('corrected'),
      reference: of('reference'),
    });
    const log = (x: number, y: number) => x - Math.log(Math.exp(x) + Math.exp(y));
    const rows = [
      [2, 0],
      [0, 1],
    ] as const;
    const ce = (i: 0 | 1, j: 0 | 1) => {
      const [[p, q], [r, s]] = [rows[i], rows[j]];
      return -(Math.exp(log(p, q)) * log(r, s) + Math.exp(log(q, p)) * log(s, r));
    };
    const cosine = (i: number, j: number) => (i === j ? 1 : -0.6);
    const pairs = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const;
    const mean = (values: number[]) => values.reduce((x, y) => x + y) / values.length;
    const average = mean(pairs.map(([i, j]) => ce(i, j)));
    const expected = (of: (i: 0 | 1, j: 0 | 1) => number) =>
      mean(pairs.map(([i, j]) => Math.abs(1 - of(i, j) - cosine(i, j))));
    expect(results.corrected![0]).toBeCloseTo(expected(ce), 5);
    expect(results.reference![0]).toBeCloseTo(
      expected(() => average),
      5,
    );
  });
});
