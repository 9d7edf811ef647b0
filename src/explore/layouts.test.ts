/** The map of all images: computed in a worker, stored, and placed beside a sample. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { distinctRows, normalizeRows, rowsOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { writeTinyRun } from './explore.cases.ts';
import { openExplorer } from './explorer.ts';
import { layoutAll } from './layoutAll.ts';
import { fitted } from './layoutFile.ts';
import { openForPage } from './openedRun.ts';

const folder = useTemporaryFolder();
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe('layoutAll', () => {
  it('places the rows that are not in the sample beside their cluster', async () => {
    const [count, D, k] = [240, 6, 3];
    const draw = randomAt(3, 'synthetic');
    const data = new Float32Array(count * D);
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < D; d++) data[i * D + d] = draw.uniform(-0.1, 0.1);
      data[i * D + (i % k)]! += 1;
    }
    const features = rowsOf(normalizeRows({ data, count, dimension: D }));
    const places = await layoutAll(engine, features, { sample: 90 });
    expect(places.every((value) => value >= -1.000001 && value <= 1.000001)).toBe(true);
    const centers = [0, 1, 2].map((cluster) =>
      [0, 1].map((axis) => {
        const own = [...places].filter((_, at) => at % 2 === axis && (at >> 1) % k === cluster);
        return own.reduce((sum, value) => sum + value, 0) / own.length;
      }),
    );
    for (let i = 0; i < count; i++) {
      const far = centers.map(([x, y]) => Math.hypot(places[2 * i]! - x!, places[2 * i + 1]! - y!));
      expect(far.indexOf(Math.min(...far))).toBe(i % k);
    }
    expect(await layoutAll(engine, features, { sample: 90 })).toEqual(places);
  });
});

describe('rows that are not in the sample', () => {
  it('lie beside their copies, although other neighbors are counted too', async () => {
    const [pairs, D] = [120, 16];
    const draw = randomAt(4, 'synthetic');
    const one = Float32Array.from({ length: pairs * D }, () => draw.normal());
    const data = new Float32Array(2 * pairs * D);
    for (let i = 0; i < 2 * pairs; i++)
      data.set(one.subarray((i >> 1) * D, ((i >> 1) + 1) * D), i * D);
    const features = rowsOf(normalizeRows({ data, count: 2 * pairs, dimension: D }));
    const places = await layoutAll(engine, features, { sample: pairs });
    const apart = Array.from({ length: pairs }, (_, i) =>
      Math.hypot(places[4 * i]! - places[4 * i + 2]!, places[4 * i + 1]! - places[4 * i + 3]!),
    );
    // UMAP lays out the quarter of pairs that the sample has both of, and keeps copies apart.
    expect(apart.filter((distance) => distance < 0.015).length).toBeGreaterThan(0.7 * pairs);
  });
});

describe('rows between two groups', () => {
  it('lie in one of them, and not where no image is', async () => {
    const [count, D] = [300, 8];
    const draw = randomAt(5, 'synthetic');
    const data = new Float32Array(count * D);
    const inSample = new Set(distinctRows(count, 100, randomAt(0, 'featureMap')));
    const isBetween = (i: number) => i % 10 === 7 && !inSample.has(i);
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < D; d++) data[i * D + d] = draw.uniform(-0.05, 0.05);
      // Some rows beside the sample are like both groups.
      if (!isBetween(i)) data[i * D + (i % 2)]! += 1;
      else for (const d of [0, 1]) data[i * D + d]! += Math.SQRT1_2;
    }
    const features = rowsOf(normalizeRows({ data, count, dimension: D }));
    const places = await layoutAll(engine, features, { sample: 100 });
    const groups = [0, 1].map((own) =>
      Array.from({ length: count }, (_, i) => i).filter((i) => i % 2 === own && !isBetween(i)),
    );
    const distance = (a: number, b: number) =>
      Math.hypot(places[2 * a]! - places[2 * b]!, places[2 * a + 1]! - places[2 * b + 1]!);
    const apart = Math.min(...groups[0]!.flatMap((a) => groups[1]!.map((b) => distance(a, b))));
    const between = Array.from({ length: count }, (_, i) => i).filter(isBetween);
    expect(between.length).toBeGreaterThan(10);
    for (const row of between) {
      const nearest = Math.min(...groups.flat().map((other) => distance(row, other)));
      expect(nearest).toBeLessThan(apart / 4);
    }
  });
});

describe('fitted', () => {
  it('keeps proportions and rows without a place', () => {
    const made = fitted(Float32Array.of(0, 10, 4, 12, Number.NaN, Number.NaN));
    expect([...made]).toEqual([-1, -0.5, 1, 0.5, Number.NaN, Number.NaN]);
  });
});

describe('the layout of a run', () => {
  it('is computed once, stored, and read by the next page', async () => {
    const { run, ids } = await writeTinyRun(folder.path);
    const explorer = openExplorer({ cwd: folder.path });
    await explorer.show(await openForPage(run));
    const ready = new Promise<void>((resolve, reject) => {
      explorer.listen(({ kind, data }) => {
        if (kind !== 'job' || data.state === 'running') return;
        if (data.state === 'done') resolve();
        else reject(new Error(data.text));
      });
    });
    const job = await explorer.layout('final');
    expect(job).toMatchObject({ kind: 'layout', state: 'running' });
    await ready;
    const made = await explorer.layout('final');
    if (!('data' in made)) throw new Error('expected the positions');
    expect(made.data).toHaveLength(2 * ids.length);
    await explorer.close();
    expect(existsSync(join(run, 'layout.safetensors'))).toBe(true);

    const next = openExplorer({ cwd: folder.path });
    await next.show(await openForPage(run));
    expect(await next.layout('final')).toEqual(made);
    await next.close();
  });
});
