/**
 * Distributions of every drawn parameter of a view, against torchvision's documented rules.
 *
 * - `RandomResizedCrop(scale, ratio)`: area fraction uniform in `scale`, logarithm of the aspect
 *   ratio uniform in `log ratio`, ten tries, position uniform over all that fit; else the largest
 *   central box with a ratio inside the range.
 * - `ColorJitter(b, c, s, h)`: factors uniform in [max(0, 1 - b), 1 + b] and so on, hue uniform in
 *   [-h, h], in an order drawn evenly.
 * - `GaussianBlur(sigma)`: uniform in the range. `RandomHorizontalFlip`, `RandomGrayscale`,
 *   `RandomSolarize`, `RandomApply`: independent events of probability p.
 */
import { describe, expect, it } from 'vitest';
import { type Random, randomAt } from '../core/random.ts';
import {
  expectDrawnFrom,
  expectFrequency,
  expectUncorrelated,
  ofDensity,
  uniformOn,
} from './distribution.cases.ts';
import { type CropSpec, parseViews, type Step } from './spec.ts';
import { drawView } from './view.ts';

const N = 10_000;
const drawn = <T>(draw: (random: Random) => T): T[] =>
  Array.from({ length: N }, (_, image) => draw(randomAt(7, 'view', 0, image, 1)));

function cropOf(given: Partial<CropSpec>): CropSpec {
  const crop = { count: 1, size: 8, scale: [0.14, 1] as [number, number], steps: [], ...given };
  return parseViews({ crops: [crop], normalize: { mean: [0, 0, 0], std: [1, 1, 1] } }).crops[0]!;
}

/** Ratios that torchvision uses unless told otherwise. */
const [LOW_RATIO, HIGH_RATIO] = [3 / 4, 4 / 3];
const TRIES = 10;

/**
 * Distributions of an accepted box, and the probability of the fallback.
 *
 * A box of area fraction s and ratio r fits where `s r <= W / H` and `s / r <= H / W`. With
 * `q = ln r` and `c = ln(W / H)` that is `c + ln s <= q <= c - ln s`.
 */
function cropRule({ width, height, scale: [low, high] }: Image) {
  const [first, last] = [Math.log(LOW_RATIO), Math.log(HIGH_RATIO)];
  const c = Math.log(width / height);
  const ratiosAt = (s: number) =>
    Math.max(0, Math.min(last, c - Math.log(s)) - Math.max(first, c + Math.log(s)));
  const areasAt = (q: number) => Math.max(0, Math.min(high, Math.exp(-Math.abs(q - c))) - low);
  const steps = 4000;
  let accepted = 0;
  for (let i = 0; i < steps; i++)
    accepted += ratiosAt(low + ((high - low) * (i + 0.5)) / steps) / steps;
  return {
    area: ofDensity(low, high, ratiosAt),
    logRatio: ofDensity(first, last, areasAt),
    fallback: (1 - accepted / (last - first)) ** TRIES,
  };
}

interface Image {
  readonly width: number;
  readonly height: number;
  readonly scale: readonly [number, number];
}

