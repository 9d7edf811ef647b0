/**
 * Every operator of an imported graph against ONNX Runtime, which runs the same file, and its
 * gradients against finite differences of it.
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { encodeOnnx } from '../../compile/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { constant, gradients, input, mul, sizeOf, sum } from '../../tensor/index.ts';
import { createVariables } from '../variables.ts';
import { importGraph } from './importGraph.ts';
import { type GraphCase, graphCases } from './operators.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

async function runtime({ nodes, constants = [], x }: GraphCase) {
  const bytes = encodeOnnx({
    ...{ name: 'case', nodes, constants },
    inputs: [{ name: 'x', shape: x, dtype: 'float32' }],
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  return {
    bytes,
    async run(values: Float32Array) {
      const { y } = await session.run({ x: new OrtTensor('float32', values, x) });
      return { data: y!.data as Float32Array, shape: y!.dims };
    },
  };
}

describe('operators of imported graphs', () => {
  it.each(Object.entries(graphCases))('%s', async (_, graph) => {
    const { bytes, run } = await runtime(graph);
    const n = sizeOf(graph.x);
    const values = Float32Array.from({ length: n }, (_, i) => {
      const v = Math.sin(2.3 * i + 0.4) * 1.3 + 0.07 * Math.cos(i * i);
      return graph.positive ? Math.abs(v) + 0.3 : v;
    });
    const expected = await run(values);
    const x = input('x', graph.x);
    const variables = createVariables({ mode: 'evaluate' });
    const y = importGraph(readOnnx(bytes), { variables, feeds: { x }, output: 'y' });
    expect(y.shape).toEqual(expected.shape);
    const cotangent = Float32Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(1.1 * i));
    const loss = sum(mul(y, constant(cotangent, y.shape)));
    const parameters = variables.parameters();
    const [dx, ...dw] = gradients(loss, [x, ...parameters.map(({ tensor }) => tensor)]);
    const state = [...parameters, ...variables.buffers()].map(({ tensor }) => ({
      current: tensor,
    }));
    const outputs = { y, dx: dx!, ...Object.fromEntries(dw.map((d, i) => [`w${i}`, d])) };
    const executable = await engine.compile({ outputs, state });
    if (state.length > 0) await executable.writeState(variables.initialValues(0));
    const found = await executable.run({ x: values });
    await executable.dispose();
    expected.data.forEach((value, i) => {
      expect(Math.abs(found.y![i]! - value), `y[${i}]`).toBeLessThan(
        1e-5 * Math.max(1, Math.abs(value)),
      );
    });

    // Central differences of the loss in ONNX Runtime, along two directions.
    const lossAt = async (at: Float32Array) =>
      (await run(at)).data.reduce((total, v, i) => total + v * cotangent[i]!, 0);
    for (const direction of [0, 1]) {
      const d = values.map((_, i) => Math.sin((direction + 2) * i + 0.3));
      const h = 2e-3;
      const [up, down] = await Promise.all([
        lossAt(values.map((v, i) => v + h * d[i]!)),
        lossAt(values.map((v, i) => v - h * d[i]!)),
      ]);
      const slope = (found.dx as Float32Array).reduce((total, g, i) => total + g * d[i]!, 0);
      const size = Math.hypot(...found.dx!) * Math.hypot(...d);
      expect(Math.abs((up - down) / (2 * h) - slope), `slope ${slope}`).toBeLessThan(
        0.01 * size + 5e-3,
      );
    }
    for (const [i, { name }] of parameters.entries()) {
      const stored = graph.constants!.find((c) => c.name === name)!;
      const before = stored.data as Float32Array;
      const d = before.map((_, j) => Math.cos(2.1 * j + 0.2));
      const h = 2e-3;
      const lossOf = async (sign: number) => {
        const moved = { ...stored, data: before.map((v, j) => v + sign * h * d[j]!) };
        const other = await runtime({
          ...graph,
          constants: graph.constants!.map((c) => (c === stored ? moved : c)),
        });
        return (await other.run(values)).data.reduce((total, v, j) => total + v * cotangent[j]!, 0);
      };
      const slope = (found[`w${i}`] as Float32Array).reduce((total, g, j) => total + g * d[j]!, 0);
      const size = Math.hypot(...found[`w${i}`]!) * Math.hypot(...d);
      const difference = ((await lossOf(1)) - (await lossOf(-1))) / (2 * h);
      expect(Math.abs(difference - slope), `slope ${slope} by ${name}`).toBeLessThan(
        0.01 * size + 5e-3,
      );
    }
  });
});
