import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { createDoctor, type DoctorOptions, type Observation } from './doctor.ts';
import { deviation, isNarrow, isRankDue } from './vitals.ts';

const K = 16;
const D = 4;

/** Mean and second moment of embeddings given as rows. */
function statistics(rows: number[][]): Pick<Observation, 'embeddingMean' | 'embeddingMoment'> {
  const mean = new Float32Array(D);
  const moment = new Float32Array(D * D);
  for (const row of rows) {
    for (let i = 0; i < D; i++) {
      mean[i]! += row[i]! / rows.length;
      for (let j = 0; j < D; j++) moment[i * D + j]! += (row[i]! * row[j]!) / rows.length;
    }
  }
  return { embeddingMean: mean, embeddingMoment: moment };
}

const axes = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 1 : 0)));
/** Spread evenly over the sphere: mean 0, covariance I / D. */
const isotropic = statistics([...axes, ...axes.map((row) => row.map((v) => -v))]);
/** All at one point. */
const point = statistics([axes[0]!]);
/** Two opposite points. */
const line = statistics([axes[1]!, axes[1]!.map((v) => -v)]);
const even = new Float32Array(K).fill(1 / K);

const observation = (step: number, loss: number, rest: Partial<Observation> = {}): Observation => ({
  step,
  loss,
  usage: even,
  ...isotropic,
  ...rest,
});

/** Verdicts of a run whose loss is a function of the step. */
function verdicts(
  steps: number,
  loss: (step: number) => number,
  rest: Partial<Observation> = {},
  options: Partial<DoctorOptions> = {},
) {
  const doctor = createDoctor({
    randomBaselineLoss: Math.log(K),
    grace: 20,
    patience: 30,
    ...options,
  });
  return Array.from({ length: steps }, (_, i) =>
    doctor.observe(observation(i + 1, loss(i + 1), rest)),
  );
}

/** A loss that falls to a value within twenty steps. */
const falling = (to: number) => (step: number) => to * (step < 20 ? 2 - step / 20 : 1);

const healthOf = (list: { health: string }[]) => list.map(({ health }) => health);