describe('the crop', () => {
  // Images are large, so that rounding to whole pixels is far below what the statistic resolves.
  it.each<Image & { name: string; fallbackBox: [width: number, height: number] }>([
    {
      name: 'of a square image, small',
      width: 4000,
      height: 4000,
      scale: [0.05, 0.14],
      fallbackBox: [4000, 4000],
    },
    {
      name: 'of a square image, up to the whole',
      width: 4000,
      height: 4000,
      scale: [0.14, 1],
      fallbackBox: [4000, 4000],
    },
    {
      name: 'of a wide image',
      width: 4000,
      height: 3000,
      scale: [0.08, 1],
      fallbackBox: [4000, 3000],
    },
    {
      name: 'of a tall image',
      width: 3000,
      height: 4000,
      scale: [0.2, 1],
      fallbackBox: [3000, 4000],
    },
    {
      name: 'of a very wide image',
      width: 6000,
      height: 2000,
      scale: [0.3, 1],
      fallbackBox: [2667, 2000],
    },
    {
      name: 'of a very tall image',
      width: 2000,
      height: 6000,
      scale: [0.3, 1],
      fallbackBox: [2000, 2667],
    },
  ])('$name', (image) => {
    const { width, height, scale, fallbackBox } = image;
    const crop = cropOf({ scale: [...scale] });
    const boxes = drawn((random) => drawView(width, height, crop, random).box);
    const rule = cropRule(image);
    const isFallback = (box: (typeof boxes)[0]) =>
      box.width === fallbackBox[0] && box.height === fallbackBox[1];
    const found = boxes.filter((box) => !isFallback(box));
    expectFrequency('fallback', N - found.length, N, rule.fallback);
    for (const { left, top } of boxes.filter(isFallback)) {
      expect([left, top]).toEqual([
        Math.floor((width - fallbackBox[0]) / 2),
        Math.floor((height - fallbackBox[1]) / 2),
      ]);
    }
    // The ends of the range, plus half a pixel per side.
    const area = found.map((box) => (box.width * box.height) / (width * height));
    const inside = (value: number, low: number, high: number) =>
      Math.min(high, Math.max(low, value));
    expect(Math.min(...area)).toBeGreaterThan(scale[0] - 1e-3);
    expect(Math.max(...area)).toBeLessThan(scale[1] + 1e-3);
    expectDrawnFrom(
      'area',
      area.map((value) => inside(value, ...scale)),
      rule.area,
    );
    const logRatio = found.map((box) => Math.log(box.width / box.height));
    const ends = [rule.logRatio.low, rule.logRatio.high] as const;
    expect(Math.min(...logRatio)).toBeGreaterThan(ends[0] - 2e-3);
    expect(Math.max(...logRatio)).toBeLessThan(ends[1] + 2e-3);
    expectDrawnFrom(
      'log ratio',
      logRatio.map((value) => inside(value, ...ends)),
      rule.logRatio,
    );
    // Position `at` of the whole ones from 0 to `free`, at the middle of its share of [0, 1].
    const fraction = (at: number, free: number) => (at + 0.5) / (free + 1);
    const left = found.map((box) => fraction(box.left, width - box.width));
    const top = found.map((box) => fraction(box.top, height - box.height));
    const roomy = found.map((box) => Math.min(width - box.width, height - box.height) >= 100);
    const ofRoomy = (values: number[]) => values.filter((_, i) => roomy[i]);
    expectDrawnFrom('left', ofRoomy(left), uniformOn(0, 1));
    expectDrawnFrom('top', ofRoomy(top), uniformOn(0, 1));
    expectUncorrelated({ left: ofRoomy(left), top: ofRoomy(top), area: ofRoomy(area) });
  });

  it('has an area and a ratio that do not depend on each other where every box fits', () => {
    const boxes = drawn(
      (random) => drawView(4000, 4000, cropOf({ scale: [0.05, 0.14] }), random).box,
    );
    expectUncorrelated({
      area: boxes.map((box) => box.width * box.height),
      ratio: boxes.map((box) => Math.log(box.width / box.height)),
    });
  });

  it('takes the ratios that it is given', () => {
    const crop = cropOf({ scale: [0.05, 0.14], ratio: [0.5, 3] });
    const ratios = drawn((random) => drawView(8000, 8000, crop, random).box).map((box) =>
      Math.min(Math.log(3), Math.max(Math.log(0.5), Math.log(box.width / box.height))),
    );
    expectDrawnFrom('log ratio', ratios, uniformOn(Math.log(0.5), Math.log(3)));
  });
});

/** Drawn steps of a view that has these. */
const stepsOf = (steps: Step[]) => {
  const crop = cropOf({ steps });
  return drawn((random) => drawView(300, 200, crop, random).steps);
};

const jitter = { brightness: 0.4, contrast: 1.5, saturation: 0.8, hue: 0.2 };

describe('color jitter', () => {
  const changes = stepsOf([{ kind: 'colorJitter', p: 1, ...jitter }]).map(([step]) => {
    if (step?.kind !== 'colorJitter') throw new Error('expected color jitter');
    return step.changes;
  });
  const amounts = (what: keyof typeof jitter) =>
    changes.map((list) => list.find((change) => change.what === what)!.by);

  it.each<[keyof typeof jitter, number, number]>([
    ['brightness', 0.6, 1.4],
    ['contrast', 0, 2.5], // not below 0
    ['saturation', 0.2, 1.8],
    ['hue', -0.2, 0.2],
  ])('draws %s evenly from %d to %d', (what, low, high) => {
    expectDrawnFrom(what, amounts(what), uniformOn(low, high));
  });

  it('draws the four amounts independently, and the order evenly', () => {
    const kinds = Object.keys(jitter) as (keyof typeof jitter)[];
    expectUncorrelated(Object.fromEntries(kinds.map((what) => [what, amounts(what)])));
    for (const what of kinds) {
      for (const place of [0, 1, 2, 3]) {
        const there = changes.filter((list) => list[place]!.what === what).length;
        expectFrequency(`${what} in place ${place}`, there, N, 1 / 4);
      }
    }
  });

  it('draws no factor below 0, and none where there is no range', () => {
    const strong = stepsOf([
      { kind: 'colorJitter', p: 1, brightness: 3, contrast: 0, saturation: 0, hue: 0 },
    ]);
    const factors = strong.map(([step]) => (step?.kind === 'colorJitter' ? step.changes : []));
    expect(factors.every((list) => list.length === 1 && list[0]!.what === 'brightness')).toBe(true);
    expectDrawnFrom(
      'brightness',
      factors.map(([change]) => change!.by),
      uniformOn(0, 4),
    );
  });
});

