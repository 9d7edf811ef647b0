import { describe, expect, it } from 'vitest';
import { createVariables, featureLength } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import {
  encoderOptions,
  initialEncoderState,
  methodHead,
  methodNames,
  methodProgram,
  patchOf,
  settingsFor,
} from './index.ts';

describe('initialEncoderState', () => {
  it.each(methodNames)('gives the bytes that a run of %s starts from', (method) => {
    const takesOne = method === 'deepcluster' || method === 'contrastive-clustering';
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
    expect(Object.keys(state).length).toBeGreaterThan(10);
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
    expect(Object.keys(state)).toEqual(expect.arrayContaining(Object.keys(variables.initialValues(0))));
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

  it('needs no number of images, and draws from the seed', () => {
    const settings = settingsFor('small-32', {
      encoder: { width: 4 },
      method: { name: 'pcl', clusters: [25_000] },
    });
    const name = 'conv1.weight';
    expect(initialEncoderState(settings)[name]).toEqual(
      initialEncoderState(settings, settings.run.seed)[name],
    );
    expect(initialEncoderState(settings, 1)[name]).not.toEqual(initialEncoderState(settings, 2)[name]);
  });
});
