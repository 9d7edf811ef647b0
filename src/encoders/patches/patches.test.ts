import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covariance, featuresOf, normalizeRows } from '../../cluster/index.ts';
import { randomAt } from '../../core/random.ts';
import { input } from '../../tensor/index.ts';
import { checkExport } from '../checkExport.ts';
import { encoderCases, useTinyImages } from '../encoder.cases.ts';
import { learnDictionary } from './dictionary.ts';
import {
  exportPatches,
  learnPatches,
  type PatchTensors,
  patchEncoder,
  patchSettings,
} from './index.ts';
import { withMemory } from './memory.ts';
import { openPatchPart } from './program.ts';
import { pooledResponses } from './responses.ts';
import { drawPatches, grayPatches, normalizeContrast, whitenPatches } from './whitenedPatches.ts';

const images = useTinyImages();
const size = 16;
const settings = patchSettings.parse({
  ...{ colorFilters: 8, grayFilters: 6, patches: 2000, patchSize: 5, components: 12 },
});
const few = Uint32Array.from({ length: 120 }, (_, i) => 5 * i);
const learn = (workers = 1) => {
  const { engine, cache } = images;
  return learnPatches({
    engine,
    images: { cache, indices: few },
    size,
    settings,
    seed: 3,
    workers,
  });
};
let learned: Promise<PatchTensors> | undefined;
const tensorsOnce = () => (learned ??= learn());

encoderCases('patches', images, async () =>
  patchEncoder({ engine: images.engine, size, settings, tensors: await tensorsOnce() }),
);

describe('learnPatches', () => {
  it('gives the same bytes whatever the number of workers', async () => {
    const [one, three] = [await tensorsOnce(), await learn(3)];
    expect(Object.keys(three)).toEqual(Object.keys(one));
    for (const [name, { data }] of Object.entries(one))
      expect(three[name]!.data, name).toEqual(data);
  });

  it('gives components that are centered, uncorrelated and of a variance below 1', async () => {
    const { engine, cache } = images;
    const tensors = await tensorsOnce();
    const encoder = await openPatchPart({ engine, size, settings, tensors }, 'components');
    const features = await encoder.embed({ cache, indices: few });
    await encoder.close();
    const { means, matrix, dimension: D } = await covariance(engine, features);
    // lambda / (lambda + e lambda_1): 1 / 1.01 for the first component.
    expect(matrix[0]).toBeCloseTo(1 / 1.01, 2);
    for (let i = 0; i < D; i++) {
      expect(means[i]).toBeCloseTo(0, 3);
      expect(matrix[i * D + i]).toBeLessThan(1);
      if (i > 0) expect(matrix[i * D + i]).toBeLessThan(matrix[(i - 1) * D + i - 1]! + 0.02);
      for (let j = 0; j < i; j++) expect(matrix[i * D + j]).toBeCloseTo(0, 1);
    }
  });

  it('remembers the components of its images, at length 1', async () => {
    const { engine, cache } = images;
    const tensors = await tensorsOnce();
    const encoder = await openPatchPart({ engine, size, settings, tensors }, 'components');
    const expected = normalizeRows(await encoder.embed({ cache, indices: few })).data;
    await encoder.close();
    const { shape, data } = tensors['memory.keys']!;
    expect(shape).toEqual([120, 12]);
    for (const [i, value] of (data as Float32Array).entries())
      expect(value).toBeCloseTo(expected[i]!, 3);
    // An image's value is its average over the others.
    const keys = data as Float32Array;
    const cosine = (i: number, j: number) => {
      let sum = 0;
      for (let p = 0; p < 12; p++) sum += keys[i * 12 + p]! * keys[j * 12 + p]!;
      return sum;
    };
    for (const i of [0, 77, 119]) {
      const y = new Float64Array(12);
      for (let j = 0; j < 120; j++) {
        const weight = cosine(i, j) > 0.9999 ? 0 : Math.exp(cosine(i, j) / settings.temperature);
        for (let p = 0; p < 12; p++) y[p]! += weight * keys[j * 12 + p]!;
      }
      const length = Math.hypot(...y);
      const value = (tensors['memory.values']!.data as Float32Array).subarray(12 * i, 12 * i + 12);
      for (let p = 0; p < 12; p++) expect(value[p]).toBeCloseTo(y[p]! / length, 3);
    }
  });

  it('learns from two images, with one component', async () => {
    const { engine, cache } = images;
    const indices = Uint32Array.of(3, 9);
    const tensors = await learnPatches({
      engine,
      images: { cache, indices },
      size,
      settings,
      seed: 0,
    });
    expect(tensors.projection!.shape).toEqual([14 * 14, 1]);
  });
});

