import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import { constant, gradients, input, type Tensor } from '../tensor/index.ts';
import { confidentLabels, labelFacts } from './confidentLabels.ts';
import { ntXent, sameLabel } from './contrastive.ts';
import { balancedCrossEntropy, UNLABELED } from './pseudoLabels.ts';
import { context, expectStoredStep, head } from './stepFixture.cases.ts';
import { tcl } from './tcl.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const own = { ...head, clusters: 5, temperature: 0.5, clusterTemperature: 1 };
const crops = [
  { count: 1, size: 16 },
  { count: 1, size: 16 },
];
const build = (stage: string) => (first: Tensor, second?: Tensor) =>
  tcl.build(own, context({ crops }), [first, second!], stage);

describe('TCL', () => {
  it('agrees with a whole step of twin contrast in PyTorch', async () => {
    await expectStoredStep(engine, 'tcl_twin_step', build('twin'));
  });

  it('agrees with a whole step of boosting in PyTorch: labels left out, clusters weighted', async () => {
    await expectStoredStep(engine, 'tcl_boost_step', build('boost'));
  });

  it('changes the strong view alone', () => {
    const crop = { count: 2, size: 16, scale: [0.2, 1], ratio: [1, 1], steps: [] } as never;
    const settings = { method: { ...tcl.settings.parse({}), name: 'tcl' } } as never;
    const [weak, strong] = tcl.cropSpecs(settings, [crop]);
    expect(weak).toMatchObject({ count: 1, steps: [] });
    expect(strong!.steps.map(({ kind }) => kind)).toEqual(['affine', 'solarize']);
  });

  it('refuses more clusters than a batch has images', () => {
    const settings = { method: { ...tcl.settings.parse({ clusters: 9 }), name: 'tcl' } } as never;
    expect(() => tcl.check(settings, context())).toThrow('received 9 with batches of 8');
  });
});

describe('the instance loss among labels', () => {
  const [a, b] = [input('a', [3, 2]), input('b', [3, 2])];
  const circle = (...angles: number[]) =>
    Float32Array.from(angles.flatMap((x) => [Math.cos(x), Math.sin(x)]));
  const feeds = { a: circle(0, 1, 2), b: circle(0.5, 1.5, 2.5) };
  const loss = (...labels: number[]) =>
    ntXent(a, b, {
      temperature: 0.5,
      exclude: sameLabel(constant(Int32Array.from(labels), [3])),
    });

  it('leaves out other images of the same label, and keeps the own pair', async () => {
    const results = await evaluateOn(engine, { loss: loss(0, 1, 0) }, feeds);
    const angles = [0, 1, 2, 0.5, 1.5, 2.5];
    const terms = angles.map((angle, i) => {
      const e = (j: number) => Math.exp(2 * Math.cos(angle - angles[j]!));
      const partner = (i + 3) % 6;
      const others = i % 3 === 1 ? [0, 2, 3, 5] : [1, 4];
      const all = others.reduce((total, j) => total + e(j), e(partner));
      return Math.log(all / e(partner));
    });
    expect(results.loss![0]).toBeCloseTo(terms.reduce((x, y) => x + y) / 6, 5);
  });

  it('is NT-Xent without labels, and where all differ', async () => {
    const all = {
      plain: ntXent(a, b, { temperature: 0.5 }),
      none: loss(UNLABELED, UNLABELED, UNLABELED),
      different: loss(0, 1, 2),
    };
    const { plain, none, different } = await evaluateOn(engine, all, feeds);
    expect(none![0]).toBeCloseTo(plain![0]!, 6);
    expect(different![0]).toBeCloseTo(plain![0]!, 6);
  });
});

describe('balancedCrossEntropy', () => {
  const logits = input('logits', [4, 3]);
  const values = Float32Array.of(1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 0, 1);
  const labels = (...y: number[]) => constant(Int32Array.from(y), [4]);

  it('is the mean over the clusters of the batch of the mean over their images', async () => {
    const { loss, labeled } = balancedCrossEntropy(logits, labels(0, 1, 0, UNLABELED));
    const results = await evaluateOn(engine, { loss, labeled }, { logits: values });
    const ce = (own: number) => Math.log(Math.exp(own) + 2) - own;
    expect(results.loss![0]).toBeCloseTo(((ce(1) + ce(3)) / 2 + ce(2)) / 2, 5);
    expect(results.labeled![0]).toBeCloseTo(0.75, 6);
  });

  it('is 0 without labels, with a gradient of 0', async () => {
    const { loss } = balancedCrossEntropy(logits, labels(-100, -100, -100, -100));
    const [byLogits] = gradients(loss, [logits]);
    const results = await evaluateOn(engine, { loss, byLogits: byLogits! }, { logits: values });
    expect(results.loss![0]).toBeCloseTo(0, 12);
    expect([...results.byLogits!]).toEqual(new Array(12).fill(0));
  });
});

describe('confidentLabels', () => {
  const options = { confidence: 0.8, labelFraction: 0.5 };
  const none = (count: number) => new Array<number>(count).fill(UNLABELED);
  const twoClusters = (...p: number[]) =>
    featuresOf(Float32Array.from(p.flatMap((x) => [x, 1 - x])), 2);

  it('labels the most confident of each cluster, up to half of an equal share', () => {
    // 6 / 2 · 0.5 gives 2 images per cluster.
    const P = twoClusters(0.9, 0.95, 0.99, 0.1, 0.3, 0.85);
    const labels = confidentLabels(P, none(6), options);
    expect([...labels]).toEqual([UNLABELED, 0, 0, 1, UNLABELED, UNLABELED]);
    expect(labelFacts(labels)).toEqual({ labeledImages: 3, labeledClusters: 2 });
  });

  it('keeps a label while its image is confident, even of another cluster', () => {
    const P = twoClusters(0.81, 0.7, 0.05, 0.95);
    const labels = confidentLabels(P, [1, 0, 0, UNLABELED], options);
    expect([...labels]).toEqual([1, UNLABELED, 0, 0]);
  });

  it('gives no cluster more new labels than its quota, and only confident predictions', () => {
    const probability = fc.integer({ min: 0, max: 1000 }).map((x) => x / 1000);
    fc.assert(
      fc.property(fc.array(probability, { minLength: 2, maxLength: 30 }), (p) => {
        const labels = confidentLabels(twoClusters(...p), none(p.length), options);
        for (const k of [0, 1]) {
          const given = [...labels.keys()].filter((i) => labels[i] === k);
          expect(given.length).toBeLessThanOrEqual(Math.ceil(p.length / 4));
          for (const i of given) {
            expect(k === 0 ? p[i]! : 1 - p[i]!).toBeGreaterThan(0.7999);
          }
        }
      }),
    );
  });
});
