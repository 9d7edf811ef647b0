/**
 * HCSC against a whole step in PyTorch; its warm-up, its ablations and its phase between epochs.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { input } from '../tensor/index.ts';
import { hcsc } from './hcsc.ts';
import { methodProgram, resolveSettings } from './index.ts';
import type { EpochPhase, PhaseContext } from './program.ts';
import { candidatesOf } from './selection.ts';
import {
  context,
  expectClose,
  expectStoredVariant,
  keys,
  storedAs,
  type Variant,
} from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const COUNTS = [7, 4, 2];
type Given = Partial<z.input<typeof hcsc.settings>>;
const build = (given: Given = {}, images = crops()) =>
  hcsc.build({ ...keys, clusters: COUNTS, clusterWarmupEpochs: 2, ...given }, context(), images);
const crops = () => [input('crops.0', [16, 3, 16, 16]), input('crops.1', [8, 3, 8, 8])];

describe('a whole step of HCSC against PyTorch', () => {
  for (const variant of ['corrected', 'reference'] as const satisfies Variant[]) {
    it(`agrees in loss, gradients, weights, key encoder and queue, with a local crop (${variant})`, async () => {
      const candidates = (stored: (name: string) => Float32Array): Values =>
        Object.fromEntries(
          COUNTS.map((K, l) => [
            `candidates.${l}`,
            candidatesOf(Int32Array.from(stored(`before.labels.${l}`)), K, variant),
          ]),
        );
      const { results, stored } = await expectStoredVariant(
        engine,
        'hcsc_step',
        variant,
        (...images) => build({ variant }, images),
        { derived: candidates },
      );
      expectClose(
        results['fact.meanKeep']!,
        stored(`${storedAs[variant]}.meanKeep`),
        'mean keep probability',
      );
    });
  }
});

/** Outputs of a step from its own first state. */
async function firstStep(given: Given, at: number): Promise<Values> {
  const step = build(given);
  const executable = await engine.compile(step.program);
  await executable.writeState(step.initialState(0));
  const moment = { step: at, stepsPerEpoch: 10, totalSteps: 100 };
  const scalars = Object.entries(step.scalars(moment)).map(([name, value]) => [
    name,
    Float32Array.of(value),
  ]);
  const pixels = (count: number) => new Float32Array(count).map((_, i) => Math.sin(i * 1.7));
  const results = await executable.run({
    'crops.0': pixels(16 * 3 * 256),
    'crops.1': pixels(8 * 3 * 64),
    indices: Int32Array.from({ length: 8 }, (_, i) => i),
    ...step.draws?.(moment, 0),
    ...Object.fromEntries(scalars),
  });
  await executable.dispose();
  return results;
}

describe('before the warm-up is over', () => {
  it('is InfoNCE of all queries with all keys, whatever is selected later', async () => {
    const both = await firstStep({}, 0);
    const none = await firstStep({ selection: 'none' }, 0);
    expect(Number.isFinite(both.loss![0])).toBe(true);
    expect(both.loss![0]).toBeCloseTo(none.loss![0]!, 5);
    expect(both.loss![0]).toBeGreaterThan(none['fact.instanceLoss']![0]!); // the local crop is in it
  });
});

describe('selection', () => {
  it('adds one instance term per level, and one in all where instances are not selected', async () => {
    // On the first state clusters say nothing: all are kept with the same probability 1 - 1/K.
    const [both, prototypes] = [
      await firstStep({}, 20),
      await firstStep({ selection: 'prototypes' }, 20),
    ];
    expect(both['fact.instanceLoss']![0]).toBeGreaterThan(2 * prototypes['fact.instanceLoss']![0]!);
    const expected = COUNTS.reduce((sum, K) => sum + (1 - 1 / K) / COUNTS.length, 0);
    expect(both['fact.meanKeep']![0]).toBeCloseTo(expected, 5);
    expect(both['fact.meanKeepPrototypes']![0]).toBeCloseTo((1 - 1 / 4 + 1 - 1 / 2) / 2, 5);
    expect(prototypes).not.toHaveProperty('fact.meanKeep');
    expect(prototypes).toHaveProperty('fact.meanKeepPrototypes');
  });

  it('needs tables and draws only for what is selected', () => {
    const namesOf = (selection: Given['selection']) => {
      const { initialState, draws } = build({ selection });
      const drawn = draws?.({ step: 0, stepsPerEpoch: 10, totalSteps: 100 }, 0) ?? {};
      return [
        ...Object.keys(initialState(0)).filter((n) => n.startsWith('uniform')),
        ...Object.keys(drawn),
      ];
    };
    const ofKind = (kind: string) => [
      `uniform.${kind}`,
      `rowShifts.${kind}`,
      `columnShifts.${kind}`,
    ];
    expect(namesOf('none')).toEqual([]);
    expect(namesOf('instances')).toEqual(ofKind('instances'));
    expect(namesOf('prototypes')).toEqual(ofKind('prototypes'));
    expect(namesOf('both').length).toBe(6);
  });
});

