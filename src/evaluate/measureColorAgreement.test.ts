/** Images whose groups are those of color, and images whose groups are those of shape. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { measureColorAgreement } from './measureColorAgreement.ts';

const N = 240;
const SIDE = 12;
/** Offset of the first image. */
const HEADER = 16;

let engine: Engine;
const folder = mkdtempSync(join(tmpdir(), 'likeness-color-'));
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

type Color = readonly [number, number, number];

/** Stripes across, stripes down or a checkerboard, drawn in two colors. */
function patternOf(shape: number, ink: Color, paper: Color): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % SIDE, Math.floor(at / 3 / SIDE)];
    const isInk = [y % 2, x % 2, (x + y) % 2][shape]!;
    return (isInk ? ink : paper)[at % 3]!;
  });
}

/** Writes a cache of patterns, one of three shapes and one of three colors each. */
function imagesOf(name: string, paint: (i: number) => { shape: number; ink: Color; paper: Color }) {
  const file = join(folder, name);
  const length = SIDE * SIDE * 3;
  const bytes = new Uint8Array(HEADER + N * length);
  for (let i = 0; i < N; i++) {
    const { shape, ink, paper } = paint(i);
    bytes.set(patternOf(shape, ink, paper), HEADER + i * length);
  }
  writeFileSync(file, bytes);
  return {
    file,
    widths: new Uint16Array(N).fill(SIDE),
    heights: new Uint16Array(N).fill(SIDE),
    offsets: Float64Array.from({ length: N }, (_, i) => HEADER + i * length),
  };
}

/** Features [N, 3] that stand for one of three groups, with noise. */
function groupFeatures(groupOf: (i: number) => number) {
  const random = randomAt(4, 'synthetic');
  const data = Float32Array.from({ length: 3 * N }, (_, at) => {
    const own = at % 3 === groupOf(Math.floor(at / 3)) ? 1 : 0;
    return own + random.normal(0, 0.1);
  });
  return featuresOf(data, 3);
}

const random = randomAt(2, 'synthetic');
const shapes = Array.from({ length: N }, () => random.integer(3));
const families = Array.from({ length: N }, () => random.integer(3));
const anyColor = (): Color => [random.integer(256), random.integer(256), random.integer(256)];
/** Red, green or blue, not always the same. */
const colorOf = (family: number): Color => {
  const channel = (at: number) => (at === family ? 200 + random.integer(50) : random.integer(50));
  return [channel(0), channel(1), channel(2)];
};
const indices = Uint32Array.from({ length: N }, (_, i) => i);
const common = { indices, k: 3, size: SIDE };

describe('groups of images', () => {
  it('that share a color are mostly groups of color', async () => {
    const cache = imagesOf('families', (i) => ({
      shape: shapes[i]!,
      ink: colorOf(families[i]!),
      paper: colorOf(families[i]!),
    }));
    const features = groupFeatures((i) => families[i]!);
    const found = await measureColorAgreement({ engine, cache, features, ...common });
    expect(found).toMatchObject({
      images: N,
      k: 3,
      verdict: 'mostly',
      property: 'color',
      ceiling: 1,
    });
    expect(found.colorHistogram).toBeGreaterThan(0.9);
    expect(found.text).toContain('mostly groups of color');
    // Shapes of the same images are none of color.
    const clusters = Int32Array.from(shapes);
    const others = await measureColorAgreement({ engine, cache, features, clusters, ...common });
    expect(others.verdict).toBe('not');
  });

  it('that share a shape in random colors are not', async () => {
    const cache = imagesOf('shapes', (i) => ({
      shape: shapes[i]!,
      ink: anyColor(),
      paper: anyColor(),
    }));
    const features = groupFeatures((i) => shapes[i]!);
    const found = await measureColorAgreement({ engine, cache, features, ...common });
    expect(found).toMatchObject({ verdict: 'not', ceiling: 1 });
    expect(found.colorHistogram).toBeLessThan(0.05);
    expect(found.text).toContain('not groups of color');
  });

  it('of gray images follow brightness', async () => {
    const gray = (family: number): Color => {
      const value = 80 * family + random.integer(40);
      return [value, value, value];
    };
    const cache = imagesOf('gray', (i) => ({
      shape: shapes[i]!,
      ink: gray(families[i]!),
      paper: gray(families[i]!),
    }));
    const features = groupFeatures((i) => families[i]!);
    const found = await measureColorAgreement({ engine, cache, features, ...common });
    expect(found).toMatchObject({ verdict: 'mostly', property: 'brightness' });
    expect(found.text).toContain('mostly groups of brightness');
    expect(found.text).not.toContain('color');
  });

  it('are compared on the same draw by the same seed', async () => {
    const cache = imagesOf('drawn', (i) => ({
      shape: 0,
      ink: colorOf(families[i]!),
      paper: anyColor(),
    }));
    const features = groupFeatures((i) => families[i]!);
    const of = (seed: number) =>
      measureColorAgreement({ engine, cache, features, ...common, sample: 60, seed });
    const first = await of(1);
    expect(first.images).toBe(60);
    expect(await of(1)).toEqual(first);
    expect(await of(2)).not.toEqual(first);
  });

  it('may be more than the images, which leaves the question open', async () => {
    const cache = imagesOf('few', () => ({ shape: 0, ink: anyColor(), paper: anyColor() }));
    const features = groupFeatures((i) => families[i]!);
    const few = { ...common, indices: indices.slice(0, 2), k: 10 };
    const { data, dimension } = features;
    const two = featuresOf(data.slice(0, 2 * dimension), dimension);
    const found = await measureColorAgreement({ engine, cache, features: two, ...few });
    expect(found).toMatchObject({ images: 2, verdict: 'unknown' });
  });
});
