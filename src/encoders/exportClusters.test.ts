import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { assign, featuresOf } from '../cluster/index.ts';
import { encodeOnnx, standardLowering } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { allMethods, canBeHead, headSettings, methodHead } from '../methods/index.ts';
import { input, l2Normalize } from '../tensor/index.ts';
import { type ClusterGraph, clusterGraph, onStandardized } from './exportClusters.ts';
import { methodClusters } from './exportEncoder.ts';
import { headShapes, openHeads } from './heads.ts';

const [N, D, K] = [5, 6, 3];
const random = randomAt(4, 'synthetic');
const floats = (length: number) => Float32Array.from({ length }, () => random.uniform() - 0.3);
const features = featuresOf(floats(N * D), D);
const centroids = featuresOf(floats(K * D), D);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Outputs [N, K] of a graph whose batch is free, image by image and of all together. */
async function runGraph(graph: ClusterGraph): Promise<Float32Array[]> {
  const raw = input('raw', [1, D]);
  const clusters = graph({ raw, unit: l2Normalize(raw) });
  const file = encodeOnnx(standardLowering.lower({ clusters }, { dynamicBatch: 'batch' }));
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  const rows = async (from: number, count: number) => {
    const data = features.data.slice(from * D, (from + count) * D);
    const found = await session.run({ raw: new Tensor('float32', data, [count, D]) });
    expect(found.clusters!.dims).toEqual([count, clusters.shape[1]]);
    return found.clusters!.data as Float32Array;
  };
  const apart = await Promise.all(Array.from({ length: N }, (_, i) => rows(i, 1)));
  const all = Float32Array.from(apart.flatMap((row) => [...row]));
  const together = await rows(0, N);
  await session.release();
  return [all, together];
}

describe('clusterGraph', () => {
  it('gives the confidence of assign for centroids', async () => {
    for (const temperature of [0.1, 1]) {
      const expected = await assign(engine, features, centroids, { temperature });
      for (const found of await runGraph(clusterGraph({ centroids, temperature }))) {
        for (let i = 0; i < N; i++) {
          const row = [...found.subarray(i * K, (i + 1) * K)];
          expect(row.indexOf(Math.max(...row))).toBe(expected.assignments[i]);
          expect(Math.max(...row)).toBeCloseTo(expected.confidence[i]!, 4);
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        }
      }
    }
  });

  it('refuses clusters of a head that is not there', () => {
    const raw = input('raw', [1, D]);
    const graph = clusterGraph({ centroids, temperature: 1, head: [0] });
    expect(() => graph({ raw, unit: raw })).toThrow(/head that the run does not have/);
  });
});

/** Settings of a head of each method that learns clusters on features. */
const heads = allMethods().flatMap(({ name }) => {
  if (!canBeHead(name)) return [];
  const patch = { method: { name } } as Parameters<typeof headSettings>[0];
  const { settings } = headSettings(patch, { dimension: D, size: 32, images: 10_000, k: K });
  return methodHead(settings).assign ? [[name, settings] as const] : [];
});

describe('the head of', () => {
  it('all methods that learn clusters is among them', () => {
    expect(heads.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'consensus',
        'ensemble',
        'temi',
        'turtle',
        'scan',
        'swav',
        'contrastive-clustering',
      ]),
    );
  });

  it.each(heads)('%s gives the same probabilities with any batch', async (_, settings) => {
    const state = Object.fromEntries(
      [...headShapes(settings)].map(([name, shape]) => [
        name,
        floats(shape.reduce((a, b) => a * b, 1)).map((value) =>
          // Variances and gains are positive.
          /var|_g$/.test(name) ? Math.abs(value) + 0.5 : value,
        ),
      ]),
    );
    const own = openHeads({ engine, settings, state });
    const by = { mean: floats(D), deviation: floats(D).map((value) => Math.abs(value) + 0.5) };
    const standard = features.data.map((v, i) => (v - by.mean[i % D]!) / by.deviation[i % D]!);
    const expected = await own.assign!(featuresOf(standard, D)); // [N, M]
    await own.close();
    const M = expected.dimension;
    const outputs = [M - 1, 0];
    const head = onStandardized(methodClusters(settings, state)!, by);
    const graph = clusterGraph({ centroids, temperature: 1, head: outputs }, head);
    for (const found of await runGraph(graph)) {
      for (let i = 0; i < N; i++) {
        for (const [at, output] of outputs.entries()) {
          expect(found[2 * i + at]).toBeCloseTo(expected.data[i * M + output]!, 4);
        }
      }
    }
  });
});