describe('the run doctor', () => {
  it('says nothing but "warming up" during the grace, then "learning" of a loss below ln K', () => {
    const list = verdicts(60, (step) => 2.5 - step / 50);
    expect(new Set(healthOf(list.slice(0, 20)))).toEqual(new Set(['warming up']));
    expect(new Set(healthOf(list.slice(20)))).toEqual(new Set(['learning']));
    expect(list[0]!.message).toBe('warming up: loss 2.480, ln 16 = 2.773');
    expect(list.at(-1)!.message).toMatch(/^learning: loss 1\.\d{3} of ln 16 = 2\.773$/);
    expect(list.at(-1)!.remedy).toBe('');
  });

  it('names a collapse when the loss has stayed at ln K, and not a step too early', () => {
    const list = verdicts(60, () => Math.log(K));
    expect(healthOf(list).indexOf('collapsed')).toBe(20 + 30 - 1);
    const { message, remedy } = list.at(-11)!;
    expect(message).toBe(
      'collapsed: the loss has stayed at ln 16 = 2.77 for 30 steps, as if nothing could be told apart',
    );
    expect(remedy).toContain('lower the learning rate');
    // Advice of one method would be wrong for the others.
    expect(remedy).not.toMatch(/codes|epsilon|prototypes|--/);
  });

  it('calls a loss just under ln K neither collapsed nor learning, nor one that is far above it', () => {
    const under = verdicts(400, () => 0.9944 * Math.log(K)).at(-1)!;
    expect(under).toMatchObject({ health: 'warming up' });
    expect(under.message).toBe('warming up: loss 2.757 has hardly moved from ln 16 = 2.773');
    expect(healthOf(verdicts(200, falling(0.96 * Math.log(K)))).at(-1)).toBe('learning');
    // An untrained network can be below the random baseline.
    const still = verdicts(200, () => 0.96 * Math.log(K)).at(-1)!;
    expect(still.message).toBe(
      'warming up: loss 2.662 has hardly moved from 2.662, its highest mean',
    );
    const above = verdicts(200, () => 1.5 * Math.log(K)).at(-1)!;
    expect(above).toMatchObject({ health: 'warming up' });
    expect(above.message).toBe('warming up: loss 4.159 is still above ln 16 = 2.773');
  });

  it('starts counting anew when the loss leaves ln K', () => {
    const list = verdicts(
      140,
      (step) => (step > 45 && step < 75 ? 1 : Math.log(K)),
      {},
      { horizon: 1 },
    );
    expect(healthOf(list).indexOf('collapsed')).toBe(75 + 30 - 2);
  });

  it('says at once that a run diverged, also during the grace', () => {
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const [first, second] = verdicts(2, (step) => (step === 1 ? 2 : loss));
      expect(first!.health).toBe('warming up');
      expect(second).toMatchObject({ health: 'diverged' });
      expect(second!.message).toBe(`diverged: the loss became ${loss} at step 2`);
      expect(second!.remedy).toContain('lower the learning rate');
    }
  });

  it('says that a run diverged once the loss is far above its start, and not for one wild batch', () => {
    const list = verdicts(60, (step) => (step === 5 ? 1e12 : step < 30 ? 2 : 1.3e11));
    expect(healthOf(list).indexOf('diverged')).toBe(29 + 10 - 1);
    expect(list.at(-1)!.message).toBe(
      'diverged: the loss is 1.300e+11 at step 60, ' + 'after 2.000 at the first',
    );
    expect(healthOf(verdicts(90, falling(150), {}, { randomBaselineLoss: undefined })).at(-1)).toBe(
      'learning',
    );
  });

  it('says that a run diverged when its weights have grown without bound, or are no numbers', () => {
    const seen = (norm: number, { finite = true } = {}) =>
      verdicts(3, () => 2, { weights: { norm, isFinite: finite } }, { weightNorm: 20 }).at(-1)!;
    expect(seen(19_000).health).toBe('warming up');
    expect(seen(2.5e7).message).toBe(
      'diverged: the weights have grown to 1.25e+6 times their first size by step 3',
    );
    expect(seen(20, { finite: false }).message).toBe(
      'diverged: weights or values of the optimizer became infinite or not a number by step 3',
    );
  });

  it('calls a run learning only where views find each other more often than by a guess', () => {
    const options = { randomBaselineLoss: undefined, agreementChance: 1 / 16 };
    const seen = (agreement: number) => verdicts(80, falling(1), { agreement }, options).at(-1)!;
    expect(seen(0.3).health).toBe('learning');
    expect(seen(0.1)).toMatchObject({
      health: 'warming up',
      message:
        'warming up: 10 % of the images find their other view in the batch, ' +
        'where a guess finds 6.25 %',
    });
  });

  it('names embeddings at one point or on one line', () => {
    for (const narrow of [point, line]) {
      const list = verdicts(80, () => 1, narrow);
      expect(healthOf(list).indexOf('narrow')).toBe(20 + 30 - 1);
      expect(list.at(-1)!.message).toMatch(
        /^narrow: for 60 steps nearly all embeddings have been at one point or on one line$/,
      );
    }
    const plane = statistics([
      axes[0]!,
      axes[1]!,
      axes[0]!.map((v) => -v),
      axes[1]!.map((v) => -v),
    ]);
    expect(healthOf(verdicts(80, falling(1), plane)).at(-1)).toBe('learning');
  });

  it('goes on from its state as if it had never stopped', () => {
    const options = { randomBaselineLoss: Math.log(K), grace: 5, patience: 8 };
    const random = randomAt(0, 'synthetic', 1);
    const seen = Array.from({ length: 60 }, (_, i) =>
      observation(i + 1, Math.log(K) + random.uniform(-0.05, 0.02), {
        usage: Float32Array.from({ length: K }, () => random.uniform() / K),
      }),
    );
    const whole = createDoctor(options);
    const expected = seen.map((entry) => whole.observe(entry));
    let doctor = createDoctor(options);
    const received = seen.map((entry, i) => {
      if (i % 7 === 3) doctor = createDoctor(options, structuredClone(doctor.state()));
      return doctor.observe(entry);
    });
    expect(received).toEqual(expected);
    expect(doctor.state()).toEqual(whole.state());
  });
});