describe('blur', () => {
  it.each(['box', 'gaussian'] as const)('draws sigma evenly, %s kernel', (algorithm) => {
    const steps = stepsOf([{ kind: 'gaussianBlur', p: 1, sigma: [0.1, 2], algorithm }]).flat();
    const sigmas = steps.flatMap((step) => (step.kind === 'gaussianBlur' ? [step.sigma] : []));
    expectDrawnFrom('sigma', sigmas, uniformOn(0.1, 2));
    expect(new Set(steps.map((step) => step.kind === 'gaussianBlur' && step.algorithm))).toEqual(
      new Set([algorithm]),
    );
  });
});

describe('affine maps', () => {
  const ranges = { rotation: 20, shift: 0.18, zoom: [0.85, 1.15] as [number, number], shear: 8 };
  const maps = stepsOf([{ kind: 'affine', p: 1, ...ranges }]).map(([step]) => {
    if (step?.kind !== 'affine') throw new Error('expected an affine map');
    return step.map;
  });

  it('draw every number evenly and independently', () => {
    const bounds: Record<keyof (typeof maps)[0], readonly [number, number]> = {
      rotation: [-20, 20],
      shiftX: [-0.18, 0.18],
      shiftY: [-0.18, 0.18],
      zoomX: [0.85, 1.15],
      zoomY: [0.85, 1.15],
      shear: [-8, 8],
    };
    const names = Object.keys(bounds) as (keyof typeof bounds)[];
    const lists = Object.fromEntries(names.map((name) => [name, maps.map((map) => map[name])]));
    for (const name of names) expectDrawnFrom(name, lists[name]!, uniformOn(...bounds[name]));
    expectUncorrelated(lists);
  });
});

describe('channel shift and noise', () => {
  const steps = stepsOf([
    { kind: 'channelShift', p: 1, by: 0.1 },
    { kind: 'noise', p: 1, deviation: 0.05 },
  ]);

  it('draw three amounts evenly and independently, and another seed for every view', () => {
    const shifts = steps.map(([step]) => (step?.kind === 'channelShift' ? step.by : []));
    const channels = ['red', 'green', 'blue'];
    const lists = Object.fromEntries(channels.map((c, i) => [c, shifts.map((by) => by[i]!)]));
    for (const c of channels) expectDrawnFrom(c, lists[c]!, uniformOn(-0.1, 0.1));
    expectUncorrelated(lists);
    const seeds = steps.map(([, step]) => (step?.kind === 'noise' ? step.seed : 0));
    expect(new Set(seeds).size).toBeGreaterThan(N - 3);
  });
});

describe('the steps of a view', () => {
  const steps: Step[] = [
    { kind: 'flip', p: 0.5 },
    { kind: 'colorJitter', p: 0.8, ...jitter },
    { kind: 'grayscale', p: 0.2 },
    { kind: 'gaussianBlur', p: 0.35, sigma: [0.1, 2], algorithm: 'box' },
    { kind: 'solarize', p: 0.1, threshold: 77 },
    { kind: 'affine', p: 0.6, rotation: 10, shift: 0, zoom: [1, 1], shear: 0 },
    { kind: 'channelShift', p: 0.3, by: 0.1 },
    { kind: 'noise', p: 0.4, deviation: 0.1 },
  ];

  it('happen as often as asked, each for itself', () => {
    const views = stepsOf(steps);
    const happened = steps.map(({ kind }) =>
      views.map((list) => Number(list.some((s) => s.kind === kind))),
    );
    steps.forEach(({ kind, p }, i) => {
      expectFrequency(
        kind,
        happened[i]!.reduce((a, b) => a + b, 0),
        N,
        p,
      );
    });
    expectUncorrelated(Object.fromEntries(steps.map(({ kind }, i) => [kind, happened[i]!])));
    const thresholds = views
      .flat()
      .flatMap((step) => (step.kind === 'solarize' ? [step.threshold] : []));
    expect(new Set(thresholds)).toEqual(new Set([77]));
  });

  it('are drawn anew for every view, image, epoch and seed', () => {
    const crop = cropOf({ scale: [0.05, 0.14] });
    const left = (seed: number, epoch: number, image: number, view: number) =>
      drawView(4000, 4000, crop, randomAt(seed, 'view', epoch, image, view)).box.left;
    const lists = (n: number) => Array.from({ length: n }, (_, i) => i);
    const images = lists(N);
    expectUncorrelated({
      own: images.map((i) => left(7, 3, i, 0)),
      view: images.map((i) => left(7, 3, i, 1)),
      image: images.map((i) => left(7, 3, i + 1, 0)),
      epoch: images.map((i) => left(7, 4, i, 0)),
      seed: images.map((i) => left(8, 3, i, 0)),
    });
  });
});
