/** Timing of kernels, and the plan that comes of it. */
import { describe, expect, it } from 'vitest';
import type { Plan, Values } from '../../compile/index.ts';
import { type Candidates, choosePlan, planKey, type TimeCandidates } from '../../compile/index.ts';
import { randomAt } from '../../core/random.ts';
import {
  conv2d,
  gradients,
  input,
  mul,
  nodesOf,
  simplify,
  sizeOf,
  sum,
} from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { cpuTarget } from './cpu.ts';

const { choice } = cpuTarget({ block: 16 });

/** A strided convolution of small maps to other channels, with both gradients. */
function step() {
  const [x, w] = [input('x', [32, 128, 4, 4]), input('w', [64, 128, 3, 3])];
  const y = conv2d(x, w, { stride: 2, padding: 1 });
  const dy = input('dy', y.shape);
  const [dx, dw] = gradients(sum(mul(y, dy)), [x, w]);
  const outputs = simplify({ y, dx: dx!, dw: dw! });
  const keyOf = (operator: string) =>
    planKey(nodesOf(Object.values(outputs)).find((node) => node.operator === operator)!);
  return { outputs, inputs: [x, w, dy], keyOf };
}

async function planned({ outputs }: ReturnType<typeof step>, plan: Plan = {}) {
  const seen: Candidates[] = [];
  // Later kernels are faster here, the second by too little to count.
  const time: TimeCandidates = async (candidates) => {
    seen.push(candidates);
    return candidates.models.map((_, i) => [1, 0.95][i] ?? 0.8 - i / 100);
  };
  const timed: Record<string, string[]> = {};
  const full = await choosePlan(outputs, {
    ...{ choice, plan, time },
    onTimed: (key, times) => {
      timed[key] = Object.keys(times);
    },
  });
  return { full, seen, timed };
}

describe('a plan', () => {
  it('takes the fastest of each, where it is faster by more than the noise', async () => {
    const of = step();
    const { full, timed } = await planned(of);
    for (const operator of ['conv2d', 'conv2dInputGradient', 'conv2dFilterGradient']) {
      const names = timed[of.keyOf(operator)]!;
      expect(names.length, operator).toBeGreaterThan(2);
      expect(full[of.keyOf(operator)], operator).toBe(names.at(-1));
    }
  });

  it('times a convolution with its adjoint where they share work, a filter gradient alone', async () => {
    const { seen } = await planned(step());
    const shapes = seen.map(({ outputs }) => outputs.map(({ shape }) => shape.join('x')));
    expect(shapes).toContainEqual(['32x64x2x2', '32x128x4x4']);
    expect(shapes).toContainEqual(['32x128x4x4', '32x64x2x2']);
    expect(shapes).toContainEqual(['64x128x3x3']);
    expect(
      seen.every(({ inputs }) => new Set(inputs.map(({ name }) => name)).size === inputs.length),
    ).toBe(true);
  });

  it('is not measured where it is known', async () => {
    const of = step();
    const { full } = await planned(of);
    const again = await planned(of, full);
    expect(again.full).toEqual(full);
    expect(again.seen).toEqual([]);
  });

  it('measured on this machine gives what the default gives', async () => {
    const { outputs, inputs } = step();
    const feeds: Values = Object.fromEntries(
      inputs.map(({ node, shape }, i) => {
        const random = randomAt(3, 'synthetic', i);
        return [
          String(node.attributes.name),
          new Float32Array(sizeOf(shape)).map(() => random.normal()),
        ];
      }),
    );
    const found: Values[] = [];
    for (const tuning of ['defaults', 'measure'] as const) {
      const engine = await openEngine({ threads: 2, tuning });
      const executable = await engine.compile({ outputs });
      found.push(await executable.run(feeds));
      await engine.close();
    }
    for (const [name, values] of Object.entries(found[0]!)) {
      const scale = Math.max(...Array.from(values, Math.abs));
      values.forEach((value: number, i: number) => {
        expect(Math.abs(found[1]![name]![i]! - value), name).toBeLessThan(1e-4 * scale);
      });
    }
  });
});
