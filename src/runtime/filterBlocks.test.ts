/** Filters that a run replaces are held in the order of the blocked convolutions: nobody outside of the engine sees it. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import {
  add,
  conv2d,
  gradients,
  input,
  mul,
  nodesOf,
  scalar,
  simplify,
  sizeOf,
  sqrt,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { fromFilterBlocks, toFilterBlocks } from './filterOrder.ts';
import { lower, openEngine, type Program } from './index.ts';
import { heldInBlocks } from './lowering/index.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const block = 16;

function draw({ shape }: Tensor, stream: number): Float32Array {
  const random = randomAt(5, 'synthetic', stream);
  return new Float32Array(sizeOf(shape)).map(() => random.normal());
}

/** Descent with momentum for filters w, with v held; and a moving average of w that another convolution reads. */
function descent() {
  const [x, dy] = [input('x', [16, 32, 5, 5]), input('dy', [16, 16, 5, 5])];
  const [w, v, average] = ['w', 'v', 'average'].map((name) => input(name, [16, 32, 3, 3]));
  const [other, bias] = [input('other', [16, 32, 3, 3]), input('bias', [16])];
  const y = conv2d(x, w!, { padding: 1 });
  const key = conv2d(x, average!, { padding: 1 });
  const [dw] = gradients(sum(mul(y, dy)), [w!]);
  const velocity = add(mul(scalar(0.9), v!), dw!);
  const next = sub(w!, mul(scalar(0.01), velocity));
  const ratio = sqrt(sum(mul(w!, w!)));
  const program: Program = {
    outputs: { y, key, ratio, seen: w!, total: sum(add(w!, other), { axes: [1] }) },
    state: [
      { current: w!, next },
      { current: v!, next: velocity },
      { current: average!, next: add(mul(scalar(0.5), average!), mul(scalar(0.5), next)) },
      { current: other, next: mul(other, scalar(2)) },
      { current: bias, next: mul(bias, scalar(2)) },
    ],
  };
  return { program, x, dy, y, key };
}

describe('the order of filters in blocks', () => {
  it('is [O/b, C/b, kh, kw, b of C, b of O]', () => {
    const plain = Float32Array.from({ length: 2 * 4 * 2 }, (_, i) => i); // [2, 4, 1, 2]
    expect([...toFilterBlocks(plain, [2, 4, 1, 2], 2)]).toEqual([
      ...[0, 8, 2, 10, 1, 9, 3, 11],
      ...[4, 12, 6, 14, 5, 13, 7, 15],
    ]);
  });

  it('is left as it was found', () => {
    const extent = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(extent, extent, extent, extent, fc.constantFrom(1, 2, 8), (o, c, kh, kw, b) => {
        const shape = [o * b, c * b, kh, kw];
        const plain = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i);
        const blocked = toFilterBlocks(plain, shape, b);
        expect(fromFilterBlocks(blocked, shape, b)).toEqual(plain);
        expect(blocked.toSorted()).toEqual(plain);
      }),
    );
  });
});

describe('filters held in blocks', () => {
  /** What is held so of the program, where convolutions are of these formulations. */
  function heldOf(choices: { y: string; key: string }): string[] {
    const { program } = descent();
    const next = Object.fromEntries(program.state!.map((entry, i) => [`next${i}`, entry.next!]));
    const graph = simplify({ ...program.outputs, ...next });
    const replaced = program.state!.map(({ current }, i) => ({ current, next: graph[`next${i}`]! }));
    const choiceOf = new Map([
      [graph.y!.node, choices.y],
      [graph.key!.node, choices.key],
    ]);
    const nodes = nodesOf(Object.values(graph));
    const held = heldInBlocks(nodes, replaced, { block }, (node) => choiceOf.get(node));
    return held.map(({ current }) => String(current.node.attributes.name)).sort();
  }

  it('are those that convolutions read so, and what meets them value by value', () => {
    expect(heldOf({ y: 'blocked', key: 'plain' })).toEqual(['average', 'other', 'v', 'w']);
    expect(heldOf({ y: 'plain', key: 'wholeMaps' })).toEqual(['average', 'other', 'v', 'w']);
    expect(heldOf({ y: 'plain', key: 'plain' })).toEqual([]);
  });

  it('are written, replaced, given and read in plain order, as on a device without blocks', async () => {
    const plain = await openEngine({ threads: 2, capabilities: { block: 0 } });
    const { program, x, dy } = descent();
    const inputs = { x: draw(x, 0), dy: draw(dy, 1) };
    const initial = Object.fromEntries(
      program.state!.map(({ current }, i) => [String(current.node.attributes.name), draw(current, 2 + i)]),
    );
    const found = [];
    for (const on of [engine, plain]) {
      const executable = await on.compile(program);
      await executable.writeState(initial);
      expect(await executable.readState()).toEqual(initial);
      await executable.run(inputs);
      const outputs = await executable.run(inputs);
      found.push({ ...outputs, ...(await executable.readState()) });
      await executable.dispose();
    }
    await plain.close();
    const [blocked, expected] = found as [Record<string, Float32Array>, Record<string, Float32Array>];
    expect(Object.keys(blocked).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, values] of Object.entries(expected)) {
      const scale = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(blocked[name]![i]! - value), `${name}[${i}]`).toBeLessThan(1e-5 * scale);
      });
    }
  });

  it('are read by the convolution as they are', () => {
    const { y } = descent();
    const graph = lower({ y }, { capabilities: { block }, inBlocks: new Set(['w']) });
    expect(graph.nodes.find(({ type }) => type === 'Conv')!.inputs[1]).toBe('w');
  });
});
