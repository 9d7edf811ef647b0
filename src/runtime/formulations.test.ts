/** Every formulation of a convolution and its gradients agrees with the default one, on shapes that allow all of them. */
import { afterAll, describe, expect, it } from 'vitest';
import { conv2d, gradients, input, mul, nodesOf, scalar, simplify, sum } from '../tensor/index.ts';
import { draw } from './draw.cases.ts';
import { openEngine } from './index.ts';
import { lowerings, planKey } from './lowering/index.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const shapes = [
  { x: [3, 16, 9, 7], w: [32, 16, 3, 3], stride: 1, padding: 1 },
  { x: [32, 16, 6, 5], w: [32, 16, 3, 3], stride: 1, padding: 1 },
  { x: [2, 32, 8, 8], w: [16, 32, 3, 3], stride: 2, padding: 1 },
  { x: [2, 16, 12, 9], w: [32, 16, 3, 3], stride: 3, padding: 1 },
  { x: [2, 16, 8, 6], w: [16, 16, 5, 5], stride: 2, padding: 2 },
  { x: [2, 16, 8, 6], w: [16, 16, 2, 2], stride: 2, padding: 0 },
  { x: [16, 16, 8, 9], w: [32, 16, 3, 3], stride: 2, padding: 1 },
  { x: [16, 3, 10, 10], w: [16, 3, 7, 7], stride: 2, padding: 3 },
  { x: [2, 16, 6, 6], w: [16, 16, 1, 1], stride: 1, padding: 0 },
  { x: [2, 16, 8, 8], w: [32, 16, 1, 1], stride: 2, padding: 0 },
  { x: [2, 16, 9, 9], w: [16, 16, 5, 5], stride: 1, padding: 2 },
  { x: [5, 32, 2, 2], w: [16, 32, 3, 3], stride: 1, padding: 1 },
  { x: [16, 16, 2, 1], w: [32, 16, 3, 3], stride: 1, padding: 1 },
  { x: [3, 16, 3, 3], w: [32, 16, 3, 3], stride: 1, padding: 1 },
  { x: [2, 32, 2, 3], w: [16, 32, 2, 2], stride: 2, padding: 1 },
  { x: [2, 16, 3, 2], w: [16, 16, 5, 5], stride: 1, padding: 2 },
  { x: [3, 16, 2, 2], w: [16, 16, 3, 3], stride: 2, padding: 1 },
  { x: [2, 3, 12, 12], w: [16, 3, 7, 7], stride: 2, padding: 3 },
];

describe('formulations', () => {
  for (const { x: xShape, w: wShape, stride, padding } of shapes) {
    it(`agree for images [${xShape}], filters [${wShape}], stride ${stride}`, async () => {
      const [x, w] = [input('x', xShape), input('w', wShape)];
      const y = conv2d(x, w, { stride, padding });
      const dy = input('dy', y.shape);
      const [dx, dw] = gradients(sum(mul(y, dy)), [x, w]);
      const outputs = { y, dx: dx!, dw: dw! };
      const feeds = { x: draw(x, 0), w: draw(w, 1), dy: draw(y, 2) };
      // Names that a machine lacks fall back to the default, which then agrees trivially.
      const choices = nodesOf(Object.values(simplify(outputs))).flatMap((node) =>
        lowerings.cpu.formulations(node, { block: 16 }).map((name) => ({ key: planKey(node), name })),
      );
      const reference = await (await engine.compile({ outputs })).run(feeds);
      expect(choices.length).toBeGreaterThan(2);
      for (const { key, name } of choices) {
        const executable = await engine.compile({ outputs }, { plan: { [key]: name } });
        const results = await executable.run(feeds);
        for (const label of ['y', 'dx', 'dw'] as const) {
          const scale = Math.max(...Array.from(reference[label]!, Math.abs));
          results[label]!.forEach((value: number, i: number) => {
            const difference = Math.abs(value - reference[label]![i]!);
            expect(difference, `${label}[${i}] by ${name}`).toBeLessThan(1e-4 * scale);
          });
        }
        await executable.dispose();
      }
    });
  }
});

describe('the engine', () => {
  it('refuses values of the wrong size or type, and says what it expected', async () => {
    const executable = await engine.compile({ outputs: { y: mul(input('x', [2, 3]), input('x2', [3])) } });
    const wrong = () => executable.run({ x: new Float32Array(5), x2: new Float32Array(3) });
    expect(wrong).toThrow(
      'run: "x" received Float32Array of 5 values; expected Float32Array of shape [2, 3]',
    );
    expect(() => executable.run({ x: new Float32Array(6) })).toThrow('"x2" received nothing');
  });

  it('takes inputs and outputs of any name', async () => {
    const [t0, c0] = [input('t0', [2]), input('c0', [2])];
    const executable = await engine.compile({ outputs: { t1: mul(mul(t0, c0), scalar(3)) } });
    const { t1 } = await executable.run({ t0: Float32Array.of(1, 2), c0: Float32Array.of(4, 5) });
    expect([...t1!]).toEqual([12, 30]);
    await executable.dispose();
  });

  it('keeps state between runs and gives it back', async () => {
    const counter = input('counter', [2]);
    const executable = await engine.compile({
      outputs: { seen: mul(counter, counter) },
      state: [{ current: counter, next: mul(counter, counter) }],
    });
    await executable.writeState({ counter: Float32Array.of(2, 3) });
    await executable.run({});
    const { seen } = await executable.run({});
    expect([...seen!]).toEqual([16, 81]);
    expect([...(await executable.readState()).counter!]).toEqual([16, 81]);
    await expect(async () => executable.writeState({ other: Float32Array.of(1) })).rejects.toThrow(
      'expected one of counter',
    );
  });
});
