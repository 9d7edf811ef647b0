/** Synthetic pictures with structure at all scales, and variants of them. */
import { randomAt } from '../core/random.ts';
import type { Pixels } from '../data/index.ts';

/** Value from 0 to 255 at a point from 0 to 1, by channel. */
export type Scene = (x: number, y: number) => [number, number, number];

/** Makes a scene of random waves and a few rectangles. */
export function sceneOf(seed: number): Scene {
  const random = randomAt(seed, 'synthetic', 1);
  const waves = Array.from({ length: 14 }, (_, i) => ({
    x: random.uniform(-1, 1) * (2 + i),
    y: random.uniform(-1, 1) * (2 + i),
    phase: random.uniform(0, 6.28),
    size: 40 / (1 + i * 0.4),
  }));
  const tint = [random.uniform(0.6, 1.1), 1, random.uniform(0.6, 1.1)];
  const boxes = Array.from({ length: 4 }, () => ({
    ...{ left: random.uniform(0, 0.7), top: random.uniform(0, 0.7) },
    ...{ width: random.uniform(0.1, 0.4), height: random.uniform(0.1, 0.4) },
    value: random.uniform(-60, 60),
  }));
  return (x, y) => {
    let value = 128;
    for (const wave of waves) {
      value += wave.size * Math.sin(3.14 * (wave.x * x + wave.y * y) + wave.phase);
    }
    for (const box of boxes) {
      const isIn = x > box.left && x < box.left + box.width && y > box.top;
      if (isIn && y < box.top + box.height) value += box.value;
    }
    return tint.map((share) => Math.min(Math.max(value * share, 0), 255)) as [
      number,
      number,
      number,
    ];
  };
}

/** Draws a scene. */
export function draw(scene: Scene, width = 80, height = 60): Pixels {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.set(scene((x + 0.5) / width, (y + 0.5) / height), 3 * (y * width + x));
    }
  }
  return { width, height, pixels };
}

/** Variants that count as the same picture. */
export const variants: Readonly<Record<string, (scene: Scene) => Pixels>> = {
  'resized to half': (scene) => draw(scene, 40, 30),
  'resized to 150 %': (scene) => draw(scene, 120, 90),
  'cropped by 5 % at the left and the top': (scene) =>
    draw((x, y) => scene(0.05 + 0.95 * x, 0.05 + 0.95 * y)),
  'cropped by 5 % on each side': (scene) => draw((x, y) => scene(0.05 + 0.9 * x, 0.05 + 0.9 * y)),
  'mirrored left and right': (scene) => draw((x, y) => scene(1 - x, y)),
  'mirrored top and bottom': (scene) => draw((x, y) => scene(x, 1 - y)),
  'turned by 180 degrees': (scene) => draw((x, y) => scene(1 - x, 1 - y)),
  darker: (scene) =>
    draw((x, y) => scene(x, y).map((value) => value * 0.7) as [number, number, number]),
  'with a dark line of text': (scene) =>
    draw((x, y) => {
      const isText = x < 0.5 && y > 0.81 && y < 0.89 && Math.sin(100 * x) > 0;
      return isText ? [0, 0, 0] : scene(x, y);
    }),
};
