/**
 * PCL against a whole step in PyTorch, ProtoNCE against its formula, and the phase between epochs.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { constant, input, type Tensor } from '../tensor/index.ts';
import { type FlatSettings, methodProgram, patchOf, resolveSettings } from './index.ts';
import { pcl } from './pcl.ts';
import type { EpochPhase, PhaseContext } from './program.ts';
import { protoNce } from './protoNce.ts';
import { context, expectStoredVariant, keys, type Variant } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const build = (variant: Variant = 'corrected', images = input('crops.0', [16, 3, 16, 16])) =>
  pcl.build(
    { ...keys, clusters: [6, 9], negativePrototypes: 7, clusterWarmupEpochs: 2, variant },
    context(),
    [images],
  );

describe('a whole step of PCL against PyTorch', () => {
  for (const variant of ['corrected', 'reference'] as const) {
    it(`agrees in loss, gradients, weights, key encoder and queue (${variant})`, async () => {
      await expectStoredVariant(engine, 'pcl_step', variant, (images) => build(variant, images));
    });
  }
});

describe('the warm-up', () => {
  const step = build();

  it('turns the prototypes on with the first step after it', () => {
    const at = (now: number) => step.scalars({ step: now, stepsPerEpoch: 10, totalSteps: 100 });
    expect([0, 19, 20, 99].map((now) => at(now)['stage.prototypes'])).toEqual([0, 0, 1, 1]);
  });

  it('trains by the instance loss alone until then, on the state that a run starts with', async () => {
    const executable = await engine.compile(step.program);
    await executable.writeState(step.initialState(0));
    const moment = { step: 0, stepsPerEpoch: 10, totalSteps: 100 };
    const scalars = Object.entries(step.scalars(moment)).map(([name, value]) => [
      name,
      Float32Array.of(value),
    ]);
    const results = await executable.run({
      'crops.0': new Float32Array(16 * 3 * 256).map((_, i) => Math.sin(i * 1.7)),
      indices: Int32Array.from({ length: 8 }, (_, i) => i),
      ...step.draws!(moment, 0),
      ...Object.fromEntries(scalars),
    });
    await executable.dispose();
    expect(results.loss![0]).toBe(results['fact.instanceLoss']![0]);
    expect(Number.isFinite(results['fact.prototypeLoss']![0])).toBe(true);
    expect(Number.isFinite(results.embeddingMean![0])).toBe(true);
  });
});

describe('draws', () => {
  it('are distinct clusters, only where there are more than are asked for, and another set in each step', () => {
    const { draws } = build();
    const at = (step: number, seed = 0) =>
      draws!({ step, stepsPerEpoch: 10, totalSteps: 100 }, seed);
    expect(Object.keys(at(0))).toEqual(['negativePrototypes.1']);
    const drawn = at(3)['negativePrototypes.1'] as Int32Array;
    expect(new Set(drawn).size).toBe(7);
    expect(drawn.every((id) => id >= 0 && id < 9)).toBe(true);
    expect(at(3)).toEqual(at(3));
    expect(at(4)).not.toEqual(at(3));
    expect(at(3, 1)).not.toEqual(at(3));
  });
});

describe('ProtoNCE', () => {
  /** Two queries in clusters 0 and 1, three prototypes. */
  const C = constant(Float32Array.of(1, 0, 0, 1, -1, 0), [3, 2]);
  const phi = constant(Float32Array.of(0.2, 0.25, 0.5), [3]);
  const q = constant(Float32Array.of(0.6, 0.8, 0, 1), [2, 2]);
  const ids = (...values: number[]) => constant(Int32Array.from(values), [values.length]);
  const evaluated = async (loss: Tensor) => {
    const executable = await engine.compile({ outputs: { loss } });
    const value = (await executable.run({})).loss![0]!;
    await executable.dispose();
    return value;
  };
  const ce = (own: number, ...others: number[]) =>
    Math.log([own, ...others].reduce((sum, x) => sum + Math.exp(x), 0)) - own;

  it('is the cross-entropy over all prototypes, each at its own temperature, where all are negatives', async () => {
    const loss = await evaluated(
      protoNce(q, { prototypes: C, phi, labels: ids(0, 1), variant: 'corrected' }),
    );
    const first = ce(0.6 / 0.2, 0.8 / 0.25, -0.6 / 0.5);
    const second = ce(1 / 0.25, 0, 0);
    expect(loss).toBeCloseTo((first + second) / 2, 5);
  });

  it('leaves out drawn negatives that the batch holds already', async () => {
    const drawn = ids(1, 2);
    const loss = await evaluated(
      protoNce(q, { prototypes: C, phi, labels: ids(0, 1), drawn, variant: 'corrected' }),
    );
    const all = await evaluated(
      protoNce(q, { prototypes: C, phi, labels: ids(0, 1), variant: 'corrected' }),
    );
    expect(loss).toBeCloseTo(all, 6);
  });

  it('makes images of one cluster negatives of each other only as released', async () => {
    const given = { prototypes: C, phi, labels: ids(1, 1) };
    const corrected = await evaluated(protoNce(q, { ...given, variant: 'corrected' }));
    const released = await evaluated(protoNce(q, { ...given, variant: 'reference' }));
    const rows = [
      [0.8 / 0.25, 0.6 / 0.2, -0.6 / 0.5],
      [1 / 0.25, 0, 0],
    ];
    expect(corrected).toBeCloseTo(
      (ce(...(rows[0] as [number])) + ce(...(rows[1] as [number]))) / 2,
      5,
    );
    expect(released).toBeCloseTo(
      (ce(rows[0]![0]!, ...rows[0]!) + ce(rows[1]![0]!, ...rows[1]!)) / 2, // its own prototype once more
      5,
    );
  });

  it('is 0 where no other prototype is left', async () => {
    const one = {
      prototypes: C,
      phi,
      labels: ids(1, 1),
      drawn: ids(1),
      variant: 'corrected',
    } as const;
    expect(await evaluated(protoNce(q, one))).toBeCloseTo(0, 6);
  });

  it('counts a cluster of several images once, and as released once per image', async () => {
    const three = constant(Float32Array.of(0.6, 0.8, 0, 1, 0.8, 0.6), [3, 2]);
    const given = { prototypes: C, phi, labels: ids(0, 1, 1) };
    // Logits q·c / phi of the clusters 0, 1 and 2, by query.
    const [a, b, c] = [
      [0.6 / 0.2, 0.8 / 0.25, -0.6 / 0.5],
      [0, 1 / 0.25, 0],
      [0.8 / 0.2, 0.6 / 0.25, -0.8 / 0.5],
    ] as const;
    const once = (ce(...a) + ce(b[1], b[0], b[2]) + ce(c[1], c[0], c[2])) / 3;
    const released =
      (ce(a[0], a[1], a[1], a[2]) + ce(b[1], b[1], b[0], b[2]) + ce(c[1], c[1], c[0], c[2])) / 3;
    for (const drawn of [undefined, ids(2), ids(1, 2)]) {
      const corrected = await evaluated(protoNce(three, { ...given, drawn, variant: 'corrected' }));
      expect(corrected).toBeCloseTo(once, 5);
      const reference = await evaluated(protoNce(three, { ...given, drawn, variant: 'reference' }));
      expect(reference).toBeCloseTo(released, 5);
    }
  });

  it('is the cross-entropy over the set of candidate clusters, for any batch', async () => {
    const [B, K, D, r] = [6, 5, 3, 3];
    const given = {
      prototypes: input('C', [K, D]),
      phi: input('phi', [K]),
      labels: input('y', [B], 'int32'),
    };
    const queries = input('q', [B, D]);
    const some = { ...given, drawn: input('drawn', [r], 'int32') };
    const executable = await engine.compile({
      outputs: {
        all: protoNce(queries, { ...given, variant: 'corrected' }),
        some: protoNce(queries, { ...some, variant: 'corrected' }),
        every: protoNce(queries, {
          ...given,
          drawn: input('order', [K], 'int32'),
          variant: 'corrected',
        }),
        released: protoNce(queries, { ...some, variant: 'reference' }),
      },
    });
    const clusters = Array.from({ length: K }, (_, k) => k);
    const numbers = (length: number, min: number) =>
      fc.array(fc.double({ min, max: 1, noNaN: true }), { minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(
        numbers(B * D, -1),
        numbers(K * D, -1),
        numbers(K, 0.1),
        fc.array(fc.integer({ min: 0, max: K - 1 }), { minLength: B, maxLength: B }),
        fc.shuffledSubarray(clusters, { minLength: K }),
        async (q, C, phi, y, order) => {
          const drawn = order.slice(0, r);
          const ran = await executable.run({
            ...{ q: Float32Array.from(q), C: Float32Array.from(C), phi: Float32Array.from(phi) },
            ...{
              y: Int32Array.from(y),
              drawn: Int32Array.from(drawn),
              order: Int32Array.from(order),
            },
          });
          const logit = (i: number, k: number) =>
            q.slice(i * D, i * D + D).reduce((sum, x, d) => sum + x * C[k * D + d]!, 0) / phi[k]!;
          const expected = (candidates: readonly number[]) => {
            const others = new Set([...y, ...candidates]);
            const losses = y.map((own, i) =>
              ce(logit(i, own), ...[...others].filter((k) => k !== own).map((k) => logit(i, k))),
            );
            return losses.reduce((a, b) => a + b) / B;
          };
          // Logits reach 30, and float32 has seven digits.
          expect(ran.all![0]).toBeCloseTo(expected(clusters), 4);
          expect(ran.every![0]).toBeCloseTo(expected(clusters), 4);
          expect(ran.some![0]).toBeCloseTo(expected(drawn), 4);
          expect(ran.released![0]).toBeGreaterThan(ran.some![0]! - 1e-4);
        },
      ),
      { numRuns: 40 },
    );
    await executable.dispose();
  });
});

