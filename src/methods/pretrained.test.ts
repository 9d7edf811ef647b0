/** Methods on stored features of a pretrained model: one step of each, and their heads. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { createVariables, encode, featureLength } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import {
  allMethods,
  checkStem,
  defineMethod,
  encoderOptions,
  inferenceProgram,
  initialEncoderState,
  type Method,
  methodNamed,
  methodProgram,
  resolveSettings,
  type SettingsPatch,
  viewsOf,
} from './index.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [B, D, N] = [8, 6, 24];
const encoder = { architecture: 'pretrained', dimension: D } as const;
const counts = { multiple: 3, pair: 2, single: 1 } as const;
const normalize = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** Values that fit two dozen images, for the settings that a method has. */
const fitting = { clusters: 4, prototypes: 8, queueLength: 16, hiddenDim: 5, embeddingDim: 4 };
const settingsOf = ({ name, crops, settings: { shape } }: Method, given: SettingsPatch = {}) => {
  const own = Object.entries(fitting).flatMap(([key, value]) => {
    const schema = shape[key] as { safeParse(value: unknown): { success: boolean } } | undefined;
    if (!schema) return [];
    return [[key, schema.safeParse(value).success ? value : [value, value, value]]];
  });
  return resolveSettings({
    data: { batchSize: B },
    encoder,
    views: { crops: [{ count: counts[crops], size: 32 }] },
    method: { name, ...Object.fromEntries(own) },
    ...given,
  } as SettingsPatch);
};
function normals(count: number): Float32Array {
  const random = randomAt(0, 'view', 0, 0);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe('features of a pretrained model', () => {
  it('go through the encoder as they are, without a parameter', () => {
    const variables = createVariables();
    const x = input('x', [B, D]);
    expect(encode(variables, x, encoder)).toBe(x);
    expect(variables.parameters()).toEqual([]);
    expect(featureLength(encoder)).toBe(D);
    const { features } = inferenceProgram({ encoder, normalize, batchSize: B, size: 32 });
    expect([features.shape, features.dtype]).toEqual([[B, D], 'float32']);
    expect(features.node.attributes.name).toBe('images');
  });

  it('need a dimension, and no layers', () => {
    expect(() => featureLength({ architecture: 'pretrained' })).toThrow(
      'architecture pretrained: received no dimension; expected the number of features per image',
    );
    const { encoder: options } = resolveSettings({ encoder });
    expect(encoderOptions({ encoder: options })).toMatchObject(encoder);
    expect(() => checkStem({ encoder: options })).not.toThrow();
    expect(() => checkStem({ encoder: { ...options, stemStart: 'patches' } })).toThrow(
      'stemStart: received "patches" with architecture "pretrained"',
    );
    expect(() => checkStem({ encoder: { ...options, frontEnd: 'sobel' } })).toThrow(
      'frontEnd: received "sobel" with architecture "pretrained"',
    );
  });

  it('take no dimension in the settings of a network, whose hash stays the same', () => {
    expect('dimension' in resolveSettings().encoder).toBe(false);
  });
});

describe('a method on features of a pretrained model', () => {
  // DeepCluster trains the encoder alone and has no head.
  const withHeads = allMethods().filter(
    ({ name, input }) => name !== 'deepcluster' && input === 'any',
  );

  it.each(withHeads.map((method) => [method.name, method] as const))(
    '%s takes a step, with features [count B, D] as crops',
    async (_, method) => {
      const settings = settingsOf(method);
      const { steps, initialState, encoderState } = methodProgram(settings, { images: N });
      const [{ program, scalars, draws, trained }] = steps;
      const executable = await engine.compile(program);
      const before = initialState(0);
      const own = (program.state ?? []).map(({ current }) => String(current.node.attributes.name));
      await executable.writeState(
        Object.fromEntries(own.map((name) => [name, before[name]!] as const)),
      );
      const moment = { step: 0, stepsPerEpoch: 3, totalSteps: 30 };
      const { loss } = await executable.run({
        ...Object.fromEntries(
          viewsOf(settings).crops.map(({ count }, g) => [`crops.${g}`, normals(count * B * D)]),
        ),
        indices: Int32Array.from({ length: B }, (_, i) => i),
        ...Object.fromEntries(
          Object.entries(scalars(moment)).map(([key, value]) => [key, Float32Array.of(value)]),
        ),
        ...draws?.(moment, 0),
      });
      expect(Number.isFinite(loss![0])).toBe(true);
      const after = await executable.readState();
      await executable.dispose();
      const moved = trained!.filter((name) =>
        before[name]!.some((value, i) => value !== after[name]![i]),
      );
      expect(moved.length).toBeGreaterThan(0);
      expect(encoderState.every((name) => name in before)).toBe(true);
      const first = initialEncoderState(settings);
      for (const [name, values] of Object.entries(first)) expect(before[name]).toEqual(values);
    },
  );
});

describe('the origin of pairs', () => {
  it('is views, unless the method wants neighbors', () => {
    expect(methodNamed('simclr').pairs).toBe('views');
    const { settings, ...own } = methodNamed('simclr');
    const pairs = 'neighbors';
    const head = () => ({ project: (_: unknown, features: never) => features });
    const step = () => {};
    const definition = { ...own, name: 'near', settings, pairs, head, step, cropSpecs: undefined };
    expect(defineMethod(definition as never).pairs).toBe('neighbors');
  });
});
