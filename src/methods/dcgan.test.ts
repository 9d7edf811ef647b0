import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featureLength, generatorInputs, pooledMaps } from '../nn/index.ts';
import { constant, input } from '../tensor/index.ts';
import { dcgan, discriminatorLoss, generatorInput, generatorLoss, turns } from './dcgan.ts';
import { inferenceProgram, methodProgram, settingsFor } from './index.ts';
import { context, expectStoredStep, runStored } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const normalize = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const given = context({
  batchSize: 4,
  crops: [{ count: 1, size: 25 }],
  encoder: { architecture: 'dcgan', width: 1 },
  normalize,
  optimizerSettings: { learningRate: 2e-3, weightDecay: 1e-2 },
  learningRate: () => 2e-3,
});
/** The first step of each player. */
const firstStep = {
  generator: { step: 0, stepsPerEpoch: 10, totalSteps: 100 },
  discriminator: { step: 1, stepsPerEpoch: 10, totalSteps: 100 },
} as const;
const players = ['generator', 'discriminator'] as const;

describe('DCGAN', () => {
  it.each(players)('agrees with a whole step in PyTorch that updates the %s', async (player) => {
    await expectStoredStep(
      engine,
      `dcgan_${player}_step`,
      (images) => dcgan.build({}, given, [images]),
      {
        at: firstStep[player],
      },
    );
  });

  it.each(players)('changes the %s alone in its turn', async (player) => {
    const { after, stored, gradients } = await runStored(
      engine,
      `dcgan_${player}_step`,
      (images) => dcgan.build({}, given, [images]),
      { at: firstStep[player] },
    );
    for (const name of Object.keys(gradients)) {
      const isOwn = name.startsWith('generator.') === (player === 'generator');
      const isSame = after[name]!.every((value, i) => value === stored(`before.${name}`)[i]);
      expect(isSame, name).toBe(!isOwn);
    }
  });

  it('takes turns, and counts the updates of each player', () => {
    const counted = { generator: 0, discriminator: 0 };
    for (let step = 0; step < 9; step++) {
      const moment = { step, stepsPerEpoch: 3, totalSteps: 9 };
      const active = players.filter((player) => turns[player].isActive(moment));
      expect(active).toEqual([players[step % 2]]);
      for (const player of players) {
        expect(turns[player].updates(moment)).toBe(counted[player]);
        if (turns[player].isActive(moment)) counted[player]++;
      }
    }
  });

  it('has losses of 2 ln 2 and ln 2 at even odds, and finite ones at any logits', async () => {
    const [real, fake] = [input('real', [2, 1]), input('fake', [2, 1])];
    const executable = await engine.compile({
      outputs: { d: discriminatorLoss(real, fake), g: generatorLoss(fake) },
    });
    const lossesOf = async (r: readonly number[], f: readonly number[]) => {
      const { d, g } = await executable.run({
        real: Float32Array.from(r),
        fake: Float32Array.from(f),
      });
      return [d![0]!, g![0]!] as const;
    };
    const [d, g] = await lossesOf([0, 0], [0, 0]);
    expect(d).toBeCloseTo(2 * Math.LN2, 6);
    expect(g).toBeCloseTo(Math.LN2, 6);
    const [far] = await lossesOf([-400, 0], [400, 0]);
    expect(far).toBeCloseTo(400 + Math.LN2, 3);
    const sigmoid = (l: number) => 1 / (1 + Math.exp(-l));
    const logits = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), {
      minLength: 2,
      maxLength: 2,
    });
    await fc.assert(
      fc.asyncProperty(logits, logits, async (r, f) => {
        const [ofD, ofG] = await lossesOf(r, f);
        const mean = (terms: number[]) => terms.reduce((sum, x) => sum + x, 0) / 2;
        const expected =
          mean(r.map((l) => -Math.log(sigmoid(l)))) + mean(f.map((l) => -Math.log(sigmoid(-l))));
        expect(ofD).toBeCloseTo(expected, 4);
        expect(ofG).toBeCloseTo(mean(f.map((l) => -Math.log(sigmoid(l)))), 4);
        expect(Math.min(ofD, ofG)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 20 },
    );
    await executable.dispose();
  });

  it('has 28,672 features at the width of the paper: six maps of 4 x 4', () => {
    const encoder = { architecture: 'dcgan', width: 64 } as const;
    expect(featureLength(encoder)).toBe(28_672);
    expect(generatorInputs(encoder)).toBe(256);
    for (const size of [25, 28, 32, 64]) {
      const options = { encoder: { ...encoder, width: 4 }, normalize, batchSize: 2, size };
      const { features, variables } = inferenceProgram(options);
      expect(features.shape).toEqual([2, featureLength(options.encoder)]);
      const names = variables.parameters().map(({ name }) => name);
      expect(names.filter((name) => name.startsWith('generator.'))).toEqual([]);
    }
  });

  it('pools every map to 4 x 4 by its largest values', async () => {
    const map = (extent: number) => {
      const values = Float32Array.from({ length: extent ** 2 }, (_, i) => i);
      return constant(values, [1, 1, extent, extent]);
    };
    const executable = await engine.compile({
      outputs: { features: pooledMaps([map(8), map(4), map(7)]) },
    });
    const { features } = await executable.run({});
    await executable.dispose();
    // Windows of 2 x 2, of 1 x 1, and of 4 x 4 that overlap.
    const largest = (extent: number, stride: number, kernel: number) =>
      Array.from({ length: 16 }, (_, i) => {
        const [row, column] = [Math.floor(i / 4), i % 4].map((at) => at * stride + kernel - 1);
        return row! * extent + column!;
      });
    expect([...features!]).toEqual([...largest(8, 2, 2), ...largest(4, 1, 1), ...largest(7, 1, 4)]);
  });

  it('draws the inputs of a row from (seed, step, row) alone, in -1 to 1', () => {
    const whole = generatorInput({ step: 3, seed: 5 }, [40, 8]);
    expect(generatorInput({ step: 3, seed: 5 }, [2, 8])).toEqual(whole.slice(0, 16));
    expect(generatorInput({ step: 4, seed: 5 }, [40, 8])).not.toEqual(whole);
    expect(Math.min(...whole)).toBeLessThan(-0.9);
    expect(Math.max(...whole)).toBeGreaterThan(0.9);
    expect(whole.every((value) => value >= -1 && value < 1)).toBe(true);
  });

  it('refuses another network, and images below its smallest', () => {
    const program = (more: object) => () =>
      methodProgram(settingsFor('small-32', { method: { name: 'dcgan' }, ...more }), {
        images: 99,
      });
    expect(program({ encoder: { architecture: 'vgg16-bn' } })).toThrow(
      'architecture: received "vgg16-bn" with method dcgan; expected "dcgan"',
    );
    const tiny = { data: { imageSize: 24 }, views: { crops: [{ count: 1, size: 24 }] } };
    expect(program(tiny)).toThrow('architecture dcgan: received images of 24 px; expected 25 px');
  });
});
