import { describe, expect, it } from 'vitest';
import { discRuns, drawDiscs, drawSoftDiscs, softDisc } from './discs.ts';

const RED = 0xff0000ff;
const BLUE = 0xffff0000;
const WHITE = 0xffffffff;

function canvas(side: number) {
  return { pixels: new Uint32Array(side * side).fill(WHITE), width: side, height: side };
}
const points = (positions: number[], colors: number[]) => ({
  positions: Float32Array.from(positions),
  colors: Uint32Array.from(colors),
  order: Uint32Array.from(colors.keys()),
});
/** Maps -1 to 1 onto 40 pixels. */
const view = { scale: 20, dx: 20, dy: 20 };
const count = (pixels: Uint32Array, color: number) => pixels.filter((p) => p === color).length;

describe('discRuns', () => {
  it.each([1, 2, 3, 4, 5, 6, 9, 14])('has about the area of a disc of diameter %i', (diameter) => {
    const runs = discRuns(diameter);
    let area = 0;
    for (let i = 0; i < runs.length; i += 3) area += runs[i + 2]! - runs[i + 1]! + 1;
    const exact = (Math.PI * diameter ** 2) / 4;
    expect(area).toBeGreaterThanOrEqual(exact * 0.85);
    expect(area).toBeLessThanOrEqual(Math.max(exact * 1.3, 9));
  });
});

describe('drawDiscs', () => {
  it.each([1, 2, 3, 5, 8])('draws the runs of diameter %i at a point', (diameter) => {
    const target = canvas(40);
    drawDiscs(target, points([0, 0], [RED]), view, diameter);
    const runs = discRuns(diameter);
    let area = 0;
    for (let i = 0; i < runs.length; i += 3) area += runs[i + 2]! - runs[i + 1]! + 1;
    expect(count(target.pixels, RED)).toBe(area);
    expect(target.pixels[20 * 40 + 20]).toBe(RED);
    expect(count(target.pixels, RED) + count(target.pixels, WHITE)).toBe(1600);
  });

  it('draws later points above earlier ones, y upwards, and none beyond the border or at NaN', () => {
    const target = canvas(40);
    const all = points([0, 0, 0, 0, 5, 5, Number.NaN, 0, 0, 0.5], [RED, BLUE, RED, RED, RED]);
    drawDiscs(target, all, view, 3);
    expect(count(target.pixels, BLUE)).toBe(9);
    expect(count(target.pixels, RED)).toBe(9);
    expect(target.pixels[10 * 40 + 20]).toBe(RED);
  });

  it('draws each step-th point', () => {
    const target = canvas(40);
    drawDiscs(target, points([0, 0, 0.5, 0.5, -0.5, 0], [RED, RED, BLUE]), view, 1, 2);
    expect([count(target.pixels, RED), count(target.pixels, BLUE)]).toEqual([1, 1]);
  });
});

describe('drawSoftDiscs', () => {
  it('covers the area of the disc and mixes at its edge', () => {
    const cells = softDisc(9);
    let coverage = 0;
    for (let i = 0; i < cells.length; i += 3) coverage += cells[i + 2]! / 256;
    expect(coverage).toBeCloseTo((Math.PI * 81) / 4, -0.5);
    const target = canvas(40);
    drawSoftDiscs(target, points([0, 0], [RED]), view, 9);
    expect(target.pixels[20 * 40 + 20]).toBe(RED);
    const edges = target.pixels.filter((p) => p !== RED && p !== WHITE);
    expect(edges.length).toBeGreaterThan(8);
    // Red over white keeps the red channel full and the two others equal.
    for (const p of edges) expect([p & 255, (p >>> 8) & 255]).toEqual([255, (p >>> 16) & 255]);
  });
});
