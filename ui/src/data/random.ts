/**
 * Hashes a seed and a counter to a number in [0, 1), without state, so that generated data do not
 * depend on the order of calls (the finalizer of MurmurHash3).
 */
export function uniform(seed: number, counter: number, purpose: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(counter + 1, 0xc2b2ae35);
  h ^= Math.imul(purpose + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Draws from a standard normal distribution by the Box-Muller transform. */
export function normal(seed: number, counter: number, purpose: number): number {
  const u = 1 - uniform(seed, counter, purpose);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * uniform(seed, counter, purpose + 91));
}