describe('the phase between epochs', () => {
  const settings = (clusters: number[]) =>
    resolveSettings({
      data: { batchSize: 8, imageSize: 16 },
      views: { crops: [{ count: 2, size: 16 }], scales: [[0.3, 1]] },
      encoder: { architecture: 'resnet10', width: 4 },
      method: {
        ...{ name: 'hcsc', hiddenDim: 8, embeddingDim: 4, temperature: 0.3, queueLength: 16 },
        ...{ clusters, clusterRestarts: 3, clusterWarmupEpochs: 1 },
      },
    });
  const N = 60;
  const random = randomAt(0, 'synthetic');
  const points = new Float32Array(N * 4).map(
    (_, i) => Math.cos((Math.floor(i / 4) % 3) + (i % 4)) + random.normal(0, 0.05),
  );
  const program = methodProgram(settings([9, 3]), { images: N });
  const phase = program.phase as EpochPhase;
  const context = (epoch: number, before: Values): PhaseContext => ({
    engine,
    epoch,
    seed: 4,
    images: N,
    readState: async (names) => Object.fromEntries(names.map((name) => [name, before[name]!])),
    features: async () => featuresOf(points, 4),
    views: async () => ({}),
    onProgress() {},
  });

  it('leaves a tree: images of one cluster share the cluster above, unit prototypes, phi of mean tau', async () => {
    expect([0, 1].map((epoch) => phase.isDue(epoch))).toEqual([false, true]);
    const before = program.initialState(0);
    const { state, facts } = await phase.run(context(1, before));
    expect(Object.keys(state).sort()).toEqual(
      ['candidates', 'centroids', 'labels', 'phi'].flatMap((n) => [`${n}.0`, `${n}.1`]),
    );
    const [fine, coarse] = [state['labels.0']!, state['labels.1']!];
    const parents = new Map<number, number>();
    fine.forEach((label: number, i: number) => {
      parents.set(label, parents.get(label) ?? coarse[i]!);
      expect(coarse[i]).toBe(parents.get(label));
    });
    for (const [l, K] of [9, 3].entries()) {
      for (let k = 0; k < K; k++)
        expect(Math.hypot(...state[`centroids.${l}`]!.slice(k * 4, k * 4 + 4))).toBeCloseTo(1, 5);
      const phi = [...state[`phi.${l}`]!];
      expect(phi.reduce((a, b) => a + b, 0) / K).toBeCloseTo(0.3, 5);
      const occupied = new Set(state[`labels.${l}`]);
      expect([...state[`candidates.${l}`]!]).toEqual(
        Array.from({ length: K }, (_, k) => Number(occupied.has(k))),
      );
    }
    expect(facts.empty).toBe(9 + 3 - new Set(fine).size - new Set(coarse).size);
    expect((await phase.run(context(1, before))).state).toEqual(state);
    const next = await phase.run(context(2, { ...before, ...state }));
    expect(next.facts.adjustedRandBefore).toBeGreaterThan(0.3);
  });

  it('refuses levels that are no tree before a run begins', () => {
    expect(() => methodProgram(settings([3, 9]), { images: N })).toThrow(
      '9 clusters at level 1 for 3 clusters at level 0',
    );
  });
});
