import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gridWindow, scrollToItem } from './grid.ts';

describe('gridWindow', () => {
  it('draws every tile in view, and few others, wherever one scrolls', () => {
    const options = fc.record({
      count: fc.nat(100_000),
      width: fc.integer({ min: 60, max: 2000 }),
      viewHeight: fc.integer({ min: 100, max: 1200 }),
      scroll: fc.double({ min: 0, max: 1, noNaN: true }),
      tile: fc.integer({ min: 48, max: 256 }),
    });
    fc.assert(
      fc.property(options, ({ count, width, viewHeight, scroll, tile }) => {
        const gap = 4;
        const { height } = gridWindow({ count, width, viewHeight, scrollTop: 0, tile, gap });
        const scrollTop = scroll * Math.max(0, height - viewHeight);
        const grid = gridWindow({ count, width, viewHeight, scrollTop, tile, gap });
        const pitch = grid.tile + gap;
        expect(grid.columns * pitch - gap).toBeLessThanOrEqual(Math.max(width, grid.tile));
        const firstInView = Math.floor(scrollTop / pitch) * grid.columns;
        const lastInView = Math.ceil((scrollTop + viewHeight) / pitch) * grid.columns;
        expect(grid.first).toBeLessThanOrEqual(Math.min(count, firstInView));
        expect(grid.last).toBeGreaterThanOrEqual(Math.min(count, lastInView));
        expect(grid.last - grid.first).toBeLessThanOrEqual(
          (Math.ceil(viewHeight / pitch) + 8) * grid.columns,
        );
        expect(grid.top).toBe((grid.first / grid.columns) * pitch || 0);
      }),
    );
  });
});

describe('scrollToItem', () => {
  it('moves only as far as needed', () => {
    const grid = gridWindow({
      ...{ count: 100, width: 412, viewHeight: 300, scrollTop: 0, tile: 100, gap: 4 },
    });
    expect(grid.columns).toBe(4);
    expect(scrollToItem(0, grid, 4, 250, 300)).toBe(0);
    expect(scrollToItem(4, grid, 4, 0, 300)).toBe(0);
    expect(scrollToItem(40, grid, 4, 0, 300)).toBe(10 * 104 + 100 - 300);
  });
});
