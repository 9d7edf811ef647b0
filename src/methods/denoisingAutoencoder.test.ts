import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { createDropout, meanSquaredError } from '../nn/index.ts';
import { constant } from '../tensor/index.ts';
import { denoisingAutoencoder } from './denoisingAutoencoder.ts';
import { context, expectStoredStep, moment } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const name = 'denoising-autoencoder';
const encoder = { architecture: 'mlp', layerWidths: [12, 6, 3] } as const;
const small = context({ encoder, imageSize: 4, crops: [{ count: 1, size: 4 }] });
const own = { layerEpochs: 2, corruption: 0.2 };
const programOf = (given: object) =>
  denoisingAutoencoder.program({ method: { name, ...own, ...given } } as never, small);

describe('denoising autoencoder', () => {
  it('agrees with a whole step of all layers in PyTorch: the target is clean', async () => {
    await expectStoredStep(engine, 'denoising_autoencoder_step', (images) =>
      denoisingAutoencoder.build(own, small, [images], 'stack'),
    );
  });

  it('agrees with a whole step of one layer in PyTorch: the layer below is frozen', async () => {
    await expectStoredStep(engine, 'denoising_autoencoder_layer_step', (images) =>
      denoisingAutoencoder.build(own, small, [images], 'layer-2'),
    );
  });

  it('trains each layer for its epochs, then all; or all from the start', () => {
    const firsts = (given: object) => programOf(given).steps.map(({ firstEpoch }) => firstEpoch);
    expect(firsts({})).toEqual([0, 2, 4, 6]);
    expect(firsts({ layerEpochs: 0 })).toEqual([0]);
  });

  it('keeps what a layer has learned: one state over all stages', () => {
    const names = programOf({}).steps.map(({ trained }) => trained);
    expect(names[1]).toEqual([
      'encoder.2.weight',
      'encoder.2.bias',
      'decoder.2.weight',
      'decoder.2.bias',
    ]);
    expect(names[3]!.length).toBe(12);
    expect(
      Object.keys(programOf({}).initialState(1)).filter((n) => !n.includes('momentum')),
    ).toEqual(expect.arrayContaining([...names[3]!]));
  });

  it('sets a fifth of the values to 0, multiplies the others by 1.25, and has a cost for copying', async () => {
    const [N, F] = [200, 300];
    const x = constant(new Float32Array(N * F).fill(1), [N, F]);
    const { drop, draws } = createDropout({ rate: 0.2 });
    const corrupted = drop(x, 'pixels');
    const copied = meanSquaredError(corrupted, x);
    const found = await evaluateOn(engine, { corrupted, copied }, draws(moment.step, 5));
    const zeros = found.corrupted!.filter((value) => value === 0).length / (N * F);
    expect(Math.abs(zeros - 0.2)).toBeLessThan(0.01);
    expect(new Set(found.corrupted)).toEqual(new Set([0, 1.25]));
    // .2 · 1² + .8 · .25²
    expect(found.copied![0]).toBeCloseTo(0.25, 2);
  });
});