describe('vitals', () => {
  function vitalsOf(rest: Partial<Observation>) {
    const doctor = createDoctor({ randomBaselineLoss: Math.log(K), grace: 0, patience: 1 });
    doctor.observe(observation(1, 2, rest));
    return doctor.vitals();
  }

  it('of embeddings that fill a standard normal, which on the sphere would be spread too far', () => {
    const rows = [...axes, ...axes.map((row) => row.map((v) => -v))].map((row) =>
      row.map((v) => 2 * v),
    );
    const normal = statistics(rows); // variance 1 in each of the four coordinates
    expect(deviation(normal, 'gaussian')).toBeCloseTo(1, 6);
    expect(deviation(normal)).toBeCloseTo(2, 6);
    expect(isNarrow(normal, 'gaussian')).toBe(false);
    expect(isNarrow(point, 'gaussian')).toBe(true);
  });

  it('of even use and embeddings all over the sphere', () => {
    const vitals = vitalsOf({});
    expect(vitals.usageEntropy).toBeCloseTo(1, 6);
    expect(vitals.deadPrototypes).toBe(0);
    expect(vitals.featureDeviation).toBeCloseTo(1, 6);
    expect(vitals.effectiveRank).toBeCloseTo(D, 5);
    expect(vitals.loss).toBe(2);
  });

  it('of known usages: entropy of a half-used dictionary is ln(K/2) / ln K, its other half is dead', () => {
    const half = Float32Array.from({ length: K }, (_, k) => (k < K / 2 ? 2 / K : 0));
    expect(vitalsOf({ usage: half }).usageEntropy).toBeCloseTo(Math.log(K / 2) / Math.log(K), 6);
    expect(vitalsOf({ usage: half }).deadPrototypes).toBe(K / 2);
    const one = Float32Array.from({ length: K }, (_, k) => (k === 3 ? 1 : 0));
    expect(vitalsOf({ usage: one })).toMatchObject({ usageEntropy: 0, deadPrototypes: K - 1 });
  });

  it('of embeddings on a line and at a point', () => {
    expect(vitalsOf(line).effectiveRank).toBeCloseTo(1, 6);
    expect(vitalsOf(line).featureDeviation).toBeCloseTo(1 / Math.sqrt(D), 6);
    expect(vitalsOf(point)).toMatchObject({ effectiveRank: 1, featureDeviation: 0 });
  });

  it('have the effective rank after each epoch, or after fewer where it costs more than they do', () => {
    const due = (steps: number, stepsPerEpoch: number, dimension: number) =>
      Array.from(
        { length: steps / stepsPerEpoch },
        (_, epoch) => (epoch + 1) * stepsPerEpoch,
      ).filter((step) => isRankDue({ step, stepsPerEpoch }, dimension));
    expect(due(10, 1, 128)).toHaveLength(10);
    expect(due(100, 1, 512)).toEqual([34, 68]);
    expect(due(400, 40, 512)).toHaveLength(10);
    const doctor = createDoctor({ randomBaselineLoss: Math.log(K), grace: 20, patience: 30 });
    doctor.observe(observation(1, 2));
    expect(doctor.vitals({ rank: 'left out' })).not.toHaveProperty('effectiveRank');
    expect(doctor.vitals()).toHaveProperty('effectiveRank');
  });

  it('does not hang or throw on embeddings that are not finite', () => {
    const bad = {
      embeddingMean: new Float32Array(D),
      embeddingMoment: new Float32Array(D * D).fill(Number.NaN),
    };
    expect(vitalsOf(bad).effectiveRank).toBeNaN();
  });

  it('effective rank lies between 1 and D, and is exp of the entropy of a diagonal covariance', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: D, maxLength: D }),
        (v) => {
          const moment = new Float32Array(D * D);
          v.forEach((value, i) => {
            moment[i * D + i] = value;
          });
          const total = v.reduce((a, b) => a + b, 0);
          const entropy = -v.reduce(
            (sum, value) => sum + (value / total) * Math.log(value / total),
            0,
          );
          const { effectiveRank } = vitalsOf({
            embeddingMean: new Float32Array(D),
            embeddingMoment: moment,
          });
          expect(effectiveRank).toBeCloseTo(Math.exp(entropy), 4);
          expect(effectiveRank).toBeGreaterThanOrEqual(1 - 1e-9);
          expect(effectiveRank).toBeLessThanOrEqual(D + 1e-9);
        },
      ),
    );
  });
});
