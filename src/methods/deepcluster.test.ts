/** DeepCluster against a whole step in PyTorch; its phase on made-up features. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { adam } from '../nn/index.ts';
import { constant, input } from '../tensor/index.ts';
import { deepcluster, deepclusterPhase } from './deepcluster.ts';
import { type FlatSettings, methodProgram, patchOf } from './index.ts';
import { settingsFor } from './presets.ts';
import type { PhaseContext, StepContext } from './program.ts';
import { labeledCrossEntropy, UNLABELED } from './pseudoLabels.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const build = (images = input('crops.0', [4, 3, 63, 63]), given: Partial<StepContext> = {}) =>
  deepcluster.build(
    { clusters: 5, classifierLearningRate: 0.8 },
    context({
      batchSize: 4,
      images: 10,
      encoder: { architecture: 'alexnet', width: 1, frontEnd: 'sobel' },
      ...given,
    }),
    [images],
  );

describe('a step of DeepCluster', () => {
  it('agrees with PyTorch: Sobel, AlexNet, dropout, an image without label, two optimizers', async () => {
    await expectStoredStep(engine, 'deepcluster_step', (images) => build(images));
  });

  it('keeps nothing of the classifier between steps but its weights', () => {
    const { program, scalars } = build(undefined, { optimizer: adam() });
    const names = program.state!.map(({ current }) => current.node.attributes.name as string);
    expect(names.filter((name) => name.includes('top_layer')).sort()).toEqual([
      'top_layer.bias',
      'top_layer.weight',
    ]);
    expect(names).toContain('adam.m.classifier.4.weight');
    expect(scalars({ step: 4, stepsPerEpoch: 2, totalSteps: 9 })).toMatchObject({
      classifierLearningRate: 0.8,
      'adam.stepSize.network': 1 / (1 - 0.9 ** 5),
    });
  });

  it('needs the encoder alone afterwards, without classifier and labels', () => {
    const { encoderState, initialState } = build();
    expect(encoderState.filter((name) => /top_layer|labels/.test(name))).toEqual([]);
    expect(encoderState).toContain('features.0.weight');
    expect([...(initialState(1).labels as Float32Array)]).toEqual(Array(10).fill(UNLABELED));
  });

  it('draws other dropout masks in each step', () => {
    const { draws } = build();
    const at = (step: number, seed = 0) => draws!({ step, stepsPerEpoch: 2, totalSteps: 9 }, seed);
    expect(at(1)).toEqual(at(1));
    const name = 'dropout.classifier.3.factors';
    expect(at(1)[name]).not.toEqual(at(2)[name]);
    expect(at(1)[name]).not.toEqual(at(1, 1)[name]);
  });
});

describe('labeledCrossEntropy', () => {
  it('is the mean over labeled rows, and 0 where there are none', async () => {
    const logits = constant(Float32Array.of(1, 2, 0, 0, 5, 1), [3, 2]);
    const labels = input('labels', [3], 'int32');
    const { loss, accuracy } = labeledCrossEntropy(logits, labels);
    const executable = await engine.compile({ outputs: { loss, accuracy } });
    const some = await executable.run({ labels: Int32Array.of(0, UNLABELED, 0) });
    const none = await executable.run({ labels: new Int32Array(3).fill(UNLABELED) });
    await executable.dispose();
    expect(some.loss![0]).toBeCloseTo((Math.log(1 + Math.E) + Math.log(1 + Math.exp(-4))) / 2, 6);
    expect(some.accuracy![0]).toBeCloseTo(0.5, 6);
    expect(none.loss![0]).toBe(0);
  });
});

describe('the phase of DeepCluster', () => {
  const settings = {
    clusters: 4,
    clusterIterations: 20,
    clusterRestarts: 1,
    pcaDim: 256,
    variant: 'corrected',
  } as const;
  const shape = context({ encoder: { architecture: 'resnet10', width: 4 } });
  const N = 80;
  const D = 32;

  /** Four groups that differ in one small coordinate, under noise of a large scale in another. */
  function madeUp(seed = 1) {
    const random = randomAt(seed, 'synthetic');
    const data = new Float32Array(N * D);
    for (let i = 0; i < N; i++) {
      data[i * D] = random.normal(0, 100);
      data[i * D + 1] = (i % 2) + random.normal(0, 0.01);
      data[i * D + 2] = ((i >> 1) % 2) + random.normal(0, 0.01);
    }
    return featuresOf(data, D);
  }

  function phaseContext(given: Partial<PhaseContext> = {}): PhaseContext {
    return {
      engine,
      epoch: 0,
      seed: 0,
      images: N,
      readState: async () => ({ labels: new Float32Array(N).fill(UNLABELED) }),
      features: async () => madeUp(),
      views: () => Promise.reject(new Error('not used')),
      onProgress: () => {},
      ...given,
    };
  }

  it('gives labels of whitened features: what is large does not drown what is small', async () => {
    const { state, facts } = await deepclusterPhase({ ...settings, clusterRestarts: 5 }, shape).run(
      phaseContext(),
    );
    const labels = state.labels as Float32Array;
    // Nearly all images of one group share a label: whitened, the groups' coordinates are as large
    // as the noise's.
    let together = 0;
    for (let group = 0; group < 4; group++) {
      const sizes = new Map<number, number>();
      for (let i = group; i < N; i += 4) sizes.set(labels[i]!, (sizes.get(labels[i]!) ?? 0) + 1);
      together += Math.max(...sizes.values());
    }
    expect(together / N).toBeGreaterThan(0.7);
    expect(facts.clusters).toBe(4);
    expect(facts.largestCluster).toBeLessThan(0.6);
    expect(facts).not.toHaveProperty('nmiBefore');
  });

  it('clusters directions: a feature of another length is no cluster of its own', async () => {
    // Groups along +x, -x, +y and -y; one image of each of the first two is a thousand times as
    // long.
    const data = new Float32Array(N * D);
    for (let i = 0; i < N; i++)
      data[i * D + ((i >> 1) % 2)] = (i % 2 === 0 ? 1 : -1) * (i < 2 ? 1000 : 1);
    const { state } = await deepclusterPhase({ ...settings, clusterRestarts: 10 }, shape).run(
      phaseContext({ features: async () => featuresOf(data, D) }),
    );
    const labels = state.labels as Float32Array;
    expect(new Set(labels).size).toBe(4);
    for (let i = 4; i < N; i++) expect(labels[i], `image ${i}`).toBe(labels[i % 4]);
  });

  it('gives a new classifier in every epoch, of N(0, 0.01²) and bias 0', async () => {
    const phase = deepclusterPhase(settings, shape);
    const [first, second] = [
      await phase.run(phaseContext()),
      await phase.run(phaseContext({ epoch: 1 })),
    ];
    const weight = first.state['top_layer.weight'] as Float32Array;
    expect(weight.length).toBe(4 * D);
    expect(Math.sqrt(weight.reduce((sum, w) => sum + w * w, 0) / weight.length)).toBeCloseTo(
      0.01,
      2.5,
    );
    expect(weight).not.toEqual(second.state['top_layer.weight']);
    expect([...(first.state['top_layer.bias'] as Float32Array)]).toEqual([0, 0, 0, 0]);
  });

  it('is repeatable, and says how far its labels are those before', async () => {
    const phase = deepclusterPhase(settings, shape);
    const first = await phase.run(phaseContext({ epoch: 3 }));
    const readState = async (): Promise<Values> => ({ labels: first.state.labels! });
    const again = await phase.run(phaseContext({ epoch: 3, readState }));
    expect(again.state).toEqual(first.state);
    expect(again.facts.nmiBefore).toBeCloseTo(1, 12);
  });

  it('splits empty clusters along the way, and counts out those that identical images leave empty', async () => {
    const data = new Float32Array(N * D);
    for (let i = 0; i < N; i++) data[i * D + (i % 3)] = 5;
    const { state, facts } = await deepclusterPhase(settings, shape).run(
      phaseContext({ features: async () => featuresOf(data, D) }),
    );
    expect(facts.splitClusters).toBeGreaterThan(0);
    expect(facts.clusters).toBe(3);
    expect(new Set(state.labels as Float32Array).size).toBe(3);
  });

  it('orders an epoch by the labels that it left', () => {
    const phase = deepclusterPhase(settings, shape);
    const labels = Float32Array.from({ length: N }, (_, i) => (i < 8 ? 1 : 0));
    const order = phase.order!({ epoch: 0, seed: 0, count: N, state: { labels } });
    expect(order.length).toBe(N);
    const small = order.filter((position) => position < 8).length;
    expect(small).toBeGreaterThanOrEqual(39);
    expect(phase.orderState).toEqual(['labels']);
  });
});

