/** The ensemble head: its stages, the training of its members, and the join of their clusters. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { adjustedRand } from '../metrics/index.ts';
import { adam } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import type { DefinedMethod } from './defineMethod.ts';
import { ensemble } from './ensemble.ts';
import { featureContext, first } from './heads.cases.ts';
import type { PhaseContext, StepContext } from './program.ts';
import { UNLABELED } from './pseudoLabels.ts';
import { scan } from './scan.ts';
import { runStep } from './stepFixture.cases.ts';
import { turtle } from './turtle.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [N, D, K] = [60, 6, 3];
const settings = { clusters: K, members: 1, scanHeads: 3, turtleHeads: 2 };
const context = featureContext({ images: N, batchSize: N });
const random = randomAt(6, 'synthetic');
/** Features around K axes, in turns. */
const data = Float32Array.from({ length: N * D }, (_, at) => {
  const [i, d] = [Math.floor(at / D), at % D];
  return (d === i % K ? 1 : 0) + random.normal(0, 0.1);
});
const unit = normalizeRows(featuresOf(data.slice(), D));
const groups = Int32Array.from({ length: N }, (_, i) => i % K);
const program = (given: object, own: StepContext = context) =>
  ensemble.program({ method: { name: 'ensemble', ...given } } as never, own);

/** Work before the first epoch of a stage, with features and clusters of heads as given. */
async function begun(
  stage: number,
  given: { state?: Values; heads?: Float32Array; seed?: number } = {},
) {
  const { steps, stageStart } = program(settings);
  const { work } = stageStart!(steps[stage]!.firstEpoch)!;
  return work!({
    ...{ engine, epoch: steps[stage]!.firstEpoch, seed: given.seed ?? 0, images: N },
    features: async ({ outputs }: Program) =>
      outputs.features!.shape[1] === D ? unit : featuresOf(given.heads!, given.heads!.length / N),
    readState: async () => given.state!,
    onProgress: () => {},
  } as Partial<PhaseContext> as PhaseContext);
}

describe('the stages of an ensemble', () => {
  const epochs = (given: object, own: Partial<StepContext>) =>
    program(given, featureContext({ images: N, batchSize: 20, ...own })).steps.map(
      ({ firstEpoch }) => firstEpoch,
    );

  it('train the members for whole epochs, and at most three quarters of a short run', () => {
    expect(epochs({ memberSteps: 10 }, {})).toEqual([0, 4]);
    expect(epochs({ memberSteps: 10 }, { epochs: 100 })).toEqual([0, 4]);
    expect(epochs({ memberSteps: 300 }, { epochs: 8 })).toEqual([0, 6]);
    expect(epochs({ memberSteps: 300 }, { epochs: 1 })).toEqual([0, 1]);
  });

  it('begin with the consensus of the clusterings, which the state keeps', async () => {
    const { state, facts } = await begun(0);
    expect(adjustedRand(groups, Int32Array.from(state.labels as Float32Array))).toBe(1);
    expect(facts.memberAgreement).toBeCloseTo(1, 6);
    for (const name of ['clustering.0', 'clustering.1']) {
      expect(adjustedRand(groups, Int32Array.from(state[name] as Float32Array)), name).toBe(1);
    }
    expect(Object.keys(state).sort()).toEqual(
      ['clustering.0', 'clustering.1', 'labels', 'prototypes'].sort(),
    );
  });

  it('end with what most members say, heads and clusterings alike', async () => {
    const halves = Float32Array.from({ length: N }, (_, i) => Math.floor((i * K) / N));
    const clusterings = { 'clustering.0': Float32Array.from(groups), 'clustering.1': halves };
    // Of five heads four say the groups, each by numbers of its own, and one the halves.
    const heads = Float32Array.from({ length: N * 5 }, (_, at) => {
      const [i, head] = [Math.floor(at / 5), at % 5];
      return head === 4 ? halves[i]! : (groups[i]! + head) % K;
    });
    const { state, facts } = await begun(1, { state: clusterings, heads });
    expect(adjustedRand(groups, Int32Array.from(state.labels as Float32Array))).toBe(1);
    expect(facts.memberAgreement).toBeCloseTo(5 / 7, 1);
    // The other way round the heads are outvoted.
    const others = Float32Array.from(heads, (cluster, at) =>
      at % 5 < 4 ? halves[Math.floor(at / 5)]! : cluster,
    );
    const outvoted = await begun(1, { state: clusterings, heads: others });
    const labels = Int32Array.from(outvoted.state.labels as Float32Array);
    expect(adjustedRand(Int32Array.from(halves), labels)).toBe(1);
  });

  it('label images outside the sample by their neighbors', async () => {
    const isOutside = (_: unknown, i: number) => i % 5 === 0;
    const known = Float32Array.from(groups, (group, i) => (isOutside(0, i) ? UNLABELED : group));
    const heads = Float32Array.from({ length: N * 5 }, (_, at) => groups[Math.floor(at / 5)]!);
    const state = { 'clustering.0': known, 'clustering.1': known };
    const joined = await begun(1, { state, heads });
    expect(adjustedRand(groups, Int32Array.from(joined.state.labels as Float32Array))).toBe(1);
  });
});

