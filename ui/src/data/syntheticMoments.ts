import type { MomentAnswer, ViewsAnswer } from '../../../src/server/protocol.ts';
import { uniform } from './random.ts';
import { viewOf } from './syntheticPictures.ts';
import type { SyntheticRun } from './syntheticRun.ts';

const TOTAL = 1200;
const EVERY = 60;
const PROTOTYPES = 48;
const MAX_IMAGES = 400;
const STRIPS = 12;
const NEAREST = 8;

/** Steps of the moments of a training that is at a step of 1200. */
export const syntheticSteps = (step: number): number[] =>
  Array.from({ length: Math.floor(step / EVERY) }, (_, i) => (i + 1) * EVERY);

/** Moment at a step: groups of classes that mix less and less. */
export function syntheticMoment(run: SyntheticRun, step: number, seed: number): MomentAnswer {
  const progress = Math.min(1, step / TOTAL);
  const layout = run.layoutAt(progress);
  const n = Math.min(MAX_IMAGES, run.images);
  const rows = Array.from({ length: n }, (_, i) => Math.floor((i * run.images) / n));
  const groupOf = (row: number) => {
    const isMixed = uniform(seed, row, 40) > 0.15 + 0.85 * progress;
    return 3 * (isMixed ? Math.floor(uniform(seed, row, 41) * run.classes) : run.kinds[row]!) + 1;
  };
  const assigned = rows.map(groupOf);
  const numbers = Array.from({ length: Math.min(STRIPS, run.classes) }, (_, i) => 3 * i + 1);
  return {
    ...{ step, epoch: step / EVERY - 1, kind: 'prototypes', groups: PROTOTYPES },
    used: new Set(assigned).size,
    ...{ sample: n, rows, assigned },
    places: rows.flatMap((row) => [layout[2 * row]!, layout[2 * row + 1]!]),
    strips: numbers.map((group) => {
      const members = rows.filter((_, i) => assigned[i] === group);
      return { group, size: members.length, rows: members.slice(0, NEAREST) };
    }),
  };
}

/** Views of six images in an epoch: two large crops and four small ones. */
export function syntheticViews(run: SyntheticRun, epoch: number, seed: number): ViewsAnswer {
  const count = Math.min(6, run.images);
  const groups = [
    { count: 2, size: 64, text: '14 to 100 % of the area, flip 50 %, color jitter 80 %' },
    { count: 4, size: 32, text: '5 to 14 % of the area, flip 50 %, color jitter 80 %' },
  ];
  const images = Array.from({ length: count }, (_, i) => {
    const row = Math.floor(((i + 0.5) * run.images) / count);
    const picture = { seed, row, kind: run.kinds[row]! };
    const views = groups.flatMap(({ count: many }, group) =>
      Array.from({ length: many }, (_, v) => {
        const counter = (epoch * 7 + group) * 11 + v;
        const draw = (purpose: number) => uniform(seed + row, counter, 200 + purpose);
        const side = group === 0 ? 0.5 + 0.5 * draw(1) : 0.22 + 0.14 * draw(1);
        const [left, top] = [(1 - side) * draw(2), (1 - side) * draw(3)];
        const box = [left, top, side, side] as const;
        const hue = draw(4) < 0.2 ? ('gray' as const) : 50 * (draw(5) - 0.5);
        const drawn = viewOf(picture, { box, hue, isMirrored: draw(6) < 0.5 });
        return { group, box, picture: drawn };
      }),
    );
    return { row, width: 100, height: 100, views };
  });
  return { epoch, groups, images };
}
