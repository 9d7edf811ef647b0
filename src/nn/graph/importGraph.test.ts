import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { encodeOnnx } from '../../compile/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { input, type Shape } from '../../tensor/index.ts';
import { createVariables, type Mode } from '../variables.ts';
import { type ImportOptions, importGraph } from './importGraph.ts';
import { floats, type GraphCase, node, whole } from './operators.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

function modelOf({ nodes, constants = [], x }: GraphCase) {
  const about = { dtype: 'float32' } as const;
  return readOnnx(
    encodeOnnx({
      ...{ name: 'graph', nodes, constants },
      inputs: [{ name: 'x', shape: x, ...about }],
      outputs: [{ name: 'y', ...about }],
    }),
  );
}

/** The graph's output, and the variables that it made. */
function imported(
  graph: GraphCase,
  { mode = 'train', ...options }: Partial<ImportOptions> & { mode?: Mode } = {},
) {
  const variables = createVariables({ mode });
  const feeds = { x: input('x', graph.x) };
  const y = importGraph(modelOf(graph), { variables, feeds, output: 'y', ...options });
  const names = (values: { name: string }[]) => values.map(({ name }) => name);
  return {
    ...{ y, variables },
    trained: names(variables.parameters()),
    held: names(variables.buffers()),
  };
}

const X: Shape = [2, 3, 4, 4];
const layers: GraphCase = {
  x: X,
  nodes: [
    node('Sub', ['x', 'mean'], {}, ['centered']),
    node('Conv', ['centered', 'w1', 'b1'], {}, ['maps']),
    node('BatchNormalization', ['maps', 'scale', 'shift', 'm', 'v'], {}, ['normal']),
    node('Relu', ['normal'], {}, ['active']),
    node('GlobalAveragePool', ['active'], {}, ['pooled']),
    node('Flatten', ['pooled'], {}, ['rows']),
    node('MatMul', ['rows', 'w2']),
  ],
  constants: [
    floats('mean', [3, 1, 1]),
    ...[floats('w1', [5, 3, 1, 1]), floats('b1', [5]), floats('w2', [5, 2])],
    ...['scale', 'shift', 'm'].map((name) => floats(name, [5])),
    { ...floats('v', [5]), data: Float32Array.of(1, 2, 3, 4, 5) },
  ],
};
const weights = ['w1', 'b1', 'scale', 'shift', 'w2'];

describe('variables of an imported graph', () => {
  it('are its weights by name; colors are scaled by constants, and statistics are buffers', () => {
    const { y, trained, held, variables } = imported(layers, { prefix: 'encoder.' });
    expect(y.shape).toEqual([2, 2]);
    expect(trained.sort()).toEqual(weights.map((name) => `encoder.${name}`).sort());
    expect(held).toEqual(['encoder.m', 'encoder.v']);
    const first = variables.initialValues(3);
    expect([...first['encoder.v']!]).toEqual([1, 2, 3, 4, 5]);
    expect([...first['encoder.w2']!]).toEqual([...(floats('w2', [5, 2]).data as Float32Array)]);
    expect(variables.buffers().every(({ tensor, next }) => tensor !== next)).toBe(true);
  });

  it('are shared by two applications of the graph', () => {
    const variables = createVariables();
    const model = modelOf(layers);
    for (const side of [4, 6]) {
      const feeds = { x: input(`x${side}`, [2, 3, side, side]) };
      importGraph(model, { variables, feeds, output: 'y' });
    }
    expect(variables.parameters()).toHaveLength(weights.length);
  });

  it('are buffers where they are frozen, and a frozen batch norm keeps its statistics', () => {
    const frozen = new Set(['w1', 'b1', 'scale', 'shift']);
    const { trained, held, variables } = imported(layers, { frozen });
    expect(trained).toEqual(['w2']);
    expect(held.sort()).toEqual([...frozen, 'm', 'v'].sort());
    expect(variables.buffers().every(({ tensor, next }) => tensor === next)).toBe(true);
    const stored = imported(layers, { batchNorm: 'stored' });
    expect(stored.trained).toContain('scale');
    expect(stored.variables.buffers().every(({ tensor, next }) => tensor === next)).toBe(true);
  });

  it('are those above a tensor that is fed', () => {
    const { trained, y } = imported(layers, { feeds: { rows: input('rows', [7, 5]) } });
    expect(trained).toEqual(['w2']);
    expect(y.shape).toEqual([7, 2]);
  });

  it('are the constants of several unlike numbers, and one per Identity', () => {
    const graph: GraphCase = {
      x: [2, 3],
      nodes: [
        node('Identity', ['w'], {}, ['other']),
        node('MatMul', ['x', 'w'], {}, ['a']),
        node('MatMul', ['a', 'other']),
      ],
      constants: [floats('w', [3, 3])],
    };
    expect(imported(graph).trained).toEqual(['w', 'other']);
  });
});

