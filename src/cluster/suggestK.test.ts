/**
 * The suggested number of clusters: synthetic groups, clouds and images of one kind, and the rule
 * from measured values to range and words.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { type Features, featuresOf, normalizeRows } from './features.ts';
import { gaussian } from './gaussian.cases.ts';
import { choose, type ResolutionScore, suggestK } from './suggestK.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Rows around `count` centers of distance about `sqrt(2)` on the unit sphere. */
function groups(count: number, per: number, dimension: number, spread: number): Features {
  const centers = normalizeRows(gaussian(count, dimension, 3)).data;
  const random = randomAt(4, 'synthetic');
  return featuresOf(
    Float32Array.from(
      { length: count * per * dimension },
      (_, i) =>
        centers[(Math.floor(i / dimension) % count) * dimension + (i % dimension)]! +
        spread * random.normal(),
    ),
    dimension,
  );
}

describe('suggestK', () => {
  for (const k of [3, 10, 30]) {
    it(`finds ${k} where there are ${k} separate groups`, async () => {
      const result = await suggestK(engine, groups(k, 1200 / k, 32, 0.07), { samples: 2 });
      expect(result.found).toBe(true);
      expect(result.best).toBe(k);
      expect(result.range[0]).toBeLessThanOrEqual(k);
      expect(result.range[1]).toBeGreaterThanOrEqual(k);
      const right = result.curve.find((entry) => entry.k === k)!;
      expect(right.stability).toBeGreaterThan(0.99);
      expect(right.seedStability).toBeGreaterThan(0.99);
      expect(right.neighbours).toBeGreaterThan(0.95);
      const { separation, chance, score } = right;
      expect(score).toBeCloseTo((separation - chance) / (1 - chance), 9);
      expect(separation).toBeGreaterThan(0.99);
    });
  }

  it('gives the same for the same seed, whatever the order of features in memory', async () => {
    const rows = groups(5, 60, 8, 0.3);
    const { data, count, dimension } = rows;
    const reader = {
      count,
      dimension,
      read: async (start: number, n: number) =>
        data.slice(start * dimension, (start + n) * dimension),
    };
    const first = await suggestK(engine, rows, { seed: 5, samples: 2 });
    expect(await suggestK(engine, reader, { seed: 5, samples: 2 })).toEqual(first);
  });

  it('works with few images and says when there are too few', async () => {
    expect((await suggestK(engine, groups(2, 5, 4, 0.05))).best).toBe(2);
    await expect(suggestK(engine, gaussian(5, 2))).rejects.toThrow(
      'received 5 images; expected at least 8',
    );
  });

  it('finds nothing in one cloud, nor in equal rows', async () => {
    const none = await suggestK(engine, gaussian(400, 16));
    expect(none).toMatchObject({ found: false, best: 10, range: [5, 20] });
    expect(none.reason).toMatch(
      /^No groups found, so 10 clusters are a usual starting point\. In samples of 320 of 400 images/,
    );
    const same = await suggestK(engine, featuresOf(new Float32Array(60).fill(1), 3));
    expect(same).toMatchObject({ found: false, best: 5 });
  });

  it('has 24 groups that overlap in its range', async () => {
    const { best, range, found } = await suggestK(engine, groups(24, 50, 32, 0.25), { samples: 2 });
    expect(found).toBe(true);
    expect(best).toBeGreaterThanOrEqual(14);
    expect(range[1]).toBeGreaterThanOrEqual(24);
    expect(range[0]).toBeLessThanOrEqual(24);
  });

  it('finds three clouds of few dimensions, whose parts run into each other', async () => {
    const three = await suggestK(engine, groups(3, 100, 4, 0.05), { samples: 2 });
    expect(three).toMatchObject({ found: true });
    expect(three.range[0]).toBeLessThanOrEqual(3);
  });

  it('finds nothing in images of one kind that vary in many ways', async () => {
    // Sines of eight hidden values: far from a Gaussian cloud, and without groups.
    const [count, hidden, dimension] = [800, 8, 64];
    const values = gaussian(count, hidden).data;
    const axes = gaussian(dimension, hidden, 5).data;
    const random = randomAt(6, 'synthetic');
    const phases = Float64Array.from({ length: dimension }, () => 2 * Math.PI * random.uniform());
    const data = Float32Array.from({ length: count * dimension }, (_, at) => {
      const [row, d] = [Math.floor(at / dimension), at % dimension];
      let sum = phases[d]!;
      for (let j = 0; j < hidden; j++)
        sum += 0.6 * values[row * hidden + j]! * axes[d * hidden + j]!;
      return Math.sin(sum);
    });
    const { found, reason } = await suggestK(engine, featuresOf(data, dimension), { samples: 2 });
    expect(found).toBe(false);
    expect(reason).toContain('run into each other as in images of one kind');
  });

  it('reports finished samples and stops on a signal', async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const onProgress = (done: number, of: number) => {
      seen.push(`${done} of ${of}`);
      if (done === 2) stop.abort(new Error('enough'));
    };
    const work = suggestK(engine, groups(2, 20, 4, 0.1), {
      samples: 4,
      onProgress,
      signal: stop.signal,
    });
    await expect(work).rejects.toThrow('enough');
    expect(seen).toEqual(['1 of 4', '2 of 4']);
  });
});