describe('settings of DeepCluster', () => {
  const given = (set: FlatSettings) =>
    patchOf({ method: 'deepcluster', batchSize: 8, ...set }).settings;

  it('refuses more clusters than images, several numbers of them, and images that an architecture cannot take', () => {
    const program = (set: FlatSettings) => () =>
      methodProgram(settingsFor('small-32', given(set)), { images: 100 });
    expect(program({ clusters: '101' })).toThrow(
      'clusters: received "101"; expected whole numbers from 2 to 100',
    );
    expect(program({ clusters: '20,30' })).toThrow(
      'clusters: received "20,30"; expected one whole number',
    );
    expect(program({ clusters: '20', architecture: 'alexnet' })).toThrow(
      'architecture alexnet: received images of 32 px; expected 63 px or more',
    );
    expect(program({ clusters: '20', architecture: 'vgg16-bn', width: 4, crops: '1x64' })).toThrow(
      'received images of 64 and 32 px; expected one size',
    );
    expect(program({ clusters: '20', architecture: 'vgg16-bn', width: 4 })).not.toThrow();
  });

  it('takes one crop, and has a head without parameters', () => {
    expect(settingsFor('multicrop-64', given({})).views.crops).toEqual([{ count: 1, size: 64 }]);
    expect(deepcluster.head(settingsFor('small-32', given({}))).prototypes).toBeUndefined();
  });
});