describe('the phase between epochs', () => {
  const settings = (given: FlatSettings = {}) =>
    resolveSettings(
      patchOf({
        ...{ method: 'pcl', architecture: 'resnet10', width: 4, crops: '2x16', scales: '0.3-1' },
        ...{ batchSize: 8, imageSize: 16, hiddenDim: 8, embeddingDim: 4, temperature: 0.3 },
        ...{ queueLength: 16, clusters: '3,5', clusterRestarts: 5, clusterWarmupEpochs: 1 },
        ...given,
      }).settings,
    );
  const N = 60;
  const random = randomAt(0, 'synthetic');
  const points = new Float32Array(N * 4).map(
    (_, i) => Math.cos((Math.floor(i / 4) % 3) + (i % 4)) + random.normal(0, 0.05),
  );

  /** A context that gives made-up features, and remembers the program that it was asked to run. */
  function context(epoch: number, before: Values): PhaseContext & { asked: Program[] } {
    const asked: Program[] = [];
    return {
      asked,
      engine,
      epoch,
      seed: 4,
      images: N,
      readState: async (names) => Object.fromEntries(names.map((name) => [name, before[name]!])),
      features: async (program) => {
        asked.push(program);
        return featuresOf(points, 4);
      },
      views: async () => ({}),
      onProgress() {},
    };
  }
  const program = methodProgram(settings(), { images: N });
  const phase = program.phase as EpochPhase;

  it('is due once the warm-up is over', () => {
    expect([0, 1, 2].map((epoch) => phase.isDue(epoch))).toEqual([false, true, true]);
  });

  it('asks for features of the key encoder, and its state is part of the step', async () => {
    const now = context(1, program.initialState(0));
    await phase.run(now);
    const names = now.asked[0]!.state!.map(({ current }) => current.node.attributes.name as string);
    const held = new Set(
      program.steps[0].program.state!.map(({ current }) => current.node.attributes.name),
    );
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      expect(name).toMatch(/^key\./);
      expect(held).toContain(name);
    }
  });

  it('has a batch norm in the head where one is asked for, in both encoders and in the phase', async () => {
    const namesOf = async (headNorm: 'batch' | 'none') => {
      const { encoderState, phase, initialState } = methodProgram(settings({ headNorm }), {
        images: N,
      });
      const now = context(1, initialState(0));
      await phase!.run(now);
      const held = now.asked[0]!.state!.map(
        ({ current }) => current.node.attributes.name as string,
      );
      return [...encoderState, ...held].filter((name) =>
        name.endsWith('projection_head.1.running_mean'),
      );
    };
    expect(await namesOf('none')).toEqual([]);
    expect(await namesOf('batch')).toEqual([
      'projection_head.1.running_mean',
      'key.projection_head.1.running_mean',
    ]);
  });

  it('gives unit prototypes, labels in range and concentrations of mean tau, the same for the same epoch', async () => {
    const before = program.initialState(0);
    const { state, facts } = await phase.run(context(1, before));
    expect(Object.keys(state).sort()).toEqual(
      ['centroids.0', 'centroids.1', 'labels.0', 'labels.1', 'phi.0', 'phi.1'].sort(),
    );
    for (const [m, K] of [3, 5].entries()) {
      const C = state[`centroids.${m}`]!;
      expect(C.length).toBe(K * 4);
      for (let k = 0; k < K; k++)
        expect(Math.hypot(...C.slice(k * 4, k * 4 + 4))).toBeCloseTo(1, 5);
      expect(state[`labels.${m}`]!.length).toBe(N);
      expect(new Set(state[`labels.${m}`]).size).toBe(K);
      const phi = [...state[`phi.${m}`]!];
      expect(phi.reduce((a, b) => a + b, 0) / K).toBeCloseTo(0.3, 5);
    }
    expect(facts).toEqual({ empty: 0 });
    expect((await phase.run(context(1, before))).state).toEqual(state);
    const next = await phase.run(context(2, { ...before, ...state }));
    expect(next.facts.adjustedRandBefore).toBeGreaterThan(0.5);
  });

  it('says what is wrong before a run begins', () => {
    const programOf =
      (given: FlatSettings, images = N) =>
      () =>
        methodProgram(settings(given), { images });
    expect(programOf({ clusters: '3,61' })).toThrow(
      'clusters: received "3,61"; expected whole numbers from 2 to 60, the number of images, joined by commas, such as "3"',
    );
    expect(programOf({ clusters: '3,x' })).toThrow(
      'clusters: received "3,x"; expected whole numbers',
    );
    expect(programOf({ clusters: '1' })).toThrow(/clusters: received 1; .*2/);
    expect(programOf({ queueLength: 0 })).toThrow(/queueLength: received 0; .*1/);
  });
});
