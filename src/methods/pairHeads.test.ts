/** Parts that IIC and PICA share: views, turns, the chosen head, and refused settings. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { createVariables, linear } from '../nn/index.ts';
import { input, softmax } from '../tensor/index.ts';
import { iic } from './iic.ts';
import { methodHead, methodProgram, type OwnSettings, settingsFor, viewsOf } from './index.ts';
import { pairContext, stored } from './pairHeads.cases.ts';
import { pairPhase } from './pairHeads.ts';
import { pica } from './pica.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const settings = (name: string, own: OwnSettings = {}) =>
  settingsFor('small-32', {
    data: { batchSize: 8 },
    encoder: { architecture: 'resnet10', width: 4 },
    method: { name, clusters: 3, overClusters: 6, ...own },
  });

describe('views of pairs', () => {
  it('are a random square without other changes, and perturbed copies', () => {
    const crops = (name: string) =>
      viewsOf(settings(name, { perturbedViews: 3, originalScale: 0.5 })).crops;
    const whole = { count: 1, size: 32, scale: [0.5, 0.5], ratio: [1, 1], steps: [] };
    for (const name of ['pica', 'iic']) {
      expect(crops(name)[0]).toEqual(whole);
      expect(crops(name)[1]).toMatchObject({ count: 3, size: 32, scale: [0.2, 1] });
      expect(crops(name)[1]!.steps.map(({ kind }) => kind)).toEqual([
        'flip',
        'colorJitter',
        'grayscale',
      ]);
    }
    expect(crops('pica')[1]!.ratio).toEqual([3 / 4, 4 / 3]);
    expect(crops('iic')[1]!.ratio).toEqual([1, 1]);
  });
});

describe('turns of the heads', () => {
  it('are one epoch of over-clustering, then those of the clusters, again and again', () => {
    const crops = [input('crops.0', [8, 3, 16, 16]), input('crops.1', [16, 3, 16, 16])];
    const own = { ...stored, training: 'turns', clusterEpochs: 2 } as const;
    const { scalars } = iic.build(own, pairContext(), crops);
    const turn = (step: number) => scalars({ step, stepsPerEpoch: 4, totalSteps: 100 }).clusterTurn;
    expect([0, 3, 4, 11, 12, 15, 16].map(turn)).toEqual([0, 0, 1, 1, 0, 0, 1]);
  });

  it('keep images that are only learned from away from the clusters', () => {
    const context = { ...pairContext(), images: 30, extra: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
    const all = { ...pica.settings.parse(stored), ...stored } as Parameters<typeof pairPhase>[0];
    const { order } = pairPhase(all, context)!;
    const visited = (epoch: number) => [...order!({ epoch, seed: 1, count: 24, state: {} })];
    expect(new Set(visited(0)).size).toBe(24);
    expect(visited(0).some((i) => i < 10)).toBe(true);
    expect(visited(1).every((i) => i >= 10)).toBe(true);
    expect(new Set(visited(1)).size).toBe(20);
    expect(visited(1)).toEqual(visited(1));
    expect(visited(1)).not.toEqual(visited(3));
    expect(pairPhase(all, { ...context, extra: [0] })).toBeUndefined();
  });
});

describe('the head', () => {
  it('that counts is the one with the lowest running mean loss', async () => {
    const { assign, project } = methodHead(settings('iic', { clusterHeads: 3 }));
    const variables = createVariables({ mode: 'evaluate' });
    const features = input('features', [4, 32]);
    const outputs = { y: assign!(variables, features), z: project(variables, features) };
    const named = [...variables.parameters(), ...variables.buffers()];
    const executable = await engine.compile({
      outputs,
      state: named.map(({ tensor }) => ({ current: tensor })),
    });
    const initial = methodProgram(settings('iic', { clusterHeads: 3 }), {
      images: 40,
    }).initialState(3);
    const state = Object.fromEntries(named.map(({ name }) => [name, initial[name]!]));
    const values = Float32Array.from({ length: 4 * 32 }, (_, i) => Math.sin(i) * 9);
    const probabilities = async (headLosses: readonly number[]) => {
      await executable.writeState({ ...state, headLosses: Float32Array.from(headLosses) });
      return (await executable.run({ features: values })).y!;
    };
    const second = await probabilities([-0.1, -0.5, -0.2]);
    const third = await probabilities([-0.1, -0.2, -0.5]);
    await executable.dispose();
    const alone = createVariables({ mode: 'evaluate' });
    const logits = linear(alone, 'cluster_head.1', features, { features: 3 });
    const one = await engine.compile({
      outputs: { y: softmax(logits) },
      state: alone.parameters().map(({ tensor }) => ({ current: tensor })),
    });
    const names = alone.parameters().map(({ name }) => name);
    await one.writeState(Object.fromEntries(names.map((name) => [name, state[name]!])));
    const { y } = await one.run({ features: values });
    await one.dispose();
    second.forEach((value, i) => {
      expect(value).toBeCloseTo(y![i]!, 5);
    });
    expect([...third]).not.toEqual([...second]);
  });
});

describe('refused settings', () => {
  const refusal = (own: OwnSettings, given: object = {}) => {
    try {
      const context = { ...pairContext(), ...given };
      pica.program(settings('pica', own), context);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('name the value and the next step', () => {
    expect(refusal({ perturbedViews: 2 })).toBe('');
    expect(refusal({ clusters: 9, overClusters: 18 })).toMatch(
      /^clusters: received 9 for batches of 8 images; expected at most 8, .* raise batchSize\.$/,
    );
    expect(refusal({ clusters: 6, overClusters: 4 })).toMatch(
      /^overClusters: received 4 with clusters=6; expected at least 6\. .* to 42\.$/,
    );
    expect(refusal({ training: 'turns' }, { epochs: 1 })).toMatch(
      /^epochs: received 1 .* at least 2, .* set training=together\.$/,
    );
    expect(refusal({}, { images: 12, extra: [0, 1, 2, 3, 4, 5, 6, 7] })).toMatch(
      /^batchSize: received 8 for 4 labeled images, .* Lower batchSize\.$/,
    );
  });
});