describe('exportPatches', () => {
  it('agrees with the engine on features of length 1', async () => {
    const { engine, cache, folder } = images;
    const tensors = await tensorsOnce();
    const { model, dimension } = exportPatches({ size, settings, tensors });
    expect(dimension).toBe(24);
    const file = join(folder, 'patches.onnx');
    writeFileSync(file, model);
    const encoder = await patchEncoder({ engine, size, settings, tensors });
    const pixels = Uint8Array.from(
      { length: 3 * 3 * size * size },
      (_, i) => (i * 37 + (i >> 4) * 11) % 256,
    );
    const expected = normalizeRows(featuresOf(await encoder.embedViews(pixels), dimension)).data;
    await encoder.close();
    expect(cache.widths.length).toBeGreaterThan(0);
    const check = await checkExport(file, { pixels, expected, count: 3, size });
    expect(check.features).toBeLessThan(1e-4);
  });
});

/** Random patches [n, d] whose neighboring values are correlated. */
function correlatedPatches(n: number, d: number): Float32Array {
  const random = randomAt(5, 'synthetic');
  const out = new Float32Array(n * d);
  for (let at = 0; at < out.length; at++)
    out[at] = (at % d === 0 ? 0 : 0.8 * out[at - 1]!) + 20 * random.normal();
  return out;
}

describe('whitened patches', () => {
  it('have contrast 1 around mean 0 where the contrast is high', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 12, maxLength: 12 }),
        (values) => {
          const patch = Float32Array.from(values);
          normalizeContrast(patch, 12, 10);
          const mean = values.reduce((sum, value) => sum + value, 0) / 12;
          const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 12;
          patch.forEach((value, i) => {
            expect(value).toBeCloseTo((values[i]! - mean) / Math.sqrt(variance + 10), 4);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('have variances lambda / (lambda + e) and no correlation', async () => {
    const d = 6;
    const patches = correlatedPatches(4000, d);
    normalizeContrast(patches, d, 10);
    const before = await covariance(images.engine, featuresOf(patches, d));
    const whitened = await whitenPatches(images.engine, featuresOf(patches, d), { zca: 0.1 });
    const { matrix } = await covariance(images.engine, whitened);
    // W C W = C (C + e)^-1, hence (W C W) (C + e) = C.
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) {
        let product = 0.1 * matrix[i * d + j]!;
        for (let k = 0; k < d; k++) product += matrix[i * d + k]! * before.matrix[k * d + j]!;
        expect(product).toBeCloseTo(before.matrix[i * d + j]!, 3);
      }
  });

  it('are drawn inside the image, channel by channel', () => {
    const S = 6;
    const pixels = Uint8Array.from({ length: 3 * S * S }, (_, i) => i);
    const drawn = drawPatches(pixels, 0, { size: S, side: 2, perImage: 200, seed: 1 });
    const corners = new Set<number>();
    for (let at = 0; at < drawn.length; at += 12) {
      const corner = drawn[at]!;
      corners.add(corner);
      const square = [corner, corner + 1, corner + S, corner + S + 1];
      const expected = [0, 1, 2].flatMap((channel) =>
        square.map((value) => value + channel * S * S),
      );
      expect([...drawn.subarray(at, at + 12)]).toEqual(expected);
    }
    expect(corners.size).toBe(25);
    expect(Math.max(...corners)).toBe(4 * S + 4);
  });

  it('have the luminance of BT.601', () => {
    const color = Float32Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120);
    const gray = grayPatches(color, 2);
    expect(gray[1]).toBeCloseTo(0.299 * 20 + 0.587 * 60 + 0.114 * 100, 4);
  });
});