describe('the members of an ensemble', () => {
  const crop = input('crops.0', [2 * N, D]);
  const feeds = {
    'crops.0': Float32Array.from({ length: 2 * N * D }, (_, at) => data[at % (N * D)]!),
    indices: Int32Array.from({ length: N }, (_, i) => i),
  };
  const step = ensemble.build(settings, context, [crop]);
  const state = step.initialState(0) as Values;

  /** State after a step of a method with its own recipe, from the same weights. */
  async function alone(method: DefinedMethod<never>, own: object, given: readonly number[]) {
    const { learningRate, weightDecay } = method.recipe.optimizer as Record<string, number>;
    const single = method.build(
      own as never,
      featureContext({
        ...{ images: N, batchSize: N, optimizer: adam({ weightDecay }) },
        learningRate: () => learningRate!,
      }),
      [input('crops.0', given)],
    );
    const names = Object.keys(single.initialState(0));
    const { after } = await runStep(engine, single, {
      state: {
        ...(single.initialState(0) as Values),
        ...Object.fromEntries(Object.entries(state).filter(([name]) => names.includes(name))),
      },
      feeds: {
        ...feeds,
        'crops.0': feeds['crops.0'].slice(0, given[0]! * D),
        ...single.draws?.(first, 0),
      },
      at: first,
    });
    return after;
  }

  it('are updated as in the methods themselves, and the prototypes beside them', async () => {
    const { after, results } = await runStep(engine, step, {
      state: { ...state, labels: Float32Array.from(groups) },
      feeds: { ...feeds, ...step.draws!(first, 0) },
      at: first,
    });
    const ofScan = await alone(scan as never, { clusters: K, clusterHeads: settings.scanHeads }, [
      2 * N,
      D,
    ]);
    const ofTurtle = await alone(
      turtle as never,
      { clusters: K, clusterHeads: settings.turtleHeads },
      [N, D],
    );
    const trained = Object.keys(after).filter((name) => /^(cluster_head|task_encoder)/.test(name));
    expect(trained.length).toBeGreaterThanOrEqual(2 * 3 + 3 * 2);
    for (const name of trained) {
      const expected = { ...ofScan, ...ofTurtle }[name]!;
      const [now, before] = [after[name] as Float32Array, state[name] as Float32Array];
      now.forEach((value, i) => {
        expect(value, name).toBeCloseTo(Number(expected[i]), 5);
      });
      expect(now, name).not.toEqual(before);
    }
    expect(after.prototypes).not.toEqual(state.prototypes);
    for (const fact of ['scanLoss', 'turtleLoss', 'accuracy']) {
      expect(results[`fact.${fact}`]![0]).toEqual(expect.any(Number));
    }
  });

  it('are refused for more clusters than images, and for a network', () => {
    expect(() => program({ clusters: N + 1 })).toThrow('clusters: received "61"');
    expect(() => program(settings, featureContext({ encoder: {} }))).toThrow(
      'method: received "ensemble" with architecture "resnet18"',
    );
  });
});
