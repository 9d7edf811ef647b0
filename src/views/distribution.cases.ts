/**
 * Compares draws with a distribution: the mean, both ends, and the Kolmogorov-Smirnov statistic.
 *
 * Draws are seeded, so a comparison passes or fails for good. A correct sampler fails one
 * comparison in about 1,000.
 */
import { expect } from 'vitest';

/** A distribution of a number, by its cumulative distribution function. */
export interface Distribution {
  readonly low: number;
  readonly high: number;
  /** Probability of a value of at most x, for x from `low` to `high`. */
  cdf(x: number): number;
}

/** Quantile .999 of the Kolmogorov distribution, the limit of sqrt(n) times the statistic. */
const KOLMOGOROV = 1.95;
/** Standard deviations that a mean, a frequency or a correlation may be off. */
const DEVIATIONS = 4;
/** Intervals of numerical integration. */
const INTERVALS = 4000;

export function uniformOn(low: number, high: number): Distribution {
  return { low, high, cdf: (x) => (x - low) / (high - low) };
}

/** Distribution of a density, which may be scaled by any constant, by the midpoint rule. */
export function ofDensity(low: number, high: number, density: (x: number) => number): Distribution {
  const step = (high - low) / INTERVALS;
  const cumulative = new Float64Array(INTERVALS + 1);
  for (let i = 0; i < INTERVALS; i++) {
    cumulative[i + 1] = cumulative[i]! + density(low + (i + 0.5) * step);
  }
  const total = cumulative[INTERVALS]!;
  return {
    low,
    high,
    cdf(x) {
      const at = Math.min(INTERVALS, Math.max(0, (x - low) / step));
      const below = Math.min(INTERVALS - 1, Math.floor(at));
      const [a, b] = [cumulative[below]!, cumulative[below + 1]!];
      return (a + (at - below) * (b - a)) / total;
    },
  };
}

/** Mean and standard deviation of a distribution, by parts: `E x = high - integral of the cdf`. */
function momentsOf({ low, high, cdf }: Distribution): { mean: number; deviation: number } {
  const step = (high - low) / INTERVALS;
  let [mean, square] = [high, high * high];
  for (let i = 0; i < INTERVALS; i++) {
    const x = low + (i + 0.5) * step;
    mean -= step * cdf(x);
    square -= step * 2 * x * cdf(x);
  }
  return { mean, deviation: Math.sqrt(square - mean * mean) };
}

/** Largest distance of the values' empirical distribution from a distribution. */
export function kolmogorovSmirnov(values: readonly number[], { cdf }: Distribution): number {
  const n = values.length;
  return values
    .toSorted((a, b) => a - b)
    .reduce((largest, value, i) => {
      const expected = cdf(value);
      return Math.max(largest, expected - i / n, (i + 1) / n - expected);
    }, 0);
}

/** Fails unless values are plausible draws of a distribution. */
export function expectDrawnFrom(name: string, values: readonly number[], of: Distribution): void {
  const n = values.length;
  const sorted = values.toSorted((a, b) => a - b);
  expect(sorted[0]!, `${name}: smallest`).toBeGreaterThanOrEqual(of.low);
  expect(sorted.at(-1)!, `${name}: largest`).toBeLessThanOrEqual(of.high);
  // Both ends are reached: n draws miss the outermost 10 / n with probability e^-10.
  expect(of.cdf(sorted[0]!), `${name}: smallest`).toBeLessThan(10 / n);
  expect(of.cdf(sorted.at(-1)!), `${name}: largest`).toBeGreaterThan(1 - 10 / n);
  const { mean, deviation } = momentsOf(of);
  const found = values.reduce((sum, value) => sum + value, 0) / n;
  expect(Math.abs(found - mean), `${name}: mean`).toBeLessThan(
    (DEVIATIONS * deviation) / Math.sqrt(n),
  );
  const statistic = kolmogorovSmirnov(sorted, of) * Math.sqrt(n);
  expect(statistic, `${name}: Kolmogorov-Smirnov`).toBeLessThan(KOLMOGOROV);
}

/** Fails unless an event of probability p happened about as often as it should in n trials. */
export function expectFrequency(name: string, happened: number, n: number, p: number): void {
  const deviation = Math.sqrt((p * (1 - p)) / n);
  expect(Math.abs(happened / n - p), `${name}: frequency`).toBeLessThan(
    DEVIATIONS * deviation + 1e-12,
  );
}

/** Fails unless the lists are uncorrelated, pair by pair. */
export function expectUncorrelated(lists: Readonly<Record<string, readonly number[]>>): void {
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  const entries = Object.entries(lists).map(([name, values]): [string, number[]] => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [name, values.map((value) => value - mean)];
  });
  entries.forEach(([a, x], i) => {
    for (const [b, y] of entries.slice(i + 1)) {
      const correlation = product(x, y) / Math.sqrt(product(x, x) * product(y, y));
      const limit = DEVIATIONS / Math.sqrt(x.length);
      expect(Math.abs(correlation), `correlation of ${a} and ${b}`).toBeLessThan(limit);
    }
  });
}
