/** Work on frozen state is done when it is written: the same results, and less work in a run. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Program, Values } from '../../compile/index.ts';
import { foldConstantState, planKey, standardLowering } from '../../compile/index.ts';
import { createVariables, resnet } from '../../nn/index.ts';
import { add, conv2d, input, matmul, simplify, transpose } from '../../tensor/index.ts';
import { draw } from '../draw.cases.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';
import { REORDERINGS } from './nchwc.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const block = 16;

/**
 * An encoder with its weights and running statistics as state, frozen or replaced by themselves.
 */
function encoder(kind: 'frozen' | 'replaced') {
  const variables = createVariables({ mode: 'evaluate' });
  const images = input('images', [4, 3, 24, 24]);
  const features = resnet(variables, images, {
    architecture: 'resnet10',
    width: 16,
    stem: 'cifar',
  });
  const all = [...variables.parameters(), ...variables.buffers()].map(({ tensor }) => tensor);
  const program: Program = {
    outputs: { features },
    state: all.map((current) => (kind === 'frozen' ? { current } : { current, next: current })),
  };
  const frozen = new Set(all.map((tensor) => String(tensor.node.attributes.name)));
  return {
    program,
    features,
    frozen,
    images,
    initial: (seed: number) => variables.initialValues(seed) as Values,
  };
}

describe('frozen state', () => {
  it('give the bytes that they give where everything is computed in each run', async () => {
    const results: Values[] = [];
    for (const kind of ['frozen', 'replaced'] as const) {
      const { program, images, initial } = encoder(kind);
      const executable = await engine.compile(program);
      await executable.writeState(initial(1));
      results.push(await executable.run({ images: draw(images, 0) }));
      await executable.dispose();
    }
    expect(results[0]!.features!.some((value) => value !== 0)).toBe(true);
    expect(results[0]).toEqual(results[1]);
  });

  it('are looked at again after they were written, some or all', async () => {
    const { program, images, initial } = encoder('frozen');
    const [executable, other] = [await engine.compile(program), await engine.compile(program)];
    const feeds = { images: draw(images, 0) };
    await executable.writeState(initial(1));
    const first = await executable.run(feeds);
    expect(await executable.run(feeds)).toEqual(first);
    const filters = { 'conv1.weight': initial(5)['conv1.weight']! };
    await executable.writeState(filters);
    const second = await executable.run(feeds);
    expect(second).not.toEqual(first);
    await other.writeState({ ...initial(1), ...filters });
    expect(await other.run(feeds)).toEqual(second);
    await executable.writeState(initial(1));
    expect(await executable.run(feeds)).toEqual(first);
    expect((await executable.readState(['conv1.weight']))['conv1.weight']).toEqual(
      initial(1)['conv1.weight'],
    );
    await Promise.all([executable.dispose(), other.dispose()]);
  });

  it('leave to a run only what depends on its inputs', () => {
    const { features, frozen } = encoder('frozen');
    const graph = cpuLowering({ block }).lower(simplify({ features }));
    const { main, prelude } = foldConstantState(graph, frozen, REORDERINGS);
    expect(main.nodes.length + prelude!.nodes.length).toBe(graph.nodes.length);
    const types = main.nodes.map(({ type }) => type);
    // The features need convolutions alone: no filter is packed and no norm becomes a factor.
    expect(types.filter((type) => type === 'Conv')).toHaveLength(12);
    expect(
      types.filter((type) => ['ReorderInput', 'Transpose', 'Mul', 'Sqrt'].includes(type)),
    ).toEqual([]);
    expect(main.inputs.filter(({ name }) => frozen.has(name))).toEqual([]);
    const made = new Set(prelude!.nodes.flatMap(({ outputs }) => outputs));
    expect(prelude!.outputs.every(({ name }) => made.has(name))).toBe(true);
  });

  it('packs filters that a run with changing filters leaves plain', async () => {
    const [x, w] = [input('x', [1, 16, 8, 8]), input('w', [16, 16, 3, 3])];
    const y = conv2d(x, w, { padding: 1 });
    const plan = { [planKey(y.node)]: 'plain' };
    const whole = await engine.compile({ outputs: { y } });
    const standard = whole.plan[planKey(y.node)] ?? 'plain';
    await whole.dispose();
    for (const [next, expected] of [
      [undefined, standard],
      [w, 'plain'],
    ] as const) {
      const executable = await engine.compile(
        { outputs: { y }, state: [{ current: w, next }] },
        { plan },
      );
      expect(executable.plan[planKey(y.node)] ?? 'plain').toBe(expected);
      await executable.dispose();
    }
  });

  it('packs many filters of small maps for products, once', async () => {
    const [x, w] = [input('x', [3, 128, 2, 2]), input('w', [128, 128, 3, 3])];
    const outputs = { y: conv2d(x, w, { padding: 1 }) };
    const key = planKey(outputs.y.node);
    const feeds = { x: draw(x, 0) };
    const results: Values[] = [];
    for (const next of [undefined, w]) {
      const executable = await engine.compile({ outputs, state: [{ current: w, next }] });
      await executable.writeState({ w: draw(w, 1) });
      results.push(await executable.run(feeds));
      if (cpuLowering({ block }).kernels(outputs.y.node).includes(executable.plan[key]!)) {
        expect(executable.plan[key]).toBe(next ? 'blocked' : 'wholeMaps');
      }
      await executable.dispose();
    }
    results[0]!.y!.forEach((value: number, i: number) => {
      expect(Math.abs(value - results[1]!.y![i]!)).toBeLessThan(1e-3);
    });
    const graph = cpuLowering({ block }).lower(simplify(outputs), { plan: { [key]: 'wholeMaps' } });
    const { main } = foldConstantState(graph, new Set(['w']), REORDERINGS);
    expect(main.nodes.filter(({ type }) => type === 'Gemm')).toHaveLength(16);
    expect(main.inputs.some(({ name }) => name === 'w')).toBe(false);
    expect(main.nodes.filter(({ type }) => type === 'Split')).toHaveLength(1);
  });

  it('are not transposed before a product, which does that itself', () => {
    const [x, w] = [input('x', [2, 3]), input('w', [4, 3])];
    const graph = standardLowering.lower({ product: matmul(x, transpose(w)) });
    const { prelude } = foldConstantState(graph, new Set(['w']));
    expect(prelude).toBeUndefined();
  });

  it('may be read by a run as well, and be what it gives', async () => {
    const [x, w] = [input('x', [2, 3]), input('w', [4, 3])];
    const product = matmul(x, transpose(w, [1, 0]));
    const executable = await engine.compile({
      outputs: { product, twice: add(w, w) },
      state: [{ current: w }],
    });
    const weights = Float32Array.from({ length: 12 }, (_, i) => i);
    await executable.writeState({ w: weights });
    const found = await executable.run({ x: Float32Array.of(1, 0, 0, 0, 1, 0) });
    expect([...found.product!]).toEqual([0, 3, 6, 9, 1, 4, 7, 10]);
    expect([...found.twice!]).toEqual([...weights].map((value) => 2 * value));
    await executable.dispose();
  });
});
