import { describe, expect, it } from 'vitest';
import { categoriesOf, colorsOf, scaleOf, withMuted } from './colorPoints.ts';
import { categoryColor, cssOf, oklch, pixelOfHex, rampColor } from './palette.ts';

describe('palette', () => {
  it('converts OKLCH as CSS does', () => {
    // Values of Chromium for the same colors.
    expect(cssOf(oklch(1, 0, 0))).toBe('#ffffff');
    expect(cssOf(oklch(0.628, 0.2577, 29.23))).toBe('#ff0000');
    expect(cssOf(oklch(0.452, 0.3132, 264.05))).toBe('#0000ff');
    expect(cssOf(pixelOfHex('#0072b2'))).toBe('#0072b2');
  });

  it('gives 60 categories different colors, and gray to unknown ones', () => {
    const colors = Array.from({ length: 60 }, (_, i) => categoryColor(i));
    expect(new Set(colors).size).toBe(60);
    const gray = cssOf(categoryColor(-2));
    expect(new Set(gray.match(/[0-9a-f]{2}/g)).size).toBe(1);
  });

  it('rises in lightness along the ramp', () => {
    const lightness = [0, 0.25, 0.5, 0.75, 1].map((t) => {
      const color = rampColor(t);
      return 0.2 * (color & 255) + 0.7 * ((color >>> 8) & 255) + 0.1 * ((color >>> 16) & 255);
    });
    expect(lightness).toEqual(lightness.toSorted((a, b) => a - b));
  });
});

describe('colorPoints', () => {
  it('lists categories by size, with junk last', () => {
    const found = categoriesOf(Int32Array.of(1, -2, 0, 1, -2, -2));
    expect(found.map(({ value, count }) => [value, count])).toEqual([
      [1, 2],
      [0, 1],
      [-2, 3],
    ]);
  });

  it('colors numbers between their quantiles, and NaN as unknown', () => {
    const values = Float32Array.of(Number.NaN, ...Array.from({ length: 101 }, (_, i) => i), 9999);
    expect(scaleOf(values)).toEqual({ min: 1, max: 100 });
    const colors = colorsOf('number', values, 7);
    expect(colors[0]).toBe(7);
    expect(colors[1]).toBe(rampColor(0));
    expect(colors.at(-1)).toBe(rampColor(1));
  });

  it('draws muted rows first, in gray', () => {
    const { colors, order, muted } = withMuted(Uint32Array.of(1, 2, 3, 4), (row) => row < 2, 9);
    expect([...colors]).toEqual([9, 9, 3, 4]);
    expect([...order.slice(0, muted)].sort()).toEqual([0, 1]);
    expect([...order.slice(muted)]).toEqual([2, 3]);
  });
});
