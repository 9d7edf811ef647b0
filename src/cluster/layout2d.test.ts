import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { featuresOf } from './features.ts';
import { layout2d } from './layout2d.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const D = 12;
/** `count` rows around `groups` directions. */
function grouped(count: number, groups: number) {
  const random = randomAt(2, 'synthetic', count);
  const data = Float32Array.from({ length: count * D }, (_, at) => {
    const row = Math.floor(at / D);
    return (at % D === row % groups ? 3 : 0) + 0.3 * random.normal();
  });
  return featuresOf(data, D);
}

/** Share of points whose nearest other point is of the same group. */
function kept(places: Float32Array, groups: number): number {
  const count = places.length / 2;
  let same = 0;
  for (let i = 0; i < count; i++) {
    let nearest = -1;
    let least = Infinity;
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const far = Math.hypot(
        places[2 * i]! - places[2 * j]!,
        places[2 * i + 1]! - places[2 * j + 1]!,
      );
      if (far < least) [nearest, least] = [j, far];
    }
    if (nearest % groups === i % groups) same++;
  }
  return same / count;
}

describe('layout2d', () => {
  it('keeps groups together, the same for the same seed', async () => {
    const features = grouped(120, 6);
    const places = await layout2d(engine, features, { epochs: 60 });
    expect(places).toHaveLength(240);
    expect(kept(places, 6)).toBeGreaterThan(0.97);
    expect(await layout2d(engine, features, { epochs: 60 })).toEqual(places);
    expect(await layout2d(engine, features, { epochs: 60, seed: 1 })).not.toEqual(places);
  });

  it('draws few images by their principal components', async () => {
    const places = await layout2d(engine, grouped(12, 3));
    expect(kept(places, 3)).toBe(1);
    expect([...(await layout2d(engine, grouped(1, 1)))]).toEqual([0, 0]);
    // Directions in the plane are only turned.
    const angles = [0.1, 0.9, 1.2, 2, 3.3];
    const circle = Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)]));
    const turned = await layout2d(engine, featuresOf(circle, 2));
    const distance = (of: Float32Array, i: number, j: number) =>
      Math.hypot(of[2 * i]! - of[2 * j]!, of[2 * i + 1]! - of[2 * j + 1]!);
    for (const i of angles.keys())
      for (const j of angles.keys())
        expect(distance(turned, i, j)).toBeCloseTo(distance(circle, i, j), 4);
  });

  it('gives finite places to images that are all alike', async () => {
    const same = featuresOf(new Float32Array(60 * D).fill(1), D);
    expect((await layout2d(engine, same, { epochs: 20 })).every(Number.isFinite)).toBe(true);
  });

  it('refuses a number of neighbors that it cannot use', async () => {
    await expect(layout2d(engine, grouped(40, 2), { neighbors: 2 })).rejects.toThrow(
      /neighbors: received 2/,
    );
  });
});

describe('a layout from an earlier one', () => {
  /** Mean distance of the rows from their places before, over the extent of those. */
  function moved(places: Float32Array, before: Float32Array): number {
    const scale = (of: Float32Array) => Math.max(...of.map(Math.abs));
    const [a, b] = [scale(places), scale(before)];
    let sum = 0;
    for (let i = 0; i < places.length; i += 2) {
      const [dx, dy] = [0, 1].map((d) => places[i + d]! / a - before[i + d]! / b);
      sum += Math.hypot(dx!, dy!);
    }
    return sum / (places.length / 2);
  }

  it('leaves rows near to where they were, and finds groups of other features', async () => {
    const before = await layout2d(engine, grouped(60, 4), { epochs: 60 });
    const again = await layout2d(engine, grouped(60, 4), { epochs: 60, seed: 3, start: before });
    const fresh = await layout2d(engine, grouped(60, 4), { epochs: 60, seed: 3 });
    expect(moved(again, before)).toBeLessThan(0.4 * moved(fresh, before));
    const other = await layout2d(engine, grouped(60, 3), { epochs: 120, start: before });
    expect(kept(other, 3)).toBeGreaterThan(0.9);
  });

  it('refuses places of other rows', async () => {
    const start = new Float32Array(10);
    await expect(layout2d(engine, grouped(40, 2), { start })).rejects.toThrow(
      'start: received 10 numbers; expected 80 finite ones',
    );
  });
});
