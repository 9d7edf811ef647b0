/** Processors without the blocked operators, or with smaller blocks than this one's. */
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Plan, Program, Values } from '../../compile/index.ts';
import { encodeOnnx, type OnnxGraph, planKey } from '../../compile/index.ts';
import { randomAt } from '../../core/random.ts';
import { createVariables, resnet, sgd } from '../../nn/index.ts';
import {
  gradients,
  input,
  mul,
  nodesOf,
  scalar,
  scatterAdd,
  simplify,
  sizeOf,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';
import { probeBlocks, type RunProbe } from './probe.ts';

const NCHWC = 'com.microsoft.nchwc';

describe('the probe', () => {
  /**
   * A runtime in which blocks of these sizes fail, or have other results than the standard
   * operators.
   */
  const runtime =
    (
      { fails = [], differs = [] }: { fails?: number[]; differs?: number[] },
      tried: number[] = [],
    ): RunProbe =>
    async ({ inputs, outputs }) => {
      const block = inputs[0]!.shape![1] as number;
      tried.push(block);
      if (fails.includes(block)) throw new Error('NchwcConv is not implemented');
      const values = outputs.flatMap(([plain, blocked], i) => {
        const shape = plain.shape as number[];
        const isOff = differs.includes(block) && i === outputs.length - 1;
        const of = (value: number) => new Float32Array(sizeOf(shape)).fill(value);
        return [
          [plain.name, of(1)],
          [blocked.name, of(isOff ? 1.01 : 1)],
        ];
      });
      return Object.fromEntries(values);
    };

  it.each([
    ['works', {}, 16, [16]],
    ['is not there', { fails: [16] }, 8, [16, 8]],
    ['disagrees in one of the results', { differs: [16] }, 8, [16, 8]],
    ['is not there, nor the next', { fails: [16, 8] }, 0, [16, 8]],
    ['is not there, and the next disagrees', { fails: [16], differs: [8] }, 0, [16, 8]],
  ])('finds the largest block that works where the largest %s', async (_, broken, block, tried) => {
    const seen: number[] = [];
    expect(await probeBlocks(runtime(broken, seen))).toBe(block);
    expect(seen).toEqual(tried);
  });

  it('agrees in all its results on the runtime at hand, where that has the operators', async () => {
    let isThere = false;
    const run: RunProbe = async ({ model, inputs: values }, inputs) => {
      const session = await ort.InferenceSession.create(model);
      const shaped = values.map(({ name, shape }) => [
        name,
        new ort.Tensor('float32', inputs[name] as Float32Array, shape as number[]),
      ]);
      const results = await session.run(Object.fromEntries(shaped));
      isThere = true;
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
      );
    };
    const found = await probeBlocks(run);
    if (isThere) expect(found).toBeGreaterThan(0);
  });
});

describe('rows that are added to rows', () => {
  const x = input('x', [3, 2]);
  const [rows, updates] = [input('rows', [400], 'int32'), input('updates', [400, 2])];
  const outputs = { total: scatterAdd(x, rows, updates) };

  it.each([
    ['whole where there is one thread', true, 'ScatterND'],
    ['value by value where threads could meet', false, 'ScatterElements'],
  ])('go %s', (_, isSerial, expected) => {
    const types = cpuLowering({ block: 0, isSerial })
      .lower(outputs)
      .nodes.map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('Scatter'))).toEqual([expected]);
  });

  it('are all counted, whatever threads a program has', async () => {
    const engine = await openEngine({ threads: 2 });
    for (const threads of [1, 2]) {
      const executable = await engine.compile({ outputs }, { session: { threads } });
      const { total } = await executable.run({
        ...{ x: new Float32Array(6).fill(1), rows: new Int32Array(400).fill(1) },
        updates: new Float32Array(800).fill(1),
      });
      expect([...total!]).toEqual([1, 1, 401, 401, 1, 1]);
    }
    await engine.close();
  });
});

/** A step of a ResNet of this width: features by synthetic slopes, backward, SGD with momentum. */
function stepOf(width: number) {
  const variables = createVariables();
  const images = input('images', [4, 3, 16, 16]);
  const features = resnet(variables, images, { architecture: 'resnet18', stem: 'cifar', width });
  const slopes = input('slopes', features.shape);
  const loss = sum(mul(features, slopes));
  const parameters = variables.parameters();
  const by = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const optimizer = sgd({ momentum: 0.9 });
  const state = parameters.flatMap(({ name, tensor }, i) => {
    const parameter = { name, value: tensor, gradient: by[i]!, group: 'all' };
    const { next, slots } = optimizer.update(parameter, scalar(1e-3));
    return [{ current: tensor, next }, ...slots];
  });
  for (const { tensor, next } of variables.buffers()) state.push({ current: tensor, next });
  const program: Program = { outputs: { loss }, state };
  const feeds = Object.fromEntries(
    [images, slopes].map((tensor, i) => [nameOf(tensor), noise(tensor, i)]),
  );
  return { program, initial: variables.initialValues(0) as Values, feeds };
}

function nameOf({ node }: Tensor): string {
  return String(node.attributes.name);
}

function noise({ shape }: Tensor, stream: number): Float32Array {
  const random = randomAt(0, 'synthetic', stream);
  return new Float32Array(sizeOf(shape)).map(() => random.normal());
}

