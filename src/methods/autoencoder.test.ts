import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { adam } from '../nn/index.ts';
import { constant, gradients, input, mean, mul, type Tensor } from '../tensor/index.ts';
import { autoencoder } from './autoencoder.ts';
import { denoisingAutoencoder } from './denoisingAutoencoder.ts';
import { settingsFor } from './presets.ts';
import { explained } from './reconstruction.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';
import { viewsOf } from './views.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const encoder = { architecture: 'mlp', layerWidths: [12, 6, 3] } as const;
const small = { encoder, imageSize: 4, crops: [{ count: 1, size: 4 }] };

describe('autoencoder', () => {
  it("agrees with a whole step in PyTorch, with Adam's update", async () => {
    const settings = { ...small, optimizer: adam(), learningRate: () => 0.01 };
    await expectStoredStep(
      engine,
      'autoencoder_step',
      (images) => autoencoder.build({}, context(settings), [images]),
      { at: { step: 0, stepsPerEpoch: 10, totalSteps: 100 } },
    );
  });

  it('reads images as they are: the largest square, with nothing drawn', () => {
    const settings = settingsFor('small-32', { method: { name: 'autoencoder' } });
    expect(viewsOf(settings).crops).toMatchObject([
      { count: 1, size: 32, scale: [1, 1], ratio: [1, 1], steps: [] },
    ]);
  });

  it('exports the encoder alone', () => {
    const { encoderState } = autoencoder.program(
      { method: { name: 'autoencoder' } } as never,
      context(small),
    );
    expect(encoderState.every((name) => name.startsWith('encoder.'))).toBe(true);
    expect(encoderState.length).toBe(6);
  });

  it.each([
    [{ architecture: 'resnet10' }, 'width: received a code of 512 values; expected at most 48'],
    [{ ...encoder, frontEnd: 'sobel' }, 'frontEnd: received "sobel"; expected "none"'],
    [
      { ...encoder, layerWidths: [12, 49] },
      'code of 49 values; expected at most 48, the values of an image of 4 px. Set a smaller last',
    ],
  ] as const)('refuses %j', (given, message) => {
    const check = (wanted: typeof given) => () =>
      autoencoder.check(
        { method: { name: 'autoencoder' } } as never,
        context({ ...small, encoder: wanted }),
      );
    expect(check(given)).toThrow(message);
    expect(check({ ...encoder, layerWidths: [12, 48] } as never)).not.toThrow();
  });
});

describe('a residual network', () => {
  it('has a decoder of fully connected layers, and none to train alone', () => {
    const encoder = { architecture: 'resnet10', stageWidths: [4, 4, 4, 5], width: 8 } as const;
    const settings = { method: { name: 'denoising-autoencoder', layerEpochs: 2 } } as never;
    const { steps } = denoisingAutoencoder.program(settings, context({ ...small, encoder }));
    expect(steps.length).toBe(1);
    const { program } = steps[0];
    const shapes = Object.fromEntries(
      program.state!.map(({ current: { node, shape } }) => [node.attributes.name, shape]),
    );
    expect(shapes['decoder.0.weight']).toEqual([250, 5]);
    expect(shapes['decoder.6.weight']).toEqual([48, 63]);
  });
});

describe('explained', () => {
  it('is 1 for a perfect reconstruction and 0 for the mean image, and passes no gradient', async () => {
    const x = constant(Float32Array.of(0, 2, 2, 6, 1, 1), [3, 2]);
    const difference = input('difference', [3, 2]);
    const value = explained(mean(mul(difference, difference)), x);
    const [slope] = gradients(value, [difference]) as [Tensor];
    const run = (...values: number[]) =>
      evaluateOn(engine, { value, slope }, { difference: Float32Array.from(values) });
    const perfect = await run(0, 0, 0, 0, 0, 0);
    expect(perfect.value![0]).toBeCloseTo(1, 6);
    const ofMean = await run(-1, -1, 1, 3, 0, -2); // the mean image is (1, 3)
    expect(ofMean.value![0]).toBeCloseTo(0, 6);
    expect([...ofMean.slope!]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
