import { describe, expect, it } from 'vitest';
import { createVariables, featureLength, firstFilters } from '../nn/index.ts';
import { input, sizeOf } from '../tensor/index.ts';
import {
  checkStem,
  encoderOptions,
  initialEncoderState,
  methodHead,
  methodNamed,
  methodNames,
  methodProgram,
  patchOf,
  settingsFor,
} from './index.ts';

describe('initialEncoderState', () => {
  it.each(methodNames)('gives the bytes that a run of %s starts from', (method) => {
    const takesOne = typeof methodNamed(method).settings.parse({}).clusters === 'number';
    const { settings: patch } = patchOf({
      method,
      width: 4,
      prototypes: 8,
      clusters: takesOne ? '8' : '8,4',
    });
    const settings = settingsFor('small-32', patch);
    const { initialState, encoderState } = methodProgram(settings, { images: 16 });
    const whole = initialState(7);
    const state = initialEncoderState(settings, 7);
    expect(Object.keys(state).length).toBeGreaterThan(1);
    for (const [name, values] of Object.entries(state)) expect(values, name).toEqual(whole[name]);
    const { project, assign, prototypes } = methodHead(settings);
    const variables = createVariables();
    const features = input('features', [1, featureLength(encoderOptions(settings))]);
    project(variables, features);
    assign?.(variables, features);
    // Snapshots store what the encoder and these heads read.
    const read = [...variables.parameters(), ...variables.buffers()].map(({ name }) => name);
    expect(encoderState).toEqual(expect.arrayContaining(read));
    prototypes?.(variables);
    expect(Object.keys(state)).toEqual(
      expect.arrayContaining(Object.keys(variables.initialValues(0))),
    );
  });

  it('starts blocks as shortcuts where the settings say so, in a momentum encoder too', () => {
    const settingsWith = (residualInit?: 'zero') =>
      settingsFor('small-32', { encoder: { width: 4, residualInit }, method: { name: 'moco' } });
    const { initialState } = methodProgram(settingsWith('zero'), { images: 16 });
    for (const state of [initialState(0), initialEncoderState(settingsWith('zero'))]) {
      expect([...state['layer1.0.bn2.weight']!]).toEqual([0, 0, 0, 0]);
      expect([...state['layer1.0.bn1.weight']!]).toEqual([1, 1, 1, 1]);
    }
    expect([...initialState(0)['key.layer1.0.bn2.weight']!]).toEqual([0, 0, 0, 0]);
    // Runs that were stored before this setting have none.
    expect([...initialEncoderState(settingsWith())['layer1.0.bn2.weight']!]).toEqual([1, 1, 1, 1]);
  });

  it.each(methodNames)(
    'begins with a given stem in %s, which is trained unless it is frozen',
    (method) => {
      const takesOne = typeof methodNamed(method).settings.parse({}).clusters === 'number';
      for (const stemStart of ['patches', 'patches-frozen'] as const) {
        const { settings: patch } = patchOf({
          ...{ method, width: 4, prototypes: 8, clusters: takesOne ? '8' : '8,4', stemStart },
        });
        const settings = settingsFor('small-32', patch);
        if (settings.encoder.architecture === 'mlp') {
          expect(() => checkStem(settings)).toThrow('it has no convolution');
          continue;
        }
        const { name, shape } = firstFilters(encoderOptions(settings), 32);
        const filters = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i / 10);
        const { initialState, steps, encoderState } = methodProgram(settings, {
          images: 16,
          first: { [name]: filters },
        });
        expect(encoderState).toContain(name);
        for (const { program, trained = [] } of steps) {
          const isFrozen = stemStart === 'patches-frozen';
          expect(trained.includes(name)).toBe(!isFrozen);
          const own = program.state!.filter(({ current }) => current.node.attributes.name === name);
          expect(own.map(({ next }) => next === undefined)).toEqual([isFrozen]);
        }
        const momentum = ['moco', 'byol', 'pcl', 'hcsc', 'propos'].includes(method);
        const copies = Object.entries(initialState(7)).filter(
          ([key]) => key === `key.${name}` || key === `target.${name}`,
        );
        expect(copies.length).toBe(momentum ? 1 : 0);
        for (const [, values] of [[name, initialState(7)[name]!] as const, ...copies]) {
          expect(values).toEqual(filters);
        }
      }
    },
  );

  it('needs no number of images, and draws from the seed', () => {
    const settings = settingsFor('small-32', {
      encoder: { width: 4 },
      method: { name: 'pcl', clusters: [25_000] },
    });
    const name = 'conv1.weight';
    expect(initialEncoderState(settings)[name]).toEqual(
      initialEncoderState(settings, settings.run.seed)[name],
    );
    expect(initialEncoderState(settings, 1)[name]).not.toEqual(
      initialEncoderState(settings, 2)[name],
    );
  });
});

describe('checkStem', () => {
  it('refuses filters from patches behind edges', () => {
    const encoder = (more: object) => settingsFor('small-32', { encoder: { width: 4, ...more } });
    expect(() => checkStem(encoder({ frontEnd: 'sobel' }))).not.toThrow();
    expect(() => checkStem(encoder({ stemStart: 'patches' }))).not.toThrow();
    expect(() => checkStem(encoder({ frontEnd: 'sobel', stemStart: 'patches' }))).toThrow(
      'stemStart: received "patches" with frontEnd "sobel"; expected "random"',
    );
  });
});
