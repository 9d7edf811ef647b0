/** Probabilities with known losses, which the tests of DAC, DDC and DCCM share. */
import type { Engine } from '../backends/index.ts';
import { constant, type Tensor } from '../tensor/index.ts';

/** Probabilities of four images and three clusters, as clean images. */
export const P = [
  [0.95, 0.03, 0.02],
  [0.02, 0.96, 0.02],
  [0.1, 0.2, 0.7],
  [0.9, 0.06, 0.04],
] as const;

/** Probabilities of other views of the same images. */
export const Q = [
  [0.9, 0.06, 0.04],
  [0.05, 0.9, 0.05],
  [0.2, 0.2, 0.6],
  [0.8, 0.1, 0.1],
] as const;

/** Rows as a constant. */
export function matrixOf(rows: readonly (readonly number[])[]): Tensor {
  return constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
}

/** Values of a tensor without inputs. */
export async function valuesOf(engine: Engine, value: Tensor): Promise<number[]> {
  const executable = await engine.compile({ outputs: { value } });
  const { value: found } = await executable.run({});
  await executable.dispose();
  return [...(found as Float32Array)];
}
