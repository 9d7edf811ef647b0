import { describe, expect, it } from 'vitest';
import { type AffineMap, applyAffine } from './affine.ts';
import { addNoise, applyChannelShift } from './channelShift.ts';
import { blank, planesOf } from './fixture.cases.ts';
import type { PlanarImage } from './planarImage.ts';

const still: AffineMap = { rotation: 0, shiftX: 0, shiftY: 0, zoomX: 1, zoomY: 1, shear: 0 };

/** Planes that hold 2 x + 40, 3 y + 20 and x + y + 60, so that a value tells its source. */
function ramps(width: number, height: number): PlanarImage {
  const image = blank(width, height);
  const plane = width * height;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      image.data[at] = 2 * x + 40;
      image.data[plane + at] = 3 * y + 20;
      image.data[2 * plane + at] = x + y + 60;
    }
  return image;
}

/** Applies Keras' matrix R T H Z, written out as a product of homogeneous matrices. */
function sourceOf(map: AffineMap, width: number, height: number, [x, y]: [number, number]) {
  const [a, b] = [(map.rotation * Math.PI) / 180, (map.shear * Math.PI) / 180];
  const factors = [
    [1, 0, (width - 1) / 2, 0, 1, (height - 1) / 2],
    [Math.cos(a), -Math.sin(a), 0, Math.sin(a), Math.cos(a), 0],
    [1, 0, map.shiftX * width, 0, 1, map.shiftY * height],
    [1, -Math.sin(b), 0, 0, Math.cos(b), 0],
    [map.zoomX, 0, 0, 0, map.zoomY, 0],
    [1, 0, -(width - 1) / 2, 0, 1, -(height - 1) / 2],
  ];
  return factors.reduceRight(
    ([u, v], [p, q, r, s, t, w]) => [p! * u! + q! * v! + r!, s! * u! + t! * v! + w!],
    [x, y],
  ) as [number, number];
}

describe('applyAffine', () => {
  it('leaves an image as it is where nothing is turned, moved or scaled', () => {
    const image = planesOf('color');
    applyAffine(image, still);
    expect(image.data).toEqual(planesOf('color').data);
  });

  it('moves by whole pixels and repeats the border', () => {
    const image = ramps(20, 10);
    applyAffine(image, { ...still, shiftX: 0.15, shiftY: -0.2 }); // 3 px right, 2 px up
    const before = ramps(20, 10);
    for (let y = 0; y < 10; y++)
      for (let x = 0; x < 20; x++) {
        const source = Math.max(0, y - 2) * 20 + Math.min(19, x + 3);
        expect(image.data[y * 20 + x]).toBe(before.data[source]);
      }
  });

  it('turns a square by a quarter exactly', () => {
    const image = ramps(16, 16);
    applyAffine(image, { ...still, rotation: 90 });
    const before = ramps(16, 16);
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 16; x++) {
        expect(image.data[y * 16 + x]).toBe(before.data[x * 16 + 15 - y]);
      }
  });

  it.each<Partial<AffineMap>>([
    { rotation: 17 },
    { zoomX: 0.8, zoomY: 1.2 },
    { shear: 12 },
    { shiftX: 0.07, shiftY: -0.03 },
    { rotation: -9, shiftX: 0.05, shiftY: 0.08, zoomX: 0.9, zoomY: 1.1, shear: 5 },
  ])("shows at every pixel the source that Keras' matrix names: %o", (given) => {
    const map = { ...still, ...given };
    const [width, height] = [30, 24];
    const image = ramps(width, height);
    applyAffine(image, map);
    const plane = width * height;
    let inside = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [qx, qy] = sourceOf(map, width, height, [x, y]);
        if (qx < 0 || qy < 0 || qx > width - 1 || qy > height - 1) continue;
        inside++;
        const at = y * width + x;
        expect(Math.abs(image.data[at]! - (2 * qx + 40))).toBeLessThan(0.501);
        expect(Math.abs(image.data[plane + at]! - (3 * qy + 20))).toBeLessThan(0.501);
        expect(Math.abs(image.data[2 * plane + at]! - (qx + qy + 60))).toBeLessThan(0.501);
      }
    expect(inside).toBeGreaterThan((width * height) / 2);
  });
});

describe('applyChannelShift', () => {
  it('adds to each channel its own amount, and clips', () => {
    const image = { width: 2, height: 1, data: Uint8Array.of(10, 250, 10, 250, 10, 250) };
    applyChannelShift(image, [0.1, -0.1, 0]);
    expect([...image.data]).toEqual([36, 255, 0, 225, 10, 250]); // 25.5, rounded half up
  });
});

describe('addNoise', () => {
  it('has mean 0 and the deviation asked for, and is the same for a seed', () => {
    const gray = () => ({ ...blank(100), data: new Uint8Array(30_000).fill(128) });
    const [first, again, other] = [gray(), gray(), gray()];
    addNoise(first, 0.05, 3);
    addNoise(again, 0.05, 3);
    addNoise(other, 0.05, 4);
    expect(again.data).toEqual(first.data);
    expect(other.data).not.toEqual(first.data);
    const mean = first.data.reduce((sum, value) => sum + value, 0) / 30_000 - 128;
    const square = first.data.reduce((sum, value) => sum + (value - 128) ** 2, 0) / 30_000;
    expect(Math.abs(mean)).toBeLessThan((5 * 12.75) / Math.sqrt(30_000));
    expect(Math.sqrt(square)).toBeCloseTo(Math.hypot(12.75, 1 / Math.sqrt(12)), 0);
  });
});
