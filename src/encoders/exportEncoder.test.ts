import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { resolveSettings } from '../methods/index.ts';
import { createVariables, encode } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import { EXPORT_INPUT, encoderShapes, exportEncoder } from './exportEncoder.ts';
import { EXPORT_OUTPUT } from './exportMetadata.ts';
import { trainedEncoder } from './trainedEncoder.ts';

const settings = resolveSettings({
  data: { imageSize: 32, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
  encoder: { architecture: 'resnet10', width: 4, stem: 'imagenet' },
});

/** Weights of an untrained encoder, with running statistics that are not the identity. */
function weights() {
  const variables = createVariables();
  const { architecture, width, stem } = settings.encoder;
  encode(variables, input('x', [1, 3, 32, 32]), { architecture, width, stem });
  const values = variables.initialValues(3);
  const random = randomAt(1, 'synthetic');
  for (const name of Object.keys(values)) {
    if (/running/.test(name)) values[name] = values[name]!.map((v) => v + 0.5 * random.uniform());
  }
  return values;
}

describe('the exported encoder', () => {
  it("gives the training engine's features, L2-normalized, at any batch", async () => {
    const state = weights();
    const { model, dimension, size } = exportEncoder(settings, state, {
      metadata: { extra: 'yes' },
    });
    expect([dimension, size]).toEqual([32, 32]);
    const random = randomAt(2, 'synthetic');
    const bytes = Uint8Array.from({ length: 3 * 3 * 32 * 32 }, () => random.uniform() * 256);

    const engine = await openEngine({ threads: 1 });
    const encoder = await trainedEncoder({ engine, settings, state, batchSize: 3 });
    const raw = await encoder.embedViews(bytes);
    await engine.close();
    const expected = Array.from({ length: 3 }, (_, i) => {
      const row = Array.from(raw.subarray(i * dimension, (i + 1) * dimension));
      const length = Math.hypot(...row);
      return row.map((v) => v / length);
    });

    const session = await InferenceSession.create(model);
    const floats = Float32Array.from(bytes, (v) => v / 255);
    const run = async (from: number, count: number) => {
      const data = floats.slice(from * 3 * 32 * 32, (from + count) * 3 * 32 * 32);
      const results = await session.run({
        [EXPORT_INPUT]: new Tensor('float32', data, [count, 3, 32, 32]),
      });
      const features = results[EXPORT_OUTPUT]!;
      expect(features.dims).toEqual([count, dimension]);
      return Array.from(features.data as Float32Array);
    };
    const together = await run(0, 3);
    const apart = [...(await run(0, 1)), ...(await run(1, 1)), ...(await run(2, 1))];
    for (const [i, value] of expected.flat().entries()) {
      expect(Math.abs(together[i]! - value)).toBeLessThan(1e-5);
      expect(Math.abs(apart[i]! - value)).toBeLessThan(1e-5);
    }
  });

  it('says what it expects in its metadata', () => {
    const text = Buffer.from(
      exportEncoder(settings, weights(), { metadata: { extra: 'yes' } }).model,
    ).toString('latin1');
    expect(text).toContain('likeness.preprocessing');
    expect(text).toContain('0.5,0.4,0.3');
    expect(text).not.toContain('com.microsoft'); // only operators that every runtime has
  });

  it('names a missing weight', () => {
    const { 'conv1.weight': _, ...state } = weights();
    expect(() => exportEncoder(settings, state)).toThrow(/no "conv1.weight"/);
  });

  it('lists every weight with its shape', () => {
    const shapes = Object.fromEntries(
      encoderShapes(settings).map(({ name, shape }) => [name, shape]),
    );
    expect(shapes['conv1.weight']).toEqual([4, 3, 7, 7]);
    expect(shapes['layer4.0.downsample.1.running_var']).toEqual([32]);
    expect(Object.keys(shapes).sort()).toEqual(Object.keys(weights()).sort());
  });
});
