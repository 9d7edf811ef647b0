/** Double precision, with digits that single precision does not have. */
import { afterAll, describe, expect, it } from 'vitest';
import * as ops from '../tensor/index.ts';
import type { Backend } from './backend.ts';
import { createEngine } from './engine.ts';

const fine = 2 ** -40;

/** Tests that float64 keeps its digits on a device. */
export function testFloat64(open: () => Promise<Backend>): void {
  describe('double precision', async () => {
    const engine = createEngine(await open());
    afterAll(() => engine.close());

    it('is kept by arithmetic, sums, choice, scatter, and as state from run to run', async () => {
      const x = ops.input('x', [2, 3], 'float64');
      const state = ops.input('state', [2, 3], 'float64');
      const two = ops.scalar(2, 'float64');
      const rows = ops.constant(Int32Array.of(1, 1, 0), [3]);
      const updates = ops.constant(
        Float64Array.from({ length: 9 }, (_, i) => 1 + i * fine),
        [3, 3],
      );
      const executable = await engine.compile({
        outputs: {
          sum: ops.sum(x, { axes: [1] }),
          squares: ops.sum(ops.mul(x, x), { axes: [0, 1] }),
          halves: ops.div(ops.sub(x, two), two),
          root: ops.sqrt(x),
          chosen: ops.where(ops.greater(x, ops.scalar(1, 'float64')), x, two),
          single: ops.cast(x, 'float32'),
          scattered: ops.scatterAdd(x, rows, updates),
        },
        state: [{ current: state, next: ops.add(state, x) }],
      });
      const values = Float64Array.from({ length: 6 }, (_, i) => 1 + i * fine);
      await executable.writeState({ state: new Float64Array(6) });
      await executable.run({ x: values });
      const found = await executable.run({ x: values });
      expect([...(await executable.readState()).state!]).toEqual(Array.from(values, (v) => 2 * v));
      expect([...found.sum!]).toEqual([3 + 3 * fine, 3 + 12 * fine]);
      expect(found.squares![0]).toBeCloseTo(6 + 30 * fine, 14);
      expect([...found.halves!]).toEqual(Array.from(values, (v) => (v - 2) / 2));
      expect([...found.root!]).toEqual(Array.from(values, Math.sqrt));
      expect([...found.chosen!]).toEqual(Array.from(values, (v) => (v > 1 ? v : 2)));
      expect([...found.single!]).toEqual([...Float32Array.from(values)]);
      expect([...found.scattered!]).toEqual([
        ...[0, 1, 2].map((d) => values[d]! + 1 + (6 + d) * fine),
        ...[3, 4, 5].map((d) => values[d]! + 2 + (d - 3 + d) * fine),
      ]);
      await executable.dispose();
    });

    it('sums squares of large tensors in one pass, in double precision too', async () => {
      const x = ops.input('x', [256, 256], 'float64');
      const executable = await engine.compile({ outputs: { squares: ops.sum(ops.mul(x, x)) } });
      const { squares } = await executable.run({ x: new Float64Array(65_536).fill(1 + fine) });
      expect(squares![0]! / 65_536 - 1).toBeCloseTo(2 * fine, 15);
      await executable.dispose();
    });

    it('has the gradient of a cast, and of a root', async () => {
      const x = ops.input('x', [2]);
      const [gradient] = ops.gradients(
        ops.cast(ops.sum(ops.sqrt(ops.cast(x, 'float64'))), 'float32'),
        [x],
      );
      const executable = await engine.compile({ outputs: { gradient: gradient! } });
      const found = await executable.run({ x: Float32Array.of(4, 16) });
      expect([...found.gradient!]).toEqual([0.25, 0.125]);
      await executable.dispose();
    });

    it('is refused where the runtime has no kernel, and where it meets another type', () => {
      const x = ops.input('x', [2], 'float64');
      expect(() => ops.erf(x)).toThrow(
        'erf: received a tensor of type float64; expected float32; cast it first',
      );
      expect(() => ops.add(x, ops.scalar(1))).toThrow('types float64 and float32');
    });
  });
}
