/** DeepCluster-v2 against a whole step in PyTorch; its banks and its phase. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { createVariables } from '../nn/index.ts';
import { constant, input, type Tensor } from '../tensor/index.ts';
import { bankAfter, deepclusterV2, deepclusterV2Phase, headLoss } from './deepclusterV2.ts';
import { methodProgram } from './index.ts';
import { settingsFor } from './presets.ts';
import type { PhaseContext } from './program.ts';
import { UNLABELED } from './pseudoLabels.ts';
import { context, expectStoredStep, head } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const build = (images: Tensor[]) =>
  deepclusterV2.build({ ...head, temperature: 0.2, clusters: [5, 4, 6] }, context(), images);

describe('a step of DeepCluster-v2', () => {
  it('agrees with PyTorch: multi-crop, three heads, images without labels, banks afterwards', async () => {
    await expectStoredStep(engine, 'deepcluster_v2_step', (big, ...small) =>
      build([big, ...small]),
    );
  });

  it('trains no prototypes, and says the loss of chance over its heads', () => {
    const { gradients, randomBaselineLoss } = build([input('crops.0', [16, 3, 16, 16])]);
    expect(Object.keys(gradients).filter((name) => name.startsWith('prototypes'))).toEqual([]);
    expect(randomBaselineLoss).toBeCloseTo(Math.log(120) / 3, 12);
  });
});

describe('headLoss', () => {
  it('gives every crop the label of its image: the mean over crops and labeled images', async () => {
    // Two images, two crops; image 1 has no label.
    const S = [0.5, -0.2, 0.9, 0.1, -0.4, 0.3, 0.8, 0.7];
    const { loss } = headLoss(constant(Float32Array.from(S), [4, 2]), input('y', [2], 'int32'), {
      temperature: 0.1,
    });
    const executable = await engine.compile({ outputs: { loss } });
    const { loss: received } = await executable.run({ y: Int32Array.of(1, UNLABELED) });
    await executable.dispose();
    const of = (right: number, wrong: number) => Math.log(1 + Math.exp((wrong - right) / 0.1));
    expect(received![0]).toBeCloseTo((of(-0.2, 0.5) + of(0.3, -0.4)) / 2, 5);
  });
});

describe('bankAfter', () => {
  it("replaces the batch's rows and no others", async () => {
    const bank = input('bank', [5, 2]);
    const z = input('z', [2, 2]);
    const next = bankAfter(bank, input('indices', [2], 'int32'), z);
    const executable = await engine.compile({ outputs: {}, state: [{ current: bank, next }] });
    await executable.writeState({ bank: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) });
    await executable.run({ indices: Int32Array.of(3, 0), z: Float32Array.of(-1, -2, -3, -4) });
    const after = await executable.readState();
    await executable.dispose();
    expect([...after.bank!]).toEqual([-3, -4, 3, 4, 5, 6, -1, -2, 9, 10]);
  });
});

describe('the phase of DeepCluster-v2', () => {
  const settings = {
    hiddenDim: 8,
    embeddingDim: 4,
    clusters: [3, 2, 3],
    clusterIterations: 10,
    clusterRestarts: 1,
  };
  const N = 40;

  function directions(seed: number): Float32Array {
    const random = randomAt(seed, 'synthetic');
    const data = new Float32Array(N * 4);
    for (let i = 0; i < N; i++) {
      const values = Array.from({ length: 4 }, () => random.normal());
      values.forEach((value, d) => {
        data[i * 4 + d] = value / Math.hypot(...values);
      });
    }
    return data;
  }
  const banks = { 'bank.0': directions(1), 'bank.1': directions(2) };

  function phaseContext(given: Partial<PhaseContext> = {}): PhaseContext {
    const held: Values = { ...banks };
    for (const h of [0, 1, 2]) held[`labels.${h}`] = new Float32Array(N).fill(UNLABELED);
    return {
      engine,
      epoch: 1,
      seed: 0,
      images: N,
      readState: async (names) => Object.fromEntries(names.map((name) => [name, held[name]!])),
      features: () => Promise.reject(new Error('not used')),
      views: () => Promise.reject(new Error('not used')),
      onProgress: () => {},
      ...given,
    };
  }
  const phase = deepclusterV2Phase(
    settings,
    context({ encoder: { architecture: 'resnet10', width: 4 } }),
  );

  it('fills the banks from random views before the first epoch, and from then on takes them as the steps left them', async () => {
    let program: Program | undefined;
    const views: PhaseContext['views'] = async (given) => {
      program = given;
      return { 'bank.0': featuresOf(banks['bank.1'], 4), 'bank.1': featuresOf(banks['bank.0'], 4) };
    };
    const first = await phase.run(phaseContext({ epoch: 0, views }));
    expect(first.state['bank.0']).toEqual(banks['bank.1']);
    expect(Object.values(program!.outputs).map(({ shape }) => [...shape])).toEqual([
      [8, 4],
      [8, 4],
    ]);
    const later = await phase.run(phaseContext());
    expect(later.state).not.toHaveProperty('bank.0');
  });

  it('labels each image by its nearest centroid, of bank 0 for heads 0 and 2 and of bank 1 for head 1', async () => {
    const { state } = await phase.run(phaseContext());
    const nearest = (bank: Float32Array, C: Float32Array, i: number) => {
      const cosines = Array.from({ length: C.length / 4 }, (_, k) =>
        [0, 1, 2, 3].reduce((sum, d) => sum + bank[i * 4 + d]! * C[k * 4 + d]!, 0),
      );
      return cosines.indexOf(Math.max(...cosines));
    };
    [banks['bank.0'], banks['bank.1'], banks['bank.0']].forEach((bank, h) => {
      const C = state[`prototypes.${h}.weight`] as Float32Array;
      for (let k = 0; k < C.length; k += 4)
        expect(Math.hypot(...C.slice(k, k + 4))).toBeCloseTo(1, 5);
      const expected = Array.from({ length: N }, (_, i) => nearest(bank, C, i));
      expect([...(state[`labels.${h}`] as Float32Array)], `head ${h}`).toEqual(expected);
    });
    // The heads of one bank start from other rows.
    expect(state['prototypes.0.weight']).not.toEqual(state['prototypes.2.weight']);
  });

  it('is repeatable', async () => {
    const [a, b] = [await phase.run(phaseContext()), await phase.run(phaseContext())];
    expect(a).toEqual(b);
    const otherEpoch = await phase.run(phaseContext({ epoch: 2 }));
    expect(otherEpoch.state['prototypes.0.weight']).not.toEqual(a.state['prototypes.0.weight']);
  });
});

describe('settings of DeepCluster-v2', () => {
  it('refuses more clusters than images', () => {
    const given = {
      data: { batchSize: 8 },
      method: { name: 'deepcluster-v2', clusters: [50, 101] },
    };
    expect(() => methodProgram(settingsFor('small-32', given), { images: 100 })).toThrow(
      'clusters: received "50,101"; expected whole numbers from 2 to 100',
    );
  });

  it('compares with the centroids of its first head', () => {
    const settings = settingsFor('small-32', { method: { name: 'deepcluster-v2' } });
    const C = deepclusterV2.head(settings).prototypes!(createVariables());
    expect(C.node.attributes.name).toBe('prototypes.0.weight');
  });
});
