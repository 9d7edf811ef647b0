/** A method of a user: defined outside this folder's list, registered, built and resolved. */
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openEngine } from '../backends/index.ts';
import { sgd } from '../nn/index.ts';
import { input, mean, mul, split, type Tensor } from '../tensor/index.ts';
import {
  allMethods,
  defineMethod,
  methodNamed,
  methodProgram,
  patchOf,
  project,
  projectionSettings,
  registerMethod,
  type Settings,
  type StepProgram,
  settingsFor,
} from './index.ts';
import { context, head } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const define = (name: string, given: Partial<Parameters<typeof defineMethod>[0]> = {}) =>
  defineMethod({
    name,
    about: 'two embeddings are pulled together',
    crops: 'pair',
    settings: z.strictObject({
      ...projectionSettings,
      pull: z.number().positive().default(2).describe('strength'),
    }),
    presets: {
      [`${name}-paper`]: { description: 'the recipe', settings: { method: { pull: 5 } } },
    },
    remedies: {
      narrow: ({ method: { pull } }) => ({
        settings: { method: { pull: (pull as number) / 2 } },
        description: 'half the pull',
      }),
    },
    head: (settings) => ({
      project: (variables, h) => project(variables, h, settings as typeof head),
    }),
    step({ crops: [images], settings, step, model }) {
      const [a, b] = split(model.embed(images!), 2) as [Tensor, Tensor];
      step.minimize(mul(mean(mul(a, b)), -(settings.pull as number)));
      step.observe({ embeddings: a, pairs: [a, b], randomBaselineLoss: 1 });
    },
    ...given,
  });

describe('a method of a user', () => {
  const own = define('pull-together');
  let forget: () => void;
  // Other files of tests may share the modules, and list all methods.
  afterAll(() => {
    forget();
    expect(() => methodNamed('pull-together')).toThrow('received "pull-together"');
  });

  it('needs no edit of ours: after registerMethod it has settings, presets and a program', () => {
    expect(() => methodNamed('pull-together')).toThrow(
      /received "pull-together"; expected one of swav/,
    );
    registerMethod(own);
    forget = registerMethod(own);
    expect(allMethods()).toContain(own);
    const { settings: patch } = patchOf({ method: 'pull-together', pull: '3', batchSize: '4' });
    const settings = settingsFor('small-32', patch);
    expect(settings.method).toMatchObject({ name: 'pull-together', pull: 3, hiddenDim: 256 });
    expect(settingsFor('pull-together-paper', {}).method).toMatchObject({ pull: 5 });
    const [{ program, randomBaselineLoss }] = methodProgram(settings, { images: 16 }).steps;
    expect(program.name).toBe('pull-together-step');
    expect(randomBaselineLoss).toBe(1);
    expect(own.remedy('narrow', settings)?.settings).toEqual({ method: { pull: 1.5 } });
    expect(own.remedy('collapsed', settings)).toBeUndefined();
  });

  it('may refuse pretrained models, of which it would have features or layers alone', () => {
    const pixels = define('pixels-alone', { input: 'images' });
    const step = (architecture: 'pretrained' | 'imported' | 'resnet10') =>
      pixels.check(
        { ...settingsFor('small-32', {}), method: { name: 'pixels-alone' } } as Settings,
        context({ encoder: { architecture, dimension: 8 } }),
      );
    expect(() => step('resnet10')).not.toThrow();
    for (const architecture of ['pretrained', 'imported'] as const) {
      expect(() => step(architecture)).toThrow(
        'received "pixels-alone" with a pretrained model; expected no model',
      );
    }
  });

  it('may not take the name of another', () => {
    expect(() => registerMethod(define('swav'))).toThrow(
      'received "swav", which another method has',
    );
  });
});

