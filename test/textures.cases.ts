/**
 * Pictures that the gates make for themselves: ten kinds of gray texture at random phase, period,
 * contrast and polarity, with noise. Pixels of two pictures of one kind do not lie over each other,
 * so that k-means on pixels finds nothing; what has to be learned is the pattern. Written as IDX
 * files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomAt } from '../src/core/random.ts';

const SIDE = 28;
const wave = (t: number) => Math.sin(2 * Math.PI * t);

/** Value of each texture at (x, y) in periods, about -1 to 1. */
const kinds: readonly ((x: number, y: number) => number)[] = [
  (x) => Math.sign(wave(x)),
  (_, y) => Math.sign(wave(y)),
  (x, y) => Math.sign(wave(x) * wave(y)),
  (x, y) => Math.sign(wave(0.7 * (x + y)) * wave(0.7 * (x - y))),
  (x, y) => (wave(x) + wave(y) > 0.9 ? 1 : -0.6),
  (x, y) => (Math.max(wave(x), wave(y)) > 0.8 ? 1 : -0.6),
  (x, y) => Math.sign(wave(x + 0.35 * wave(y))),
  (x, y) => Math.sign(wave(y + 0.35 * wave(x))),
  (x, y) => Math.sign(wave(Math.hypot(x - 2, y - 2))),
  (x, y) => Math.sign(wave(x) + 0.8 * wave(2 * y)),
];

/** Writes `train` and `test` pictures; the same bytes each time. */
export function writeTextures(
  folder: string,
  { train, test }: { train: number; test: number },
): void {
  mkdirSync(folder, { recursive: true });
  write(folder, 'train', 0, train);
  write(folder, 't10k', train, test);
}

function write(folder: string, part: string, first: number, count: number): void {
  const images = Buffer.alloc(16 + count * SIDE * SIDE);
  const labels = Buffer.alloc(8 + count);
  [0x803, count, SIDE, SIDE].forEach((value, i) => {
    images.writeUInt32BE(value, 4 * i);
  });
  [0x801, count].forEach((value, i) => {
    labels.writeUInt32BE(value, 4 * i);
  });
  for (let i = 0; i < count; i++) {
    const kind = i % kinds.length;
    labels[8 + i] = kind;
    images.set(picture(first + i, kinds[kind]!), 16 + i * SIDE * SIDE);
  }
  writeFileSync(join(folder, `${part}-images-idx3-ubyte`), images);
  writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), labels);
}

function picture(i: number, texture: (x: number, y: number) => number): Uint8Array {
  const random = randomAt(7, 'synthetic', i);
  const period = 6 + 4 * random.uniform();
  const [u, v] = [random.uniform(), random.uniform()];
  const contrast = (30 + 60 * random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);
  const middle = 128 + 40 * (random.uniform() - 0.5);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    const noise = 60 * (random.uniform() - 0.5);
    return Math.max(
      0,
      Math.min(255, middle + contrast * texture(x / period + u, y / period + v) + noise),
    );
  });
}