describe('errors of an imported graph', () => {
  const unknown: GraphCase = {
    x: X,
    nodes: [
      node('Conv', ['x', 'w'], {}, ['maps']),
      { ...node('Resize', ['maps', '', 'factor'], {}, ['large']), attributes: {} },
      node('Relu', ['large']),
    ],
    constants: [floats('w', [5, 3, 1, 1]), floats('factor', [4])],
  };

  it('name an operator that cannot be trained, what feeds it, and the way out, which works', () => {
    expect(() => imported(unknown)).toThrow(
      'node "large" (Resize): the operator cannot be trained. It reads "maps" [2, 5, 4, 4] of ' +
        'node "maps" (Conv), "factor" [4] (a weight). Freeze the graph below "large"',
    );
    const { y } = imported(unknown, { feeds: { large: input('large', [2, 5, 8, 8]) } });
    expect(y.shape).toEqual([2, 5, 8, 8]);
  });

  it('say what else can be done where the caller knows it', () => {
    expect(() => imported(unknown, { advice: ({ type }) => `Leave out ${type}.` })).toThrow(
      '"factor" [4] (a weight). Leave out Resize.',
    );
  });

  it.each<[string, GraphCase, string]>([
    [
      'of another domain',
      { x: X, nodes: [{ ...node('Relu', ['x']), domain: 'my.own' }] },
      'my.own.Relu',
    ],
    [
      'of a missing input',
      { x: X, nodes: [node('Relu', ['nothing'])] },
      'reads "nothing", which no node',
    ],
    [
      'of no path from the images',
      { x: X, nodes: [node('Relu', ['w'])], constants: [floats('w', [2])] },
      'output "y"',
    ],
    [
      'of shapes',
      { x: X, nodes: [node('Conv', ['x', 'w'])], constants: [floats('w', [5, 2, 1, 1])] },
      'node "y" (Conv): conv2d: received images [2, 3, 4, 4]',
    ],
    [
      'of a fixed batch',
      { x: X, nodes: [node('Reshape', ['x', 'to'])], constants: [whole('to', [1, 48])] },
      'fixed to one batch',
    ],
    [
      'of huge shapes',
      {
        x: [1],
        nodes: [node('Expand', ['x', 'to'])],
        constants: [whole('to', [2 ** 20, 2 ** 20])],
      },
      'at most 2147483648',
    ],
    [
      'of huge constants',
      {
        x: [1],
        nodes: [node('ConstantOfShape', ['to'], {}, ['zeros']), node('Add', ['x', 'zeros'])],
        constants: [whole('to', [2 ** 20, 2 ** 20])],
      },
      'at most 4194304 elements',
    ],
    [
      'of shapes that depend on pixels',
      { x: [4], nodes: [node('Cast', ['x'], { to: 7 }, ['n']), node('Reshape', ['x', 'n'])] },
      'depends on the images',
    ],
    [
      'of a circle',
      {
        x: X,
        nodes: [
          node('Add', ['x', 'b'], {}, ['a']),
          node('Add', ['a', 'x'], {}, ['b']),
          node('Relu', ['a']),
        ],
      },
      'reads "b", which no node',
    ],
  ])('%s', (_, graph, reason) => {
    expect(() => imported(graph)).toThrow(reason);
  });
});

describe('a graph of a free batch', () => {
  it('folds shapes that it computes from the shape of its images', async () => {
    const graph: GraphCase = {
      x: [3, 2, 4],
      nodes: [
        node('Shape', ['x'], {}, ['shape']),
        node('Gather', ['shape', 'zero'], {}, ['batch']),
        node('Unsqueeze', ['batch', 'first'], {}, ['rows']),
        node('Concat', ['rows', 'rest'], { axis: 0 }, ['to']),
        node('Reshape', ['x', 'to']),
      ],
      constants: [whole('zero', [0], []), whole('first', [0]), whole('rest', [-1])],
    };
    expect(imported(graph).y.shape).toEqual([3, 8]);
  });
});
