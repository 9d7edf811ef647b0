/**
 * Contrastive Clustering against golden vectors (computed in numpy from the paper's formulas,
 * checked with the authors' own loss functions) and against a whole step in PyTorch.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { adam, createVariables } from '../nn/index.ts';
import {
  constant,
  gradients,
  input,
  nodesOf,
  softmax,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import { clusterContrast, imbalanceOf } from './clusterContrast.ts';
import { ntXent } from './contrastive.ts';
import { contrastiveClustering } from './contrastiveClustering.ts';
import {
  methodHead,
  methodProgram,
  type OwnSettings,
  patchOf,
  settingsFor,
  viewsOf,
} from './index.ts';
import { pairSimilarities } from './pairSimilarity.ts';
import type { StepContext } from './program.ts';
import { context, expectClose, head, openStored, runStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const matrix = (rows: number[][]) =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

const evaluate = (outputs: Record<string, Tensor>, feeds: Values = {}) =>
  evaluateOn(engine, outputs, feeds);

const za = matrix([
  [1, 0],
  [0.6, 0.8],
  [0, 1],
]);
const zb = matrix([
  [0.8, 0.6],
  [0, 1],
  [-0.6, 0.8],
]);
const ya = matrix([
  [0.7, 0.2, 0.1],
  [0.1, 0.8, 0.1],
  [0.2, 0.2, 0.6],
  [0.6, 0.3, 0.1],
]);
const yb = matrix([
  [0.6, 0.3, 0.1],
  [0.2, 0.7, 0.1],
  [0.1, 0.3, 0.6],
  [0.5, 0.4, 0.1],
]);

describe('the losses', () => {
  it('give the golden instance loss', async () => {
    const { loss } = await evaluate({ loss: ntXent(za, zb, { temperature: 0.5 }) });
    expect(loss![0]).toBeCloseTo(1.252458572, 6);
  });

  it('give the golden cluster loss and its parts', async () => {
    const { contrast, imbalance } = clusterContrast(ya, yb, { temperature: 1 });
    const results = await evaluate({ contrast, a: imbalance[0], b: imbalance[1] });
    expect(results.contrast![0]).toBeCloseTo(1.255265987, 6);
    expect(results.a![0]).toBeCloseTo(0.028662679, 6);
    expect(results.b![0]).toBeCloseTo(0.031894101, 6);
    expect(results.contrast![0]! + results.a![0]! + results.b![0]!).toBeCloseTo(1.315822766, 6);
  });

  it('punish a collapse onto one cluster', async () => {
    const collapsed = matrix([0, 1, 2, 3].map(() => [0.98, 0.01, 0.01]));
    const { contrast, imbalance } = clusterContrast(collapsed, collapsed, { temperature: 1 });
    const results = await evaluate({ contrast, a: imbalance[0], b: imbalance[1] });
    expect(results.a![0]! + results.b![0]!).toBeCloseTo(1.973420464, 5);
    expect(results.contrast![0]).toBeCloseTo(Math.log(5), 5);
  });

  it('count a cluster without any share as 0, with finite gradients', async () => {
    // Only the first two of three clusters have anything; the third has exactly nothing, in
    // float32.
    const logits = input('logits', [4, 3]);
    const y = softmax(logits);
    const { contrast, imbalance } = clusterContrast(y, y, { temperature: 1 });
    const loss = imbalance[0];
    const [fromImbalance] = gradients(loss, [logits]);
    const [fromContrast] = gradients(contrast, [logits]);
    const results = await evaluate(
      { y, loss, contrast, fromImbalance: fromImbalance!, fromContrast: fromContrast! },
      { logits: Float32Array.of(1, -1, -500, -1, 1, -500, 1, -1, -500, -1, 1, -500) },
    );
    expect(results.y![2]).toBe(0);
    expect(results.loss![0]).toBeCloseTo(Math.log(3) - Math.log(2), 5);
    for (const values of [results.contrast!, results.fromImbalance!, results.fromContrast!])
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
  });

  it('are 0 to ln M for the shares, least where clusters are equally large, as the formula says', async () => {
    const logits = input('logits', [6, 4]);
    const y = softmax(logits);
    const executable = await engine.compile({ outputs: { y, loss: imbalanceOf(y) } });
    const number = fc.double({ min: -20, max: 20, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 24, maxLength: 24 }), async (values) => {
        const { y: p, loss } = await executable.run({ logits: Float32Array.from(values) });
        const of = (k: number) =>
          [0, 1, 2, 3, 4, 5].reduce((sum, row) => sum + p![row * 4 + k]! / 6, 0);
        const shares = [0, 1, 2, 3].map(of);
        const expected =
          Math.log(4) + shares.reduce((sum, s) => sum + (s > 0 ? s * Math.log(s) : 0), 0);
        expect(loss![0]).toBeCloseTo(expected, 4);
        expect(loss![0]).toBeGreaterThan(-1e-5);
        expect(loss![0]).toBeLessThan(Math.log(4) + 1e-5);
      }),
      { numRuns: 25 },
    );
    await executable.dispose();
  });

  it('do not hang on how long columns are, nor on the order of clusters or images', async () => {
    const a = input('a', [5, 3]);
    const b = input('b', [5, 3]);
    const executable = await engine.compile({
      outputs: { contrast: clusterContrast(a, b, { temperature: 0.7 }).contrast },
    });
    const of = async (x: number[], y: number[]) =>
      (await executable.run({ a: Float32Array.from(x), b: Float32Array.from(y) })).contrast![0]!;
    const positive = fc.double({ min: 0.05, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(positive, { minLength: 30, maxLength: 30 }),
        fc.array(positive, { minLength: 3, maxLength: 3 }),
        async (values, factors) => {
          const [x, y] = [values.slice(0, 15), values.slice(15)];
          const plain = await of(x, y);
          const scaled = x.map((value, i) => value * factors[i % 3]!);
          expect(await of(scaled, y)).toBeCloseTo(plain, 4);
          const turned = (v: number[]) =>
            v.map((_, i) => v[Math.floor(i / 3) * 3 + ((i + 1) % 3)]!);
          expect(await of(turned(x), turned(y))).toBeCloseTo(plain, 4);
          const reversed = (v: number[]) =>
            [4, 3, 2, 1, 0].flatMap((row) => v.slice(row * 3, row * 3 + 3));
          expect(await of(reversed(x), reversed(y))).toBeCloseTo(plain, 4);
          // Views may be exchanged.
          expect(await of(y, x)).toBeCloseTo(plain, 4);
        },
      ),
      { numRuns: 20 },
    );
    await executable.dispose();
  });
});

describe('pairSimilarities', () => {
  it('are mean and standard deviation over all positive and all negative pairs', async () => {
    const facts = await evaluate(pairSimilarities('instance', za, zb));
    const rows = (x: number[][], y: number[][]) =>
      x.map((a) => y.map((b) => a[0]! * b[0]! + a[1]! * b[1]!));
    const S = rows(
      [
        [1, 0],
        [0.6, 0.8],
        [0, 1],
      ],
      [
        [0.8, 0.6],
        [0, 1],
        [-0.6, 0.8],
      ],
    );
    const stats = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)];
    };
    const [positive, positiveSpread] = stats(S.map((row, i) => row[i]!));
    const [negative, negativeSpread] = stats(S.flatMap((row, i) => row.filter((_, j) => j !== i)));
    expect(facts.instancePositive![0]).toBeCloseTo(positive!, 6);
    expect(facts.instancePositiveSpread![0]).toBeCloseTo(positiveSpread!, 5);
    expect(facts.instanceNegative![0]).toBeCloseTo(negative!, 6);
    expect(facts.instanceNegativeSpread![0]).toBeCloseTo(negativeSpread!, 5);
  });
});

describe('a whole step against PyTorch', () => {
  const { stored, under: names } = openStored('contrastive_clustering_step');

  const views = () => [input('crops.0', [8, 3, 16, 16]), input('crops.1', [8, 3, 16, 16])];
  const build = (
    heads: 'both' | 'instance' | 'cluster' = 'both',
    given: Partial<StepContext> = {},
  ) =>
    contrastiveClustering.build(
      { ...head, heads, clusters: 5 },
      context({ optimizer: adam({ weightDecay: 1e-3 }), learningRate: () => 1e-2, ...given }),
      views(),
    );

  /** The third step of Adam. */
  async function step(given: Partial<StepContext> = {}) {
    const method = build('both', given);
    const initial: Record<string, Float32Array> = {};
    for (const { current } of method.program.state ?? []) {
      const name = current.node.attributes.name as string;
      initial[name] = stored(name.startsWith('adam.') ? name : `before.${name}`);
    }
    const feeds = { 'crops.0': stored('crops.0'), 'crops.1': stored('crops.1') };
    return { ...(await runStep(engine, method, { state: initial, feeds })), initial };
  }

  const expectAgrees = (received: TensorData, name: string) =>
    expectClose(received, stored(name), name, { floor: 0 });

  it('agrees in loss, its parts, gradients, weights and statistics', async () => {
    const { results, after } = await step();
    expectAgrees(results.loss!, 'whole.loss');
    expectAgrees(results['fact.instanceLoss']!, 'whole.instance');
    expectAgrees(results['fact.clusterLoss']!, 'whole.cluster');
    expectAgrees(results['fact.imbalance']!, 'whole.imbalance');
    expectAgrees(results.usage!, 'whole.usage');
    expect(names('whole.gradients.').length).toBeGreaterThan(40);
    for (const name of names('whole.gradients.'))
      expectAgrees(results[`d ${name}`]!, `whole.gradients.${name}`);
    for (const name of names('whole.after.')) expectAgrees(after[name]!, `whole.after.${name}`);
  });

  it('agrees on images that are only learned from: the instance loss alone, the cluster head and its memory as they were', async () => {
    const extra = Array.from({ length: 40 }, (_, i) => i);
    const { results, after, initial } = await step({ images: 80, extra });
    expectAgrees(results.loss!, 'extra.loss');
    for (const name of names('extra.gradients.'))
      expectAgrees(results[`d ${name}`]!, `extra.gradients.${name}`);
    for (const name of names('extra.after.')) expectAgrees(after[name]!, `extra.after.${name}`);
    const held = Object.keys(initial).filter((name) => name.includes('cluster_projector'));
    expect(held).toHaveLength(12);
    for (const name of held) expect(after[name], name).toEqual(initial[name]);
  });

  it('has only the head that is asked for, and its loss alone', async () => {
    const only = (heads: 'instance' | 'cluster') => build(heads).program;
    const [instance, cluster] = [only('instance'), only('cluster')];
    const namesOf = ({ state = [] }: Program) =>
      state.map(({ current }) => current.node.attributes.name as string);
    expect(namesOf(instance).some((name) => name.includes('cluster_projector'))).toBe(false);
    expect(namesOf(cluster).some((name) => name.includes('instance_projector'))).toBe(false);
    expect(instance.outputs.usage).toBeUndefined();
    // Both losses of one forward pass: the inputs have the same names.
    const held = namesOf(build().program).filter((name) => !name.startsWith('adam.'));
    const results = await evaluate(
      { instance: instance.outputs.loss!, cluster: cluster.outputs.loss! },
      {
        ...Object.fromEntries(held.map((name) => [name, stored(`before.${name}`)])),
        'crops.0': stored('crops.0'),
        'crops.1': stored('crops.1'),
      },
    );
    expect(results.instance![0]).toBeCloseTo(stored('whole.instance')[0]!, 4);
    expect(results.cluster![0]).toBeCloseTo(
      stored('whole.cluster')[0]! + stored('whole.imbalance')[0]!,
      4,
    );
  });
});

