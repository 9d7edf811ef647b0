/** The table of standard rules. */
import { describe, expect, it } from 'vitest';
import { add, input, mul, operatorNames, scalar, simplify } from '../../tensor/index.ts';
import { standardLowering } from '../index.ts';
import { standardRules } from './rules.ts';

describe('standard rules', () => {
  it('leave out no operator', () => {
    const missing = operatorNames().filter((name) => name !== 'input' && !(name in standardRules));
    expect(missing).toEqual([]);
  });
});

describe('a number and a tensor', () => {
  it('have the same rank where the shape ends in 1, which is faster', () => {
    const alone = { y: mul(input('x', [4, 3, 1, 1]), scalar(2)) };
    // In a sum that is large enough to be one operator, too.
    const [x, z] = [input('x', [512, 256, 1, 1]), input('z', [512, 256, 1, 1])];
    for (const outputs of [alone, simplify({ y: add(mul(scalar(2), x), z) })]) {
      const { nodes } = standardLowering.lower(outputs);
      const product = nodes.find(({ type }) => type === 'Mul')!;
      const reshaped = nodes
        .filter(({ type }) => type === 'Reshape')
        .flatMap(({ outputs }) => outputs);
      expect(product.inputs.filter((name) => reshaped.includes(name)).length).toBe(1);
    }
    const other = standardLowering.lower({ y: mul(input('x', [4, 3, 2, 2]), scalar(2)) });
    expect(other.nodes.map(({ type }) => type)).toEqual(['Mul']);
  });
});
