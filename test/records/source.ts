/**
 * A small source of color pictures, the same bytes everywhere: a CIFAR-10 folder of colored
 * patterns.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SIDE = 32;
const KINDS = 4;

/**
 * Whole numbers from 0 to `n - 1` by a linear congruential generator (Numerical Recipes'
 * constants).
 */
function generator(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/**
 * Makes one CIFAR-10 record: the label, then the red, green and blue planes of stripes, columns,
 * checks or rings.
 */
function record(index: number): Uint8Array {
  const draw = generator(7919 * (index + 1));
  const kind = index % KINDS;
  const period = 4 + draw(5);
  const [left, top] = [draw(period), draw(period)];
  const colors = [0, 1, 2].map(() => [draw(256), draw(256)]);
  const isInk = (x: number, y: number): boolean => {
    const [u, v] = [(x + left) % period < period / 2, (y + top) % period < period / 2];
    const ring = ((x - 16) ** 2 + (y - 16) ** 2) % (8 * period) < 4 * period;
    return [u, v, u !== v, ring][kind]!;
  };
  const bytes = new Uint8Array(1 + 3 * SIDE * SIDE);
  bytes[0] = kind;
  for (let at = 0; at < 3 * SIDE * SIDE; at++) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE) % SIDE];
    const [ink, paper] = colors[Math.floor(at / SIDE / SIDE)]!;
    const noise = draw(31) - 15;
    bytes[1 + at] = Math.max(0, Math.min(255, (isInk(x, y) ? ink! : paper!) + noise));
  }
  return bytes;
}

/**
 * Writes a CIFAR-10 folder with `train` training pictures of four kinds and, where `test` is given,
 * test pictures.
 */
export function writeSource(
  folder: string,
  { train, test = 0 }: { train: number; test?: number },
): void {
  const records = (from: number, count: number) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => record(from + i)));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data_batch_1.bin'), records(0, train));
  if (test > 0) writeFileSync(join(folder, 'test_batch.bin'), records(train, test));
}
