/**
 * Networks beside PyTorch without storing their weights: weights and images are noise that both
 * sides make by one formula, and of each gradient a file has its norm and its products with a few
 * rows of noise.
 */
import { expect } from 'vitest';

export interface StoredGradient {
  norm: number;
  /** With the noise of streams 2000, 2001, … */
  products: number[];
}

/** Pseudo-random values between -1 and 1. */
export function noise(count: number, stream: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const x = 43758.5453 * Math.sin(12.9898 * i + 78.233 * stream);
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/**
 * Demands the stored norm and products, within a part of the norm or, where it is 0 in exact
 * arithmetic, `floor`.
 */
export function expectGradient(
  gradient: Float32Array,
  { norm, products }: StoredGradient,
  { label, tolerance, floor = 0 }: { label: string; tolerance: number; floor?: number },
): void {
  const most = Math.max(tolerance * norm, floor);
  const length = Math.sqrt(gradient.reduce((total, value) => total + value ** 2, 0));
  expect(Math.abs(length - norm), label).toBeLessThan(most);
  products.forEach((product, k) => {
    const along = noise(gradient.length, 2000 + k);
    const own = along.reduce((total, value, i) => total + value * gradient[i]!, 0);
    expect(Math.abs(own - product), `${label}, product ${k}`).toBeLessThan(most);
  });
}
