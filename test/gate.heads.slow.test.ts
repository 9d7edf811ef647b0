/**
 * Learning gates of heads on features: groups that overlap, found without labels. The baseline is
 * the same head after one step.
 */
import { afterAll, expect, it } from 'vitest';
import { openEngine } from '../src/backends/index.ts';
import { featuresOf } from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import { headNames } from '../src/methods/index.ts';
import { nmi } from '../src/metrics/index.ts';
import { headClustersOf } from './headGate.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [N, D, K] = [240, 8, 4];
/** Spread of a group beside its distance of 1 from the origin. */
const DEVIATION = 0.25;
/** Least NMI, and least lead over one step. */
const [LEAST, LEAD] = [0.8, 0.2];

const random = randomAt(1, 'synthetic');
const labels = Int32Array.from({ length: N }, (_, i) => i % K);
const features = featuresOf(
  Float32Array.from({ length: N * D }, (_, at) => {
    const [i, d] = [Math.floor(at / D), at % D];
    return (d === labels[i] ? 1 : 0) + random.normal(0, DEVIATION);
  }),
  D,
);

it.each([...headNames])(
  '%s finds groups that overlap',
  async (method) => {
    const scoreOf = async (steps?: number) =>
      nmi(labels, await headClustersOf(engine, features, { method, k: K, seed: 0, steps }));
    const score = await scoreOf();
    expect(score).toBeGreaterThan(LEAST);
    // Consensus and ensemble begin with clusters that they learn.
    if (method !== 'consensus' && method !== 'ensemble')
      expect(score - (await scoreOf(1))).toBeGreaterThan(LEAD);
  },
  600_000,
);
