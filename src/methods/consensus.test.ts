/** The consensus head: its work before the first step, and its step. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { createVariables } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import { consensus, consensusState } from './consensus.ts';
import { featureContext, first } from './heads.cases.ts';
import type { PhaseContext } from './program.ts';
import { runStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [N, D, K] = [60, 6, 3];
const settings = { clusters: K, members: 1 };
const context = featureContext({ images: N, batchSize: N });
const random = randomAt(5, 'synthetic');
/** Features around K axes, in turns, of different lengths. */
const data = Float32Array.from({ length: N * D }, (_, at) => {
  const [i, d] = [Math.floor(at / D), at % D];
  return (1 + (i % 4)) * ((d === i % K ? 1 : 0) + random.normal(0, 0.1));
});
const unit = normalizeRows(featuresOf(data.slice(), D));

async function begun() {
  const { stageStart } = consensus.program(
    { method: { name: 'consensus', ...settings } } as never,
    context,
  );
  const said: string[] = [];
  const found = await stageStart!(0)!.work!({
    ...{ engine, epoch: 0, seed: 0, images: N },
    features: async () => unit,
    onProgress: (what: string) => said.push(what),
  } as Partial<PhaseContext> as PhaseContext);
  return { ...found, said };
}

describe('the consensus head', () => {
  it('begins with the clusters of all images and their mean directions', async () => {
    const { state, facts, said } = await begun();
    const labels = [...(state.labels as Float32Array)];
    expect(new Set(labels).size).toBe(K);
    labels.forEach((label, i) => {
      expect(label).toBe(labels[i % K]);
    });
    expect(facts.memberAgreement).toBeCloseTo(1, 6);
    expect(said).toEqual(['clustering 1 of 2', 'clustering 2 of 2']);
    const prototypes = state.prototypes as Float32Array;
    for (let k = 0; k < K; k++) {
      const own = unit.data.filter((_, at) => labels[Math.floor(at / D)] === k);
      const mean = Array.from({ length: D }, (_, d) =>
        own.reduce((sum, value, at) => (at % D === d ? sum + value : sum), 0),
      );
      mean.forEach((value, d) => {
        expect(prototypes[k * D + d]).toBeCloseTo(value / Math.hypot(...mean), 5);
      });
    }
  });

  it('labels all images where it clusters a sample of them', async () => {
    const phase = {
      ...{ engine, epoch: 0, seed: 0, images: N },
      features: async () => unit,
      onProgress: () => {},
    } as Partial<PhaseContext> as PhaseContext;
    const own = consensus.settings.parse(settings) as Parameters<typeof consensusState>[0];
    const { state } = await consensusState(own, context, phase, 20);
    const labels = [...(state.labels as Float32Array)];
    expect(new Set(labels).size).toBe(K);
    labels.forEach((label, i) => {
      expect(label).toBe(labels[i % K]);
    });
  });

  it('assigns images to the nearest prototype and lowers the cross-entropy', async () => {
    const { state } = await begun();
    const step = consensus.build(settings, context, [input('crops.0', [N, D])]);
    const indices = Int32Array.from({ length: N }, (_, i) => i);
    const ran = await runStep(engine, step, {
      state: { ...step.initialState(0), ...state } as Values,
      feeds: { 'crops.0': data, indices },
      at: first,
    });
    expect(ran.results['fact.accuracy']![0]).toBe(1);
    const again = await runStep(engine, step, {
      state: { ...ran.after, ...state, prototypes: ran.after.prototypes } as Values,
      feeds: { 'crops.0': data, indices },
      at: first,
    });
    expect(Number(again.results.loss![0])).toBeLessThan(Number(ran.results.loss![0]));

    const variables = createVariables({ mode: 'evaluate' });
    const probabilities = consensus.head({ method: { name: 'consensus', ...settings } } as never)
      .assign!(variables, input('x', [N, D]));
    const executable = await engine.compile({
      outputs: { probabilities },
      state: [{ current: input('prototypes', [K, D]) }],
    });
    await executable.writeState({ prototypes: state.prototypes! });
    const { probabilities: p } = await executable.run({ x: data });
    await executable.dispose();
    const labels = state.labels as Float32Array;
    labels.forEach((label, i) => {
      expect(Number(p![i * K + label])).toBeGreaterThan(0.9);
    });
  });

  it('refuses more clusters than images, and a network', () => {
    const program = (given: object, own = context) =>
      consensus.program({ method: { name: 'consensus', ...given } } as never, own);
    expect(() => program({ clusters: N + 1 })).toThrow('clusters: received "61"');
    expect(() => program(settings, featureContext({ encoder: {} }))).toThrow(
      'method: received "consensus" with architecture "resnet18"',
    );
  });
});
