/**
 * Every kernel of a convolution and its gradients agrees with the default one, on shapes that allow
 * all.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { planKey } from '../../compile/index.ts';
import { conv2d, gradients, input, mul, nodesOf, simplify, sum } from '../../tensor/index.ts';
import { draw } from '../draw.cases.ts';
import { openEngine } from '../index.ts';
import { machineTarget } from './machine.cases.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

/** Kernels that are valid on this machine. */
const { kernels } = (await machineTarget()).choice;

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

describe('kernels', () => {
  for (const { x: xShape, w: wShape, stride, padding } of shapes) {
    it(`agree for images [${xShape}], filters [${wShape}], stride ${stride}`, async () => {
      const [x, w] = [input('x', xShape), input('w', wShape)];
      const y = conv2d(x, w, { stride, padding });
      const dy = input('dy', y.shape);
      const [dx, dw] = gradients(sum(mul(y, dy)), [x, w]);
      const outputs = { y, dx: dx!, dw: dw! };
      const feeds = { x: draw(x, 0), w: draw(w, 1), dy: draw(y, 2) };
      const choices = nodesOf(Object.values(simplify(outputs))).flatMap((node) => {
        const [usual, ...others] = kernels(node);
        return others.map((name) => ({ key: planKey(node), usual, name }));
      });
      const standard = await engine.compile({ outputs });
      const reference = await standard.run(feeds);
      expect(choices.length).toBeGreaterThan(0);
      for (const { key, usual, name } of choices) {
        const executable = await engine.compile({ outputs }, { plan: { [key]: name } });
        // The kernel under test is the one that runs: it is planned, and its graph is another.
        expect([standard.plan[key], executable.plan[key]]).toEqual([usual, name]);
        expect(executable.model, `${key} by ${name}`).not.toEqual(standard.model);
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