describe('as a method', () => {
  const settings = (own: OwnSettings = {}) =>
    settingsFor('tiny-28', {
      data: { batchSize: 4 },
      encoder: { architecture: 'resnet10', width: 4 },
      method: {
        name: 'contrastive-clustering',
        hiddenDim: 8,
        embeddingDim: 4,
        clusters: 3,
        ...own,
      },
    });

  it('takes a view without augmentation as the image itself', () => {
    const counts = (augmentedViews: 'both' | 'one' | 'none') =>
      viewsOf(settings({ augmentedViews })).crops.map(({ count, steps, scale }) => [
        count,
        steps.length > 0,
        scale[0],
      ]);
    expect(counts('both')).toEqual([[2, true, 0.3]]);
    expect(counts('one')).toEqual([
      [1, true, 0.3],
      [1, false, 1],
    ]);
    expect(counts('none')).toEqual([[2, false, 1]]);
  });

  it('builds a step for any of its views', () => {
    const inputs = (augmentedViews: 'both' | 'one' | 'none') => {
      const [{ program }] = methodProgram(settings({ augmentedViews }), { images: 40 }).steps;
      return nodesOf([program.outputs.loss!])
        .flatMap(({ attributes, outputs: [tensor] }) =>
          String(attributes.name).startsWith('crops.') ? [[attributes.name, tensor!.shape[0]]] : [],
        )
        .sort();
    };
    expect(inputs('both')).toEqual([['crops.0', 8]]);
    expect(inputs('one')).toEqual([
      ['crops.0', 4],
      ['crops.1', 4],
    ]);
    expect(inputs('none')).toEqual([['crops.0', 8]]);
  });

  it('names clusters with probabilities that sum to 1, and embeds on the sphere', async () => {
    const head = methodHead(settings());
    const variables = createVariables({ mode: 'evaluate' });
    const features = input('features', [5, 32]);
    const outputs = { z: head.project(variables, features), y: head.assign!(variables, features) };
    const state = variables.parameters().map(({ tensor }) => ({ current: tensor }));
    const executable = await engine.compile({ outputs, state });
    const { initialState } = methodProgram(settings(), { images: 40 });
    const initial = initialState(0);
    await executable.writeState(
      Object.fromEntries(variables.parameters().map(({ name }) => [name, initial[name]!])),
    );
    const data = Float32Array.from({ length: 5 * 32 }, (_, i) => Math.sin(i));
    const { z, y } = await executable.run({ features: data });
    for (let row = 0; row < 5; row++) {
      expect(Math.hypot(...(z!.slice(row * 4, row * 4 + 4) as Float32Array))).toBeCloseTo(1, 5);
      expect((y!.slice(row * 3, row * 3 + 3) as Float32Array).reduce((a, b) => a + b)).toBeCloseTo(
        1,
        5,
      );
    }
    await executable.dispose();
  });

  it('learns no clusters with the instance head alone', () => {
    expect(methodHead(settings({ heads: 'instance' })).assign).toBeUndefined();
    expect(methodHead(settings()).prototypes).toBeUndefined();
  });

  it('refuses what is no number of clusters', () => {
    for (const clusters of ['1', 'ten', '', '2.5']) {
      const given = patchOf({ method: 'contrastive-clustering', clusters }).settings;
      expect(() => settingsFor('tiny-28', given)).toThrow(/clusters: received/);
    }
  });
});
