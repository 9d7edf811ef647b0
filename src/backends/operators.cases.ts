/**
 * Every operator against PyTorch: value, and gradient by each differentiable input, through the
 * whole engine. Operators with several kernels are run in each that the device has.
 */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { type KernelChoice, type Plan, planKey } from '../compile/index.ts';
import * as ops from '../tensor/index.ts';
import {
  add,
  gradients,
  input,
  mul,
  scalar,
  sum,
  type Tensor,
  type TensorData,
} from '../tensor/index.ts';
import type { Backend } from './backend.ts';
import { createEngine } from './engine.ts';

interface Stored {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  data: number[];
}
interface Case {
  op: string;
  attributes: Record<string, unknown>;
  inputs: Stored[];
  outputs: Stored[];
  outputGradients: (Stored | null)[];
  inputGradients: (Stored | null)[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/operators.json', import.meta.url), 'utf8'),
) as { cases: Case[] };
interface Options {
  shape: number[];
  permutation: number[];
  axis: number;
  depth: number;
  exponent: number;
  k: number;
  training: boolean;
  epsilon: number;
  momentum: number;
}
type Build = (inputs: Tensor[], options: Options) => Tensor[];

/** Operators whose arguments are not simply (inputs..., options). */
const builders: Record<string, Build> = {
  reshape: ([x], { shape }) => [ops.reshape(x!, shape)],
  transpose: ([x], { permutation }) => [ops.transpose(x!, permutation)],
  concat: (inputs, { axis }) => [ops.concat(inputs, axis)],
  softmax: ([x], { axis }) => [ops.softmax(x!, axis)],
  logSoftmax: ([x], { axis }) => [ops.logSoftmax(x!, axis)],
  gather: ([x, i], { axis }) => [ops.gather(x!, i!, axis)],
  gatherElements: ([x, i], { axis }) => [ops.gatherElements(x!, i!, axis)],
  scatterAdd: ([x, i, u]) => [ops.scatterAdd(x!, i!, u!)],
  oneHot: ([i], { depth }) => [ops.oneHot(i!, depth)],
  argMax: ([x], { axis }) => [ops.argMax(x!, axis)],
  pow: ([x], { exponent }) => [ops.pow(x!, exponent)],
  hardswish: ([x]) => [ops.hardSwish(x!)],
  topK: ([x], { k, axis }) => {
    const { values, indices } = ops.topK(x!, { k, axis });
    return [values, indices];
  },
  batchNorm: ([x, gamma, beta, mean, variance], { training, epsilon, momentum }) => {
    if (!training) {
      const parameters = { gamma: gamma!, beta: beta!, mean: mean!, variance: variance! };
      return [ops.batchNormInference(x!, parameters, { epsilon })];
    }
    const batch = ops.batchNorm(x!, gamma!, beta!, { epsilon });
    const n = ops.sizeOf(x!.shape) / gamma!.shape[0]!;
    const blend = (old: Tensor, seen: Tensor, scale: number) =>
      add(mul(old, scalar(1 - momentum)), mul(ops.stopGradient(seen), scalar(momentum * scale)));
    return [batch.y, blend(mean!, batch.mean, 1), blend(variance!, batch.variance, n / (n - 1))];
  },
};

function build({ op, attributes }: Case, inputs: Tensor[]): Tensor[] {
  const special = builders[op];
  if (special) return special(inputs, attributes as unknown as Options);
  const plain = (ops as unknown as Record<string, (...args: unknown[]) => Tensor>)[op];
  return [plain!(...inputs, ...(Object.keys(attributes).length > 0 ? [attributes] : []))];
}

function values({ dtype, data }: Stored): TensorData {
  if (dtype === 'float32') return Float32Array.from(data);
  return dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data);
}

function expectClose(name: string, received: TensorData, { data }: Stored): void {
  expect(received.length, name).toBe(data.length);
  const scale = Math.max(1, ...data.map(Math.abs));
  data.forEach((value, i) => {
    // float32 against float64: sums of up to a few hundred products
    expect(
      Math.abs(received[i]! - value),
      `${name}[${i}]: ${received[i]} for ${value}`,
    ).toBeLessThan(2e-5 * scale);
  });
}

/**
 * The program of a case: outputs, and gradients of `sum(outputs * outputGradients)` by the inputs.
 */
function program(stored: Case) {
  const inputs = stored.inputs.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
  const outputs = build(stored, inputs);
  const terms = outputs.flatMap((y, i) => {
    const cotangent = stored.outputGradients[i];
    return cotangent ? [sum(mul(y, ops.constant(values(cotangent), cotangent.shape)))] : [];
  });
  const wanted = inputs.flatMap((x, i) => (stored.inputGradients[i] ? [{ i, x }] : []));
  const found =
    terms.length > 0
      ? gradients(
          terms.reduce(add),
          wanted.map(({ x }) => x),
        )
      : [];
  return {
    ...Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])),
    ...Object.fromEntries(found.map((gradient, j) => [`g${wanted[j]!.i}`, gradient])),
  };
}

/** A plan per kernel, so that each is exercised; the empty plan where there is no choice. */
function plansOf(outputs: Record<string, Tensor>, kernels: KernelChoice['kernels']): Plan[] {
  const nodes = ops.nodesOf(Object.values(ops.simplify(outputs)));
  const choices = nodes.flatMap((node) => {
    const names = kernels(node);
    return names.length > 1 ? [{ key: planKey(node), names }] : [];
  });
  const count = Math.max(1, ...choices.map(({ names }) => names.length));
  return Array.from({ length: count }, (_, n) =>
    Object.fromEntries(choices.map(({ key, names }) => [key, names[n % names.length]!])),
  );
}

/** Tests that each operator on a device equals PyTorch's, in value and gradients. */
export function testOperators(open: () => Promise<Backend>): void {
  describe('operators against PyTorch', async () => {
    const backend = await open();
    const engine = createEngine(backend);
    afterAll(() => engine.close());
    const { kernels } = backend.target().choice;

    cases.forEach((stored, index) => {
      const { op, attributes, inputs } = stored;
      const shapes = inputs.map(({ shape }) => `[${shape}]`).join(' ');
      it(`${index} ${op} ${JSON.stringify(attributes)} ${shapes}`, async () => {
        const outputs = program(stored);
        const feeds = Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, values(tensor)]));
        for (const plan of plansOf(outputs, kernels)) {
          const executable = await engine.compile({ outputs }, { plan });
          expect(executable.plan).toMatchObject(plan);
          const results = await executable.run(feeds);
          const by = JSON.stringify(plan);
          stored.outputs.forEach((y, i) => {
            expectClose(`${op} output ${i} ${by}`, results[`y${i}`]!, y);
          });
          stored.inputGradients.forEach((gradient, i) => {
            if (gradient) expectClose(`${op} gradient ${i} ${by}`, results[`g${i}`]!, gradient);
          });
          await executable.dispose();
        }
      });
    });
  });
}