describe('stages with steps of their own', () => {
  const crops = [input('crops.0', [16, 3, 16, 16])];
  const averaged =
    (scale: number): Parameters<typeof defineMethod>[0]['step'] =>
    ({ crops: [images], step, model }) => {
      const z = model.embed(images!); // [16, D]
      step.minimize(mul(mean(z), scale));
      step.observe({ embeddings: z });
      step.state(`only.${scale}`, [scale]);
    };
  const stages = () => [
    { name: 'first', epochs: 1, step: averaged(1) },
    { name: 'second', step: averaged(2) },
  ];
  const namesOf = ({ program }: StepProgram) =>
    program.state!.map(({ current }) => String(current.node.attributes.name));

  it('are built by name, and share the variables', () => {
    const method = define('staged', { step: undefined, stages });
    const [first, second] = ['first', 'second'].map((stage) =>
      namesOf(method.build({ ...head }, context(), crops, stage)),
    );
    expect(first!.filter((name) => !second!.includes(name))).toEqual(['only.1']);
    expect(second!.filter((name) => !first!.includes(name))).toEqual(['only.2']);
    expect(namesOf(method.build({ ...head }, context(), crops))).toEqual(first);
  });

  it('are refused where one has none, and where a value has two shapes', () => {
    const settings = { method: { name: 'staged', ...head } } as unknown as Settings;
    const program = (given: Partial<Parameters<typeof defineMethod>[0]>) => () =>
      define('staged', { step: undefined, ...given }).program(settings, context());
    expect(program({})).toThrow('received "staged" without a step for all stages');
    expect(program({ stages: () => [...stages().slice(0, 1), { name: 'none' }] })).toThrow(
      'expected "step", or a step in every stage',
    );
    const widened: Parameters<typeof defineMethod>[0]['step'] = (scope) => {
      scope.step.state('only.1', [3]);
      averaged(2)!(scope);
    };
    expect(program({ stages: () => [stages()[0]!, { name: 'second', step: widened }] })).toThrow(
      /stages: the step from epoch 2 has "only\.1" of shape \[3\]; expected \[1\]/,
    );
  });
});

describe('a step', () => {
  const images = input('crops.0', [16, 3, 16, 16]);

  it('without a loss is refused, and so is one that leaves a parameter out', () => {
    const build = (step: Parameters<typeof defineMethod>[0]['step']) => () =>
      define('broken', { step }).build({ ...head }, context(), [images]);
    expect(build(({ model }) => void model.embed(images))).toThrow('received no loss');
    expect(
      build(({ step, model }) =>
        step.minimize(mean(model.embed(images)), { variables: 'layer1.' }),
      ),
    ).toThrow(/received variables "layer1\."; expected a call that updates "conv1\.weight" too/);
  });

  it('updates groups of parameters by losses, rates and steps of their own', async () => {
    const built = define('players', {
      step({ step, model }) {
        const z = model.embed(images); // [16, D]
        step.minimize(mean(z), { optimizer: sgd({ momentum: 0 }) });
        step.minimize(mul(mean(z), -1), {
          group: 'head',
          variables: 'projection_head.',
          optimizer: sgd({ momentum: 0 }),
          learningRate: step.scalar('headRate', () => 0.25),
          when: { isActive: ({ step: at }) => at % 2 === 1, updates: ({ step: at }) => at >> 1 },
        });
        step.observe({ embeddings: z });
      },
    }).build({ ...head }, context(), [images]);
    const executable = await engine.compile({
      ...built.program,
      outputs: { ...built.program.outputs, d: built.gradients['projection_head.0.weight']! },
    });
    const first = built.initialState(1);
    const after: Float32Array[] = [];
    const slopes: Float32Array[] = [];
    for (const step of [0, 1]) {
      await executable.writeState(first);
      const scalars = built.scalars({ step, stepsPerEpoch: 10, totalSteps: 100 });
      const results = await executable.run({
        'crops.0': new Float32Array(16 * 3 * 256).map((_, i) => Math.sin(i * 1.7)),
        ...Object.fromEntries(Object.entries(scalars).map(([key, x]) => [key, Float32Array.of(x)])),
      });
      slopes.push(results.d as Float32Array);
      after.push(
        (await executable.readState(['projection_head.0.weight']))[
          'projection_head.0.weight'
        ] as Float32Array,
      );
    }
    await executable.dispose();
    const before = first['projection_head.0.weight']!;
    expect(after[0]).toEqual(before);
    after[1]!.forEach((value, i) => {
      expect(value).toBeCloseTo(before[i]! - 0.25 * slopes[1]![i]!, 6);
    });
    expect(after[1]).not.toEqual(before);
  });
});
