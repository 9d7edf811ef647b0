/**
 * The learning gates of all methods, on textures that are made here: a small seeded run must beat the untrained encoder
 * and raw-pixel k-means by the margins of the table. They are about half of what was measured, so that rounding on another
 * machine does not fail them and a broken method does.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import type { SettingsInput } from '../src/methods/index.ts';
import { openGate } from './gate.cases.ts';

const EPOCHS = 8;

interface Row {
  method: SettingsInput['method'];
  /** Least lead in kNN accuracy over the untrained encoder. */
  knn: number;
  /** Least lead in NMI of clusters over k-means on raw pixels. */
  nmi: number;
}

const rows: readonly Row[] = [
  { method: 'swav', knn: 0.17, nmi: 0.2 },
  { method: 'deepcluster-v2', knn: 0.15, nmi: 0.17 },
  { method: 'contrastive-clustering', knn: 0.2, nmi: 0.2 },
  { method: 'simclr', knn: 0.2, nmi: 0.25 },
  { method: 'simsiam', knn: 0.13, nmi: 0.15 },
  { method: 'instdisc', knn: 0.11, nmi: 0.1 },
];

const gate = await openGate({ pictures: 'textures' });
let baselines: { untrained: Evaluation; rawPixels: Evaluation };
beforeAll(async () => {
  baselines = await gate.baselines();
}, 120_000);
afterAll(() => gate.close());

describe.each(rows)('$method', ({ method, knn, nmi }) => {
  it('learns the textures', async () => {
    const { trained } = await gate.learn({ method, epochs: EPOCHS });
    expect(trained.knn.accuracy! - baselines.untrained.knn.accuracy!).toBeGreaterThan(knn);
    expect(trained.nmi - baselines.rawPixels.nmi).toBeGreaterThan(nmi);
  }, 300_000);
});