describe('learnDictionary', () => {
  /** Sum of the largest absolute products over patches. */
  function objective(data: Float32Array, dictionary: Float32Array, d: number): number {
    let total = 0;
    for (let row = 0; row < data.length; row += d) {
      let most = 0;
      for (let k = 0; k < dictionary.length; k += d) {
        let product = 0;
        for (let i = 0; i < d; i++) product += data[row + i]! * dictionary[k + i]!;
        most = Math.max(most, Math.abs(product));
      }
      total += most;
    }
    return total;
  }

  it('finds directions that patches lie along, whatever their sign and length', async () => {
    const d = 4;
    const random = randomAt(2, 'synthetic');
    const axes = [0, 2, 3];
    const data = new Float32Array(3000 * d);
    for (let row = 0; row < 3000; row++) {
      const length = (row % 2 === 0 ? 1 : -1) * (1 + random.uniform());
      for (let i = 0; i < d; i++) data[row * d + i] = 0.02 * random.normal();
      data[row * d + axes[row % 3]!]! += length;
    }
    const patches = {
      ...{ data, count: 3000, dimension: d },
      ...{ means: new Float64Array(d), whitening: new Float32Array(d * d) },
    };
    const options = { filters: 3, seed: 0, part: 0 };
    const learn = (iterations: number) =>
      learnDictionary(images.engine, patches, { ...options, iterations });
    const dictionary = await learn(20);
    const found = axes.map((axis) =>
      Math.max(...[0, 1, 2].map((k) => Math.abs(dictionary[k * d + axis]!))),
    );
    for (const value of found) expect(value).toBeGreaterThan(0.99);
    const values = await Promise.all(
      [1, 3, 9].map(async (n) => objective(data, await learn(n), d)),
    );
    expect(values[1]! / values[0]!).toBeGreaterThan(1.005);
    expect(values[2]! / values[1]!).toBeGreaterThan(1 - 1e-6);
  });
});

describe('withMemory', () => {
  it('puts the weighted average of the others beside the image itself', async () => {
    const [B, M, P] = [3, 5, 4];
    const random = randomAt(6, 'synthetic');
    const unit = (count: number) =>
      normalizeRows(
        featuresOf(
          Float32Array.from({ length: count * P }, () => random.normal()),
          P,
        ),
      ).data;
    const memory = unit(M);
    const values = unit(M);
    const components = unit(B).map((value) => 3 * value);
    // The first image is the second of the memory.
    components.set(memory.subarray(P, 2 * P).map((value) => 3 * value));
    const temperature = 0.4;
    const named = { keys: input('m', [M, P]), values: input('v', [M, P]) };
    const features = withMemory(input('z', [B, P]), named, { temperature, ownWeight: 0.5 });
    const executable = await images.engine.compile({ outputs: { features } });
    const found = (await executable.run({ z: components, m: memory, v: values }))
      .features as Float32Array;
    await executable.dispose();
    for (let b = 0; b < B; b++) {
      const z = [...components.subarray(b * P, (b + 1) * P)].map((value) => value / 3);
      const cosines = Array.from({ length: M }, (_, i) =>
        z.reduce((sum, value, p) => sum + value * memory[i * P + p]!, 0),
      );
      expect(cosines.filter((cosine) => cosine > 0.9999)).toHaveLength(b === 0 ? 1 : 0);
      const weights = cosines.map((cosine) =>
        cosine > 0.9999 ? 0 : Math.exp(cosine / temperature),
      );
      const y = z.map((_, p) =>
        weights.reduce((sum, weight, i) => sum + weight * values[i * P + p]!, 0),
      );
      const length = Math.hypot(...y);
      const expected = [...z.map((value) => 0.5 * value), ...y.map((value) => value / length)];
      for (const [p, value] of expected.entries())
        expect(found[b * 2 * P + p]).toBeCloseTo(value, 4);
    }
  });
});

