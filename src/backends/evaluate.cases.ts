/** Values of symbolic tensors, and their comparison with expected ones. For tests only. */
import { expect } from 'vitest';
import type { Values } from '../compile/index.ts';
import type { Tensor, TensorData } from '../tensor/index.ts';
import type { Engine } from './engine.ts';

/** Compiles the outputs and runs them once. */
export async function evaluateOn(
  engine: Engine,
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Values = {},
): Promise<Record<string, TensorData>> {
  const executable = await engine.compile({ outputs });
  try {
    return await executable.run(feeds);
  } finally {
    await executable.dispose();
  }
}

/** Expects every value within the tolerance. */
export function expectAll(
  received: TensorData,
  expected: readonly number[],
  tolerance: number,
): void {
  expect(received.length).toBe(expected.length);
  expected.forEach((value, i) => {
    const difference = Math.abs(received[i]! - value);
    expect(difference, `element ${i}: ${received[i]} for ${value}`).toBeLessThan(tolerance);
  });
}
