/**
 * Trainable filters are stored in the layout of the convolutions that read them, which is not
 * visible outside the engine.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Plan, Program } from '../../compile/index.ts';
import { planKey } from '../../compile/index.ts';
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
} from '../../tensor/index.ts';
import { draw } from '../draw.cases.ts';
import { openEngine } from '../index.ts';
import { filterOrders } from './chooseFilterLayouts.ts';
import { cpuLowering } from './lowering.ts';
import { packFilters, unpackFilters } from './packFilters.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const block = 16;

/**
 * Descent with momentum v for filters w, and a moving average of w that another convolution reads.
 */
function descent(side = 5) {
  const [x, dy] = [input('x', [16, 32, side, side]), input('dy', [16, 16, side, side])];
  const [w, v, average] = ['w', 'v', 'average'].map((name) => input(name, [16, 32, 3, 3]));
  const [other, bias] = [input('other', [16, 32, 3, 3]), input('bias', [16])];
  const y = conv2d(x, w!, { padding: 1 });
  const key = conv2d(x, average!, { padding: 1 });
  const [dw, dx] = gradients(sum(mul(y, dy)), [w!, x]);
  const velocity = add(mul(scalar(0.9), v!), dw!);
  const next = sub(w!, mul(scalar(0.01), velocity));
  const ratio = sqrt(sum(mul(w!, w!)));
  const program: Program = {
    outputs: { y, dx: dx!, key, ratio, seen: w!, total: sum(add(w!, other), { axes: [1] }) },
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

/**
 * A plan of these kernels for the convolutions, their input gradients and their filter gradients.
 */
function planOf(
  { outputs, state }: Program,
  [forward, adjoint, gradient]: readonly string[],
): Plan {
  const next = Object.fromEntries(state!.map((entry, i) => [`next${i}`, entry.next!]));
  const names: Record<string, string | undefined> = {
    ...{ conv2d: forward, conv2dInputGradient: adjoint, conv2dFilterGradient: gradient },
  };
  return Object.fromEntries(
    nodesOf(Object.values(simplify({ ...outputs, ...next }))).flatMap((node) => {
      const name = names[node.operator];
      if (name === undefined) return [];
      expect(cpuLowering({ block }).kernels(node)).toContain(name);
      return [[planKey(node), name]];
    }),
  );
}

describe('the order of filters', () => {
  it('in blocks is [O/b, C/b, kh, kw, b of C, b of O], position-major [kh, kw, C, O]', () => {
    const plain = Float32Array.from({ length: 2 * 4 * 2 }, (_, i) => i); // [2, 4, 1, 2]
    expect([...packFilters(plain, [2, 4, 1, 2], { order: 'positionMajor', block: 2 })]).toEqual([
      ...[0, 8, 2, 10, 4, 12, 6, 14],
      ...[1, 9, 3, 11, 5, 13, 7, 15],
    ]);
    expect([...packFilters(plain, [2, 4, 1, 2], { order: 'filters', block: 2 })]).toEqual([
      ...[0, 8, 2, 10, 1, 9, 3, 11],
      ...[4, 12, 6, 14, 5, 13, 7, 15],
    ]);
  });

  it('is left as it was found', () => {
    const extent = fc.integer({ min: 1, max: 3 });
    const order = fc.constantFrom('filters' as const, 'positionMajor' as const);
    fc.assert(
      fc.property(
        extent,
        extent,
        extent,
        extent,
        fc.constantFrom(1, 2, 8),
        order,
        (o, c, kh, kw, block, order) => {
          const shape = [o * block, c * block, kh, kw];
          const plain = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i);
          const ordered = packFilters(plain, shape, { order, block });
          expect(unpackFilters(ordered, shape, { order, block })).toEqual(plain);
          expect(ordered.toSorted()).toEqual(plain);
        },
      ),
    );
  });
});

describe('filters stored in a layout of their own', () => {
  /** Layouts of the state of the program, with these kernels for the convolutions. */
  function layoutsOf(choices: { y: string; key: string }): Record<string, string | undefined> {
    const { program } = descent();
    const next = Object.fromEntries(program.state!.map((entry, i) => [`next${i}`, entry.next!]));
    const graph = simplify({ ...program.outputs, ...next });
    const replaced = program.state!.map(({ current }, i) => ({
      current,
      next: graph[`next${i}`]!,
    }));
    const choiceOf = new Map([
      [graph.y!.node, choices.y],
      [graph.key!.node, choices.key],
    ]);
    const nodes = nodesOf(Object.values(graph));
    const orders = filterOrders(nodes, replaced, { block }, (node) => choiceOf.get(node));
    return Object.fromEntries(
      replaced.map(({ current }) => [String(current.node.attributes.name), orders.get(current)]),
    );
  }
  const all = (order: string | undefined) => ({ w: order, v: order, average: order, other: order });

  it('are those that convolutions read so, and what is combined with them value by value', () => {
    expect(layoutsOf({ y: 'blocked', key: 'plain' })).toEqual(all('filters'));
    expect(layoutsOf({ y: 'plain', key: 'wholeMaps' })).toEqual(all('positionMajor'));
    expect(layoutsOf({ y: 'wholeMaps', key: 'wholeMaps' })).toEqual(all('positionMajor'));
    expect(layoutsOf({ y: 'wholeMaps', key: 'blocked' })).toEqual(all('filters'));
    expect(layoutsOf({ y: 'plain', key: 'plain' })).toEqual(all(undefined));
  });

  it.each([
    ['blocked', 'blocked', 'exchangedBlocks'],
    ['wholeMaps', 'wholeMaps', 'wholeMaps'],
    ['wholeMaps', 'blocked', 'exchangedBlocks'],
    ['blocked', 'wholeMaps', 'wholeMaps'],
    ['plain', 'transposed', 'wholeMaps'],
  ])('are plain to callers, as on a device without blocks: %s, %s, %s', async (...names) => {
    const plain = await openEngine({ threads: 2, capabilities: { block: 0 } });
    const { program, x, dy } = descent(3);
    const plan = planOf(program, names);
    const inputs = { x: draw(x, 0), dy: draw(dy, 1) };
    const initial = Object.fromEntries(
      program.state!.map(({ current }, i) => [
        String(current.node.attributes.name),
        draw(current, 2 + i),
      ]),
    );
    const found = [];
    for (const on of [engine, plain]) {
      const executable = await on.compile(program, { plan: on === plain ? {} : plan });
      await executable.writeState(initial);
      expect(await executable.readState()).toEqual(initial);
      await executable.run(inputs);
      const outputs = await executable.run(inputs);
      found.push({ ...outputs, ...(await executable.readState()) });
      await executable.dispose();
    }
    await plain.close();
    const [blocked, expected] = found as [
      Record<string, Float32Array>,
      Record<string, Float32Array>,
    ];
    expect(Object.keys(blocked).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, values] of Object.entries(expected)) {
      const scale = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(blocked[name]![i]! - value), `${name}[${i}]`).toBeLessThan(1e-5 * scale);
      });
    }
  });

  it.each([
    ['blocked', 'filters'],
    ['wholeMaps', 'positionMajor'],
  ] as const)('stay in it where some kernel positions are left out: %s', async (choice, order) => {
    // On a map of one position the middle of 3 x 3 kernel positions remains, on one of two all.
    const [x, small] = [input('x', [16, 32, 2, 2]), input('small', [16, 32, 1, 1])];
    const w = input('w', [32, 32, 3, 3]);
    const [y, middle] = [x, small].map((maps) => conv2d(maps, w, { padding: 1 }));
    const [dy, dmiddle] = [input('dy', y!.shape), input('dmiddle', middle!.shape)];
    const [dw] = gradients(add(sum(mul(y!, dy)), sum(mul(middle!, dmiddle))), [w]);
    const program = {
      outputs: { y: y!, middle: middle! },
      state: [{ current: w, next: sub(w, dw!) }],
    };
    const graph = simplify({ ...program.outputs, next: program.state[0]!.next });
    const [large] = nodesOf(Object.values(graph)).filter(
      ({ operator, inputs }) => operator === 'conv2d' && inputs[1] === w,
    );
    const plan = { [planKey(large!)]: choice };
    const nodes = nodesOf(Object.values(graph));
    const orders = filterOrders(nodes, [{ current: w, next: graph.next! }], { block }, (node) =>
      node === large ? choice : 'blocked',
    );
    expect(orders.get(w)).toBe(order);
    const boundary = new Map(['w', 'next'].map((name) => [name, order]));
    const { nodes: written } = cpuLowering({ block }).lower(graph, {
      plan,
      layouts: orders,
      boundary,
    });
    // Of all there is, y alone is put into plain order.
    const outOfBlocks = written.filter(
      ({ type, attributes }) => type === 'ReorderOutput' && !attributes.channels_last,
    );
    expect(outOfBlocks).toHaveLength(1);

    const found = [];
    for (const on of [engine, await openEngine({ threads: 2, capabilities: { block: 0 } })]) {
      const executable = await on.compile(program, { plan: on === engine ? plan : {} });
      await executable.writeState({ w: draw(w, 2) });
      const inputs = {
        x: draw(x, 0),
        small: draw(small, 1),
        dy: draw(dy, 3),
        dmiddle: draw(dmiddle, 4),
      };
      found.push({ ...(await executable.run(inputs)), ...(await executable.readState()) });
      if (on !== engine) await on.close();
    }
    const [own, plain] = found as [Record<string, Float32Array>, Record<string, Float32Array>];
    for (const [name, values] of Object.entries(plain)) {
      const scale = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(own[name]![i]! - value), `${name}[${i}]`).toBeLessThan(1e-5 * scale);
      });
    }
  });

  it('are read by the convolution as they are', () => {
    const { y } = descent();
    const [, w] = y.node.inputs;
    const layouts = new Map([[w!, 'filters']]);
    const boundary = new Map([['w', 'filters']]);
    const graph = cpuLowering({ block }).lower({ y }, { layouts, boundary });
    expect(graph.nodes.find(({ type }) => type === 'Conv')!.inputs[1]).toBe('w');
  });
});