describe('pooledResponses', () => {
  it('is the thresholded product with whitened patches, averaged in cells and rooted', async () => {
    // A dictionary entry dW and dW·m, applied patch by patch in double precision.
    // Five positions a side: the cells of a grid of two overlap in the middle one.
    const [B, S, side, stride, K] = [2, 11, 3, 2, 2];
    const random = randomAt(4, 'synthetic');
    const pixels = Float32Array.from({ length: B * 3 * S * S }, () => random.integer(256));
    const bank = (channels: number) => {
      const d = channels * side * side;
      const filters = Float32Array.from({ length: K * d }, () => random.normal() / 3);
      for (let k = 0; k < K; k++) {
        const row = filters.subarray(k * d, (k + 1) * d);
        const mean = row.reduce((sum, value) => sum + value, 0) / d;
        row.forEach((value, i) => {
          row[i] = value - mean;
        });
      }
      return { d, filters, bias: Float32Array.of(0.2, -0.4), channels };
    };
    const banks = { color: bank(3), gray: bank(1) };
    const named = (name: 'color' | 'gray') => ({
      filters: input(`${name}.filters`, [K, banks[name].channels, side, side]),
      bias: input(`${name}.bias`, [K]),
    });
    const options = { side, stride, contrast: 10, threshold: 0.3, pyramid: [1, 2] };
    const features = pooledResponses(
      input('images', [B, 3, S, S]),
      { color: named('color'), gray: named('gray') },
      options,
    );
    const executable = await images.engine.compile({ outputs: { features } });
    const found = (
      await executable.run({
        images: pixels,
        'color.filters': banks.color.filters,
        'color.bias': banks.color.bias,
        'gray.filters': banks.gray.filters,
        'gray.bias': banks.gray.bias,
      })
    ).features as Float32Array;
    await executable.dispose();
    const expected: number[] = [];
    for (let image = 0; image < B; image++)
      for (const { channels, d, filters, bias } of [banks.color, banks.gray]) {
        const at = (c: number, y: number, x: number) => pixels[((image * 3 + c) * S + y) * S + x]!;
        const value = (c: number, y: number, x: number) =>
          channels === 3
            ? at(c, y, x)
            : 0.299 * at(0, y, x) + 0.587 * at(1, y, x) + 0.114 * at(2, y, x);
        const response = (k: number, row: number, column: number) => {
          const patch: number[] = [];
          for (let c = 0; c < channels; c++)
            for (let y = 0; y < side; y++)
              for (let x = 0; x < side; x++)
                patch.push(value(c, row * stride + y, column * stride + x));
          const mean = patch.reduce((sum, p) => sum + p, 0) / d;
          const variance = patch.reduce((sum, p) => sum + (p - mean) ** 2, 0) / d;
          const product = patch.reduce(
            (sum, p, i) => sum + (filters[k * d + i]! * (p - mean)) / Math.sqrt(variance + 10),
            0,
          );
          return Math.max(0, product - bias[k]! - 0.3);
        };
        for (const [cells, n, step] of [
          [1, 5, 5],
          [2, 3, 2],
        ] as const)
          for (let k = 0; k < K; k++)
            for (let i = 0; i < cells; i++)
              for (let j = 0; j < cells; j++) {
                let sum = 0;
                for (let y = 0; y < n; y++)
                  for (let x = 0; x < n; x++) sum += response(k, i * step + y, j * step + x);
                expected.push(Math.sqrt(sum / n ** 2));
              }
      }
    expect(found.length).toBe(expected.length);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 3);
  });
});
