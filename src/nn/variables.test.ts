import { describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import { add, scalar } from '../tensor/index.ts';
import { filled, uniformFanIn } from './initialize.ts';
import { createMomentumVariables } from './momentum.ts';
import { createVariables, type Variables } from './variables.ts';

describe('variables', () => {
  it('gives the same tensor for the same name', () => {
    const variables = createVariables();
    const first = variables.parameter('conv1.weight', [4, 3], filled(1));
    expect(variables.parameter('conv1.weight', [4, 3], filled(1))).toBe(first);
    expect(variables.parameter('conv2.weight', [4, 3], filled(1))).not.toBe(first);
    expect(variables.parameters().map(({ name }) => name)).toEqual([
      'conv1.weight',
      'conv2.weight',
    ]);
  });

  it('refuses a known name with another shape, and says both shapes', () => {
    const variables = createVariables();
    variables.parameter('fc.weight', [8, 4], filled(1));
    variables.buffer('bn.running_mean', [4], filled(0));
    const text =
      'variable "fc.weight": received shape [8, 5]; expected [8, 4], as when it was first used';
    expect(() => variables.parameter('fc.weight', [8, 5], filled(1))).toThrow(
      new LikenessError('shape.mismatch', text),
    );
    expect(() => variables.buffer('bn.running_mean', [5], filled(0))).toThrow(/\[5\].*\[4\]/);
    expect(() => variables.setBuffer('bn.running_mean', scalar(1))).toThrow(/\[\].*\[4\]/);
  });

  it("shows a buffer's latest value to later readers, and its first to the step", () => {
    const variables = createVariables();
    const stored = variables.buffer('count', [], filled(0));
    const raised = add(stored, scalar(1));
    variables.setBuffer('count', raised);
    expect(variables.buffer('count', [], filled(0))).toBe(raised);
    expect(variables.buffers()).toEqual([{ name: 'count', tensor: stored, next: raised }]);
  });

  it('draws values that depend on seed and name, not on the order of building', () => {
    const build = (names: string[]) => {
      const variables = createVariables();
      for (const name of names) variables.parameter(name, [5], uniformFanIn(5));
      return (seed: number) => variables.initialValues(seed);
    };
    const [forwards, backwards] = [build(['a', 'b', 'c']), build(['c', 'extra', 'b', 'a'])];
    const values = forwards(7);
    expect(Object.keys(values)).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) expect(backwards(7)[name]).toEqual(values[name]);
    expect(values.a).not.toEqual(values.b);
    expect(forwards(8).a).not.toEqual(values.a);
  });

  it('takes given first values in place of drawn ones, in a momentum encoder too', () => {
    const first = { stem: Float32Array.of(1, 2), bank: Float32Array.of(3) };
    const variables = createVariables({ first });
    const momentum = scalar(0.9);
    const layers = (of: Variables) => {
      of.parameter('stem', [2], uniformFanIn(5));
      of.parameter('other', [2], uniformFanIn(5));
      of.buffer('bank', [1], filled(0));
    };
    layers(variables);
    const values = variables.initialValues(7);
    expect(values).toMatchObject(first);
    // Later changes of the state do not reach the given values.
    values.stem![0] = 9;
    expect(variables.initialValues(7).stem).toEqual(first.stem);
    for (const start of ['copy', 'own'] as const) {
      const copy = createMomentumVariables({ follows: variables, momentum, when: 'after', start });
      layers(copy);
      expect(copy.initialValues(7)).toMatchObject({
        'key.stem': first.stem,
        'key.bank': first.bank,
      });
      const isCopied = copy.initialValues(7)['key.other']![0] === values.other![0];
      expect(isCopied).toBe(start === 'copy');
    }
  });

  it('refuses given first values of another length', () => {
    const variables = createVariables({ first: { stem: Float32Array.of(1, 2) } });
    variables.parameter('stem', [3], filled(0));
    expect(() => variables.initialValues(0)).toThrow(/"stem": received 2 first values; expected 3/);
  });
});
