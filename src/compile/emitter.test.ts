import { describe, expect, it } from 'vitest';
import { createEmitter } from './emitter.ts';

const create = () => createEmitter({ device: undefined });

describe('createEmitter', () => {
  it('writes equal nodes once, in any domain', () => {
    const emit = create();
    const inDomain = (axis: number) =>
      emit.addMany('Reorder', ['x'], { axis }, { outputs: 1, domain: 'somewhere.else' });
    expect(emit.add('Neg', ['x'])).toBe(emit.add('Neg', ['x']));
    expect(inDomain(0)).toEqual(inDomain(0));
    expect(emit.nodes).toHaveLength(2);
  });

  it('tells nodes apart by operator, domain, inputs, attributes and number of outputs', () => {
    const emit = create();
    const split = (outputs: number, options: { axis?: number; domain?: string } = {}) =>
      emit.addMany(
        'Split',
        ['x'],
        { axis: options.axis ?? 0 },
        { outputs, domain: options.domain },
      );
    const found = [
      ...[emit.add('Sub', ['x', 'y']), emit.add('Sub', ['y', 'x']), emit.add('Add', ['x', 'y'])],
      ...[
        ...split(1),
        ...split(1, { axis: 1 }),
        ...split(1, { domain: 'somewhere.else' }),
        ...split(2),
      ],
      emit.add('Pad', ['x'], { axis: { float: 1 } }),
      emit.add('Pad', ['x'], { axis: 1 }),
    ];
    expect(new Set(found).size).toBe(found.length);
  });

  it('writes a value that is two outputs under both names', () => {
    const emit = create();
    emit.output('first', emit.add('Neg', ['x']));
    emit.output('second', emit.add('Neg', ['x']));
    expect(emit.nodes.map(({ type, inputs, outputs }) => [type, inputs, outputs])).toEqual([
      ['Neg', ['x'], ['first']],
      ['Identity', ['first'], ['second']],
    ]);
  });
});
