/** A run whose stages have steps of their own: what flows from one to the next. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import {
  BORDER,
  beginnings,
  STEPS,
  stagedRun,
  useContrastThenCluster,
} from './contrastThenCluster.cases.ts';
import { lasting } from './meanFinder.cases.ts';
import { runFacts } from './runFacts.ts';
import { type TrainOptions, trainMethod } from './trainer.ts';

useContrastThenCluster();
const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());
const options = (changes?: Partial<TrainOptions>) => stagedRun(engine, changes);

const whole = options();
const end = (await trainMethod(whole)).training;
const wholeBeginnings = beginnings.slice();
const at = (step: number) => whole.saved.find((training) => training.step === step)!;

describe('a run of two stages', () => {
  it('compiles a step for each, and reports the stages with what their work found', () => {
    expect(end.step).toBe(STEPS);
    const told = whole.events.filter(({ kind }) => kind === 'stage' || kind === 'compiled');
    expect(told).toMatchObject([
      { kind: 'compiled' },
      { kind: 'stage', stage: 'contrast', epoch: 0, step: 0, facts: {} },
      { kind: 'compiled' },
      { kind: 'stage', stage: 'cluster', epoch: 2, step: BORDER, facts: { empty: 0 } },
    ]);
    const facts = whole.events.flatMap((event) =>
      event.kind === 'step' ? [Object.keys(event.facts)] : [],
    );
    expect(facts).toEqual(
      Array.from({ length: STEPS }, (_, i) => [i < BORDER ? 'contrastMoment' : 'clusterMoment']),
    );
  });

  it('passes the weights on, and leaves the state of other stages as it is', () => {
    expect(wholeBeginnings).toHaveLength(1);
    const [found] = wholeBeginnings;
    expect(found!['conv1.weight']).toEqual(at(BORDER).state['conv1.weight']);
    expect(end.state['conv1.weight']).not.toEqual(found!['conv1.weight']);
    expect([1, BORDER, STEPS].map((step) => at(step).state.contrastSteps![0])).toEqual([
      1,
      BORDER,
      BORDER,
    ]);
    const { centers: first } = whole.method.initialState(5);
    expect(at(BORDER).state.centers).toEqual(first);
    expect(at(BORDER + 1).state.centers).not.toEqual(first);
    for (const { state } of whole.saved)
      expect(Object.keys(state).sort()).toEqual(Object.keys(end.state).sort());
  });

  it('begins a momentum encoder as a copy of the model as it is then', () => {
    const [found] = wholeBeginnings;
    expect(found!['key.conv1.weight']).toEqual(found!['conv1.weight']);
    expect(found!['key.conv1.weight']).not.toEqual(whole.method.initialState(5)['conv1.weight']);
  });

  it('starts schedule and optimizer again where a stage asks for it', () => {
    expect(at(BORDER).state['adam.m.conv1.weight']!.some((value) => value !== 0)).toBe(true);
    expect(wholeBeginnings[0]!['adam.m.conv1.weight']!.every((value) => value === 0)).toBe(true);
    const steps = whole.events.filter((event) => event.kind === 'step');
    expect(steps.map(({ facts }) => facts.contrastMoment ?? facts.clusterMoment)).toEqual(
      Array.from({ length: STEPS }, (_, i) => i % BORDER),
    );
    const rates = steps.map(({ learningRate }) => learningRate);
    expect(rates.slice(BORDER)).toEqual(rates.slice(0, BORDER));
    expect(rates[BORDER - 1]).toBeLessThan(rates[0]!);
  });

  it('has the state of encoder and heads in all stages', () => {
    const { encoderState } = whole.method;
    expect(encoderState).toEqual(
      expect.arrayContaining(['conv1.weight', 'bn1.running_mean', 'centers']),
    );
    for (const step of [1, BORDER, STEPS]) {
      for (const name of encoderState)
        expect(at(step).state[name], name).toBeInstanceOf(Float32Array);
    }
  });

  it('has facts that hold in both: no random baseline, and the clusters', () => {
    expect(runFacts(whole.method)).toEqual({ randomBaselineLoss: null, prototypes: 3, notes: [] });
  });
});

describe('a run of two stages that is cut', () => {
  it('ends with the same bytes from either side of the border', async () => {
    for (const step of [BORDER, BORDER + 1]) {
      const { training } = await trainMethod(options({ from: structuredClone(at(step)) }));
      expect(lasting(training), `from step ${step}`).toEqual(lasting(end));
    }
  });
});
