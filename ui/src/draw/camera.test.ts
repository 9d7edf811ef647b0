import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitCamera, pan, toScreen, toWorld, zoomAt } from './camera.ts';

const size = { width: 800, height: 500 };

describe('camera', () => {
  it('shows the plane from -1 to 1 with a margin, and y upwards', () => {
    const camera = fitCamera(size);
    expect(toScreen(camera, size, 0, 0)).toEqual({ x: 400, y: 250 });
    expect(toScreen(camera, size, 0, 1).y).toBeCloseTo(15);
    expect(toScreen(camera, size, 0, -1).y).toBeCloseTo(485);
  });

  it('converts there and back, and zooms around the pointer', () => {
    const pixel = fc.record({
      x: fc.integer({ max: 800, min: 0 }),
      y: fc.integer({ max: 500, min: 0 }),
    });
    fc.assert(
      fc.property(pixel, fc.double({ min: 0.2, max: 20, noNaN: true }), ({ x, y }, factor) => {
        const camera = pan(fitCamera(size), 30, -20);
        const world = toWorld(camera, size, x, y);
        const back = toScreen(camera, size, world.x, world.y);
        expect(back.x).toBeCloseTo(x, 6);
        expect(back.y).toBeCloseTo(y, 6);
        const zoomed = zoomAt(camera, size, x, y, factor);
        const after = toScreen(zoomed, size, world.x, world.y);
        expect(after.x).toBeCloseTo(x, 6);
        expect(after.y).toBeCloseTo(y, 6);
      }),
    );
  });

  it('neither zooms nor moves without end', () => {
    let camera = fitCamera(size);
    for (let i = 0; i < 200; i++) camera = zoomAt(camera, size, 0, 0, 10);
    expect(camera.scale).toBe(4000 * fitCamera(size).scale);
    for (let i = 0; i < 200; i++) camera = zoomAt(camera, size, 0, 0, 0.1);
    expect(camera.scale).toBe(0.5 * fitCamera(size).scale);
    for (let i = 0; i < 200; i++) camera = pan(camera, 900, 0);
    expect(camera.x).toBe(-1.4);
  });
});
