import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { gaussianDivergence } from '../nn/index.ts';
import { constant, gradients, input } from '../tensor/index.ts';
import { inferenceProgram, methodProgram, settingsFor } from './index.ts';
import { context, expectStoredStep, moment, runStep } from './stepFixture.cases.ts';
import { activeUnits, bernoulliReconstruction, codeNoise, sampleCode, vae } from './vae.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const tensor = (values: readonly number[], shape: readonly number[]) =>
  constant(Float32Array.from(values), shape);

async function evaluated(outputs: Record<string, ReturnType<typeof tensor>>) {
  const executable = await engine.compile({ outputs });
  const results = await executable.run({});
  await executable.dispose();
  return results;
}

describe('VAE', () => {
  it('agrees with a whole step in PyTorch: strided and transposed convolutions, noise, both terms', async () => {
    const given = context({
      batchSize: 6,
      crops: [{ count: 1, size: 15 }],
      encoder: { architecture: 'vae', width: 4 },
      learningRate: () => 0.01,
    });
    await expectStoredStep(engine, 'vae_step', (images) => vae.build({}, given, [images]));
  });

  it('has the divergence of table2.md, and of the definition by quadrature', async () => {
    const { kl } = await evaluated({
      kl: gaussianDivergence(tensor([0.5, -1], [1, 2]), tensor([0, 0.3], [1, 2])),
    });
    expect(kl![0]).toBeCloseTo(0.64992994, 5);
    // The integral of q ln(q / p) over a grid, for both coordinates.
    const quadrature = (mu: number, variance: number) => {
      let sum = 0;
      for (let z = -12; z <= 12; z += 1e-3) {
        const q = Math.exp(-((z - mu) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
        const logRatio = z ** 2 / 2 - (z - mu) ** 2 / (2 * variance) - Math.log(variance) / 2;
        sum += q * logRatio * 1e-3;
      }
      return sum;
    };
    expect(quadrature(0.5, 1) + quadrature(-1, Math.exp(0.3))).toBeCloseTo(kl![0]!, 5);
  });

  it('sums both terms within an image and takes the mean over the batch', async () => {
    const doubled = (values: number[]) => [...values, ...values];
    const [mu, logVariance, logits] = [
      [0.3, -2],
      [0.1, -0.4],
      [1, -2, 0.5, 3],
    ];
    const pixels = [0, 1, 0.25, 0.5];
    const results = await evaluated({
      one: gaussianDivergence(tensor(mu!, [1, 2]), tensor(logVariance!, [1, 2])),
      two: gaussianDivergence(tensor(doubled(mu!), [2, 2]), tensor(doubled(logVariance!), [2, 2])),
      lit: bernoulliReconstruction(tensor(logits!, [1, 1, 2, 2]), tensor(pixels, [1, 1, 2, 2])),
      litTwice: bernoulliReconstruction(
        tensor(doubled(logits!), [2, 1, 2, 2]),
        tensor(doubled(pixels), [2, 1, 2, 2]),
      ),
      flat: bernoulliReconstruction(
        tensor([0, 0, 0, 0], [1, 1, 2, 2]),
        tensor(pixels, [1, 1, 2, 2]),
      ),
    });
    expect(results.two![0]).toBeCloseTo(results.one![0]!, 6);
    expect(results.litTwice![0]).toBeCloseTo(results.lit![0]!, 5);
    const expected = logits!.reduce(
      (sum, l, i) => sum + Math.log(1 + Math.exp(l)) - pixels[i]! * l,
      0,
    );
    expect(results.lit![0]).toBeCloseTo(expected, 5);
    expect(results.flat![0]).toBeCloseTo(4 * Math.LN2, 6);
  });

  it('has a divergence of at least 0, whose gradient is mu and (sigma² - 1) / 2', async () => {
    const names = ['mu', 'logVariance'] as const;
    const [mu, logVariance] = names.map((name) => input(name, [1, 3])) as [
      ReturnType<typeof tensor>,
      ReturnType<typeof tensor>,
    ];
    const kl = gaussianDivergence(mu, logVariance);
    const [byMu, byLogVariance] = gradients(kl, [mu, logVariance]);
    const executable = await engine.compile({
      outputs: { kl, byMu: byMu!, byLogVariance: byLogVariance! },
    });
    const three = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
      minLength: 3,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(three, three, async (means, logs) => {
        const results = await executable.run({
          mu: Float32Array.from(means),
          logVariance: Float32Array.from(logs),
        });
        expect(results.kl![0]).toBeGreaterThanOrEqual(-1e-6);
        for (let i = 0; i < 3; i++) {
          expect(results.byMu![i]).toBeCloseTo(means[i]!, 5);
          expect(results.byLogVariance![i]).toBeCloseTo((Math.exp(logs[i]!) - 1) / 2, 4);
        }
      }),
      { numRuns: 20 },
    );
    await executable.dispose();
  });

  it('reconstructs pixels of 0 to 1, whatever the normalization is', async () => {
    const normalize = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
    const given = context({
      batchSize: 2,
      crops: [{ count: 1, size: 9 }],
      encoder: { architecture: 'vae', width: 4 },
      normalize,
    });
    const step = vae.build({}, given, [input('crops.0', [2, 3, 9, 9])]);
    const state = step.initialState(0);
    state['decoder.conv3.weight'] = state['decoder.conv3.weight']!.map(() => 0);
    state['decoder.conv3.bias'] = Float32Array.of(1, 1, 1);
    // Pixels of 1 are 2 after the normalization. The decoder gives logits of 1 everywhere.
    const feeds = {
      'crops.0': new Float32Array(2 * 3 * 81).fill(2),
      noise: codeNoise({ step: 0, seed: 0 }, [2, 4]),
    };
    const { results } = await runStep(engine, step, { state, feeds, at: moment });
    const expected = 3 * 81 * (Math.log(1 + Math.E) - 1);
    expect(results['fact.reconstruction']![0]).toBeCloseTo(expected, 2);
  });

  it('gives the means as features', () => {
    const { variables, features } = inferenceProgram({
      encoder: { architecture: 'vae', width: 16 },
      normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
      batchSize: 2,
      size: 28,
    });
    expect(features.shape).toEqual([2, 16]);
    const names = variables.parameters().map(({ name }) => name);
    expect(names).toContain('mean.weight');
    expect(names).not.toContain('logVariance.weight');
  });

  it('counts the coordinates of the code that are in use', async () => {
    const { active } = await evaluated({
      active: activeUnits(tensor([1, 0.5, 2, 1, 0.505, -2], [2, 3])),
    });
    expect(active![0]).toBe(1);
    const { code } = await evaluated({
      code: sampleCode({
        mu: tensor([1, 2], [1, 2]),
        logVariance: tensor([0, Math.log(4)], [1, 2]),
        noise: tensor([0.5, -1], [1, 2]),
      }),
    });
    expect([...code!]).toEqual([1.5, 0]);
  });

  it('draws the noise of a row from (seed, step, row) alone', () => {
    const whole = codeNoise({ step: 3, seed: 5 }, [4, 2]);
    expect(codeNoise({ step: 3, seed: 5 }, [2, 2])).toEqual(whole.slice(0, 4));
    expect(codeNoise({ step: 4, seed: 5 }, [4, 2])).not.toEqual(whole);
    const many = codeNoise({ step: 0, seed: 1 }, [2000, 3]);
    const mean = many.reduce((sum, value) => sum + value, 0) / many.length;
    const square = many.reduce((sum, value) => sum + value ** 2, 0) / many.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(square - 1)).toBeLessThan(0.06);
  });

  it('refuses another network, and images below its smallest', () => {
    const program = (given: object) => () =>
      methodProgram(settingsFor('small-32', { method: { name: 'vae' }, ...given }), { images: 99 });
    expect(program({ encoder: { architecture: 'resnet10' } })).toThrow(
      'architecture: received "resnet10" with method vae; expected "vae"',
    );
    const tiny = { data: { imageSize: 8 }, views: { crops: [{ count: 1, size: 8 }] } };
    expect(program(tiny)).toThrow('architecture vae: received images of 8 px; expected 9 px');
  });
});