describe('an engine without blocked operators', () => {
  const engines = Promise.all([openEngine(), openEngine({ capabilities: { block: 0 } })]);
  afterAll(async () => {
    for (const engine of await engines) await engine.close();
  });

  it('trains to the same weights within rounding, by standard operators alone', async () => {
    const { program, initial, feeds } = stepOf(16);
    const [own, plain] = await Promise.all(
      (await engines).map(async (engine) => {
        const executable = await engine.compile(program);
        await executable.writeState(initial);
        const losses: number[] = [];
        for (let step = 0; step < 3; step++) losses.push((await executable.run(feeds)).loss![0]!);
        const weights = await executable.readState();
        const isBlocked = Buffer.from(executable.model).includes(NCHWC);
        await executable.dispose();
        return { losses, weights, isBlocked };
      }),
    );
    expect(plain!.isBlocked).toBe(false);
    own!.losses.forEach((loss, step) => {
      expect(Math.abs(plain!.losses[step]! / loss - 1), `loss of step ${step}`).toBeLessThan(1e-4);
    });
    for (const [name, before] of Object.entries(initial)) {
      const moved = distance(own!.weights[name]!, before);
      const difference = distance(own!.weights[name]!, plain!.weights[name]!);
      // Rounding puts a value near 0 on the other side of a ReLU now and then.
      expect(difference, name).toBeLessThan(2e-2 * moved);
    }
  });
});

/** Length of the difference. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(Array.from(a).reduce((total, value, i) => total + (value - b[i]!) ** 2, 0));
}

describe('graphs for blocks of 8', () => {
  const block = 8;

  /** Outputs of a step of a ResNet with this number of channels. */
  function outputsOf(width: number): Readonly<Record<string, Tensor>> {
    const { program } = stepOf(width);
    const next = program.state!.flatMap(({ current, next }) =>
      next ? [[`${nameOf(current)}:next`, next] as const] : [],
    );
    return simplify({ ...program.outputs, ...Object.fromEntries(next) });
  }
  // The runtime infers shapes by the blocks of the machine that it is on: of whole blocks of 16,
  // they are the same for 8.
  const outputs = outputsOf(16);

  /** The graph with the wanted kernels, where they are valid. */
  function graphOf(
    size: number,
    of: Readonly<Record<string, Tensor>>,
    wanted: readonly string[] = [],
  ): OnnxGraph {
    const entries = nodesOf(Object.values(of)).flatMap((node) => {
      const valid = cpuLowering({ block: size }).kernels(node);
      const name = wanted.find((kernel) => valid.includes(kernel));
      return name === undefined ? [] : [[planKey(node), name]];
    });
    return cpuLowering({ block: size }).lower(of, { plan: Object.fromEntries(entries) as Plan });
  }

  /**
   * The shape of each value of a graph, as the runtime infers it from operators and inputs; nothing
   * is run.
   */
  async function shapesOf(graph: OnnxGraph): Promise<Map<string, readonly number[]>> {
    const made = graph.nodes.flatMap((node) => node.outputs);
    const model = encodeOnnx({
      ...graph,
      outputs: made.map((name) => ({ name, dtype: 'float32' })),
    });
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled',
    });
    const inferred = session.outputMetadata.map(
      (value) => [value.name, (value.isTensor ? value.shape : []) as number[]] as const,
    );
    await session.release();
    const given = [...graph.inputs, ...graph.constants].map(
      ({ name, shape }) => [name, shape as number[]] as const,
    );
    return new Map([...given, ...inferred]);
  }

  const blockedConvs = ({ nodes }: OnnxGraph) =>
    nodes.filter(({ type, domain }) => type === 'Conv' && domain === NCHWC);

  it.each([
    ['by default', []],
    ['by positions and phases', ['wholeMaps', 'positions', 'phases', 'blocked']],
    ['by exchanged convolutions', ['exchangedBlocks', 'blocked']],
  ])('have the shapes of the step, %s', async (_, wanted) => {
    const graph = graphOf(block, outputs, wanted);
    const shapes = await shapesOf(graph);
    for (const [name, { shape }] of Object.entries(outputs))
      expect(shapes.get(name), name).toEqual(shape);
    for (const { type, domain, inputs, attributes } of graph.nodes) {
      const [first, second] = inputs.map((name) => shapes.get(name)!);
      const what = `${type} of ${inputs[0]}`;
      if (type === 'ReorderInput')
        expect(first![attributes.channels_last ? 3 : 1]! % block, what).toBe(0);
      if (type !== 'Conv' || domain !== NCHWC) continue;
      // Filters [O, C / groups, kh, kw] of whole blocks of O; images of whole blocks, or plain ones
      // of fewer channels than a block has.
      const channels = second![1]! * (attributes.group as number);
      expect(second![0]! % block, what).toBe(0);
      expect(channels, what).toBe(first![1]);
      expect(channels % block === 0 || channels < block, what).toBe(true);
    }
  });

  it('keep the number of values wherever shapes are changed', async () => {
    const graph = graphOf(block, outputs);
    const shapes = await shapesOf(graph);
    const reshapes = graph.nodes.filter(({ type }) => type === 'Reshape');
    // A single block of 8 channels the runtime infers to be one of its own: what counts is what it
    // is made from.
    const reordered = new Map(
      graph.nodes.flatMap(({ type, inputs, outputs: [made] }) =>
        type === 'ReorderInput' && shapes.get(inputs[0]!)![1] === block
          ? [[made!, inputs[0]!]]
          : [],
      ),
    );
    expect(reshapes.length).toBeGreaterThan(0);
    for (const { inputs, outputs: made } of reshapes)
      expect(sizeOf(shapes.get(made[0]!)!), made[0]).toBe(
        sizeOf(shapes.get(reordered.get(inputs[0]!) ?? inputs[0]!)!),
      );
  });

  it('block channels that larger blocks cannot', () => {
    const odd = outputsOf(24);
    expect(blockedConvs(graphOf(8, odd)).length).toBeGreaterThan(
      blockedConvs(graphOf(16, odd)).length,
    );
  });
});