describe('choose', () => {
  /**
   * Makes scores by resolution. Without counts for .35, .7 and 1, those of .5 apply. Groups are
   * clearest at `clearest`.
   */
  function scores(
    counts: Readonly<Record<string, number>>,
    { score = 0.5, clearest = 0.5, separation = 0.75, surrogateGroups = 3 } = {},
  ): ResolutionScore[] {
    const all = { 0.35: counts[0.5]!, 0.7: counts[0.5]!, 1: counts[0.5]!, ...counts };
    const levels = Object.entries(all).map(([resolution, groups]) => ({
      ...{ resolution: Number(resolution), groups, separation, chance: 0.3, surrogateGroups },
      score: Number(resolution) === clearest ? score + 0.01 : score,
      ...{ stability: 0.5, seedStability: 0.5, neighbours: 0.5 },
    }));
    return levels.toSorted((a, b) => a.resolution - b.resolution);
  }
  const many = { count: 5000, size: 1000 };

  it('takes half to twice the number of groups, at most a factor of four', () => {
    const found = choose(scores({ 0.25: 3, 0.5: 7.3, 1: 12 }), many);
    expect(found).toMatchObject({ best: 7, range: [4, 15], found: true });
    expect(found.reason).toBe(
      '7 clusters suggested, and 4 to 15 are about as good. In samples of 1,000 of 5,000 images, ' +
        'nearest neighbors form about 7 groups (assortativity 0.75, and 0.30 in data without ' +
        'groups).',
    );
    for (let groups = 1.5; groups < 60; groups += 0.13) {
      const { best, range } = choose(scores({ 0.25: 1, 0.5: groups, 1: 90 }), many);
      expect(range[1] / range[0]).toBeLessThanOrEqual(4);
      expect(range[0]).toBeGreaterThanOrEqual(2);
      expect(range[0]).toBeLessThanOrEqual(best);
      expect(range[1]).toBeGreaterThanOrEqual(best);
    }
  });

  it('takes one number alone where all resolutions agree', () => {
    const alone = choose(scores({ 0.25: 4, 0.5: 4.2, 1: 4.4 }), many);
    expect(alone).toMatchObject({ best: 4, range: [4, 4] });
    expect(alone.reason).toContain('4 clusters suggested, and no other number comes near.');
    expect(choose(scores({ 0.25: 3, 0.5: 4, 1: 4 }), many).range).toEqual([2, 8]);
  });

  it('says when groups overlap, and when none stand out', () => {
    expect(choose(scores({ 0.25: 3, 0.5: 6, 1: 9 }, { score: 0.39 }), many).reason).toContain(
      'overlap as strongly',
    );
    expect(choose(scores({ 0.25: 3, 0.5: 6, 1: 9 }, { score: 0.41 }), many).reason).not.toContain(
      'overlap',
    );
    const none = choose(scores({ 0.25: 3, 0.5: 6, 1: 9 }, { score: 0.19 }), many);
    expect(none).toMatchObject({ found: false, best: 10, range: [5, 20] });
    expect(none.reason).toContain('form hardly clearer groups than they would by chance');
    // A single group at the resolutions of the suggestion is no number of groups either.
    expect(choose(scores({ 0.25: 1, 0.5: 1.4, 1: 5 }), many).found).toBe(false);
  });

  it('leaves at least four images per cluster', () => {
    const few = choose(scores({ 0.25: 3, 0.5: 6, 1: 9 }), { count: 17, size: 17 });
    expect(few).toMatchObject({ best: 4, range: [3, 4] });
    expect(few.reason).toContain('In 17 images, nearest');
    expect(choose(scores({ 0.25: 1, 0.5: 1, 1: 1 }), { count: 8, size: 8 })).toMatchObject({
      ...{ found: false, best: 2, range: [2, 2] },
    });
  });

  it('lists each number of groups once, nearest to the resolution of the suggestion', () => {
    const { curve } = choose(scores({ 0.25: 3.2, 0.35: 2.9, 0.5: 5, 0.7: 5.1, 1: 8 }), many);
    expect(curve.map(({ k, resolution }) => [k, resolution])).toEqual([
      [3, 0.35],
      [5, 0.5],
      [8, 1],
    ]);
  });

  it('averages the groups at three resolutions, as a geometric mean', () => {
    const counts = { 0.25: 1, 0.35: 4, 0.5: 7.27, 0.7: 13.2, 1: 40 };
    // Cube root of 4 · 7.27 · 13.2: 7.27
    expect(choose(scores(counts), many)).toMatchObject({ best: 7, range: [4, 15] });
  });

  it('finds nothing where groups run into each other as in one class', () => {
    const counts = { 0.25: 3, 0.5: 6, 1: 9 };
    const none = choose(scores(counts, { separation: 0.64 }), many);
    expect(none).toMatchObject({ found: false, best: 10, range: [5, 20] });
    expect(none.reason).toBe(
      'No groups found, so 10 clusters are a usual starting point. In samples of 1,000 of 5,000 ' +
        'images, groups of nearest neighbors run into each other as in images of one kind ' +
        '(assortativity 0.64, and 0.30 in data without groups). Any number is as good as ' +
        'another, so set k yourself.',
    );
    expect(choose(scores(counts, { separation: 0.66 }), many).found).toBe(true);
    // Groups that are apart are found, although finer ones within them run into each other.
    expect(choose(scores(counts, { separation: 0.6, score: 0.75 }), many).found).toBe(true);
  });

  it('takes the geometric mean with the clearest number of groups', () => {
    const counts = { 0.25: 2, 0.5: 8, 1: 18, 4: 50 };
    const at = (clearest: number) => choose(scores(counts, { clearest }), many);
    expect(at(0.25)).toMatchObject({ best: 4, range: [2, 8] }); // sqrt(8 · 2)
    expect(at(1)).toMatchObject({ best: 12, range: [6, 24] }); // sqrt(8 · 18)
    expect(at(4)).toMatchObject({ best: 20, range: [10, 40] }); // sqrt(8 · 50)
  });

  it('compares no resolution at which images or surrogates are one group', () => {
    const whole = scores({ 0.25: 1, 0.5: 8, 1: 18 }, { clearest: 0.25 });
    // Of equally clear numbers the smallest counts.
    expect(choose(whole, many)).toMatchObject({ best: 8, range: [4, 16] });
    const counts = { 0.25: 2, 0.5: 8, 1: 18, 4: 50 };
    const alone = scores(counts, { clearest: 4, surrogateGroups: 1 });
    expect(choose(alone, many)).toMatchObject({ best: 8, range: [4, 16] });
  });
});
