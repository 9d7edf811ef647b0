/**
 * The margins by which a small seeded run of each method, on textures that are made here, must beat
 * the untrained encoder and k-means on raw pixels. They are about half of what was measured, so
 * that rounding on another machine does not fail them and a broken method does.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import type { FlatSettings } from '../src/methods/index.ts';
import { openGate } from './gate.cases.ts';

/** Epochs where a row has no other number. */
const EPOCHS = 8;

export interface TextureGate {
  method: string;
  /** Settings in place of those of the method. */
  settings?: FlatSettings;
  /** Least lead in kNN accuracy over the untrained encoder. */
  knn: number;
  /** Least lead in NMI of clusters over k-means on raw pixels. */
  nmi: number;
}

export const textureGates: readonly TextureGate[] = [
  { method: 'swav', knn: 0.17, nmi: 0.2 },
  { method: 'deepcluster', knn: 0.1, nmi: 0.09 },
  { method: 'deepcluster-v2', knn: 0.15, nmi: 0.17 },
  { method: 'contrastive-clustering', knn: 0.2, nmi: 0.2 },
  { method: 'pica', knn: 0.22, nmi: 0.25 },
  { method: 'pcl', knn: 0.09, nmi: 0.07 },
  { method: 'hcsc', knn: 0.1, nmi: 0.09 },
  { method: 'simclr', knn: 0.2, nmi: 0.25 },
  { method: 'moco', knn: 0.08, nmi: 0.07 },
  { method: 'byol', knn: 0.1, nmi: 0.12 },
  { method: 'simsiam', knn: 0.13, nmi: 0.15 },
  { method: 'instdisc', knn: 0.11, nmi: 0.1 },
  { method: 'propos', knn: 0.18, nmi: 0.19 },
  { method: 'tcl', settings: { twinEpochs: 5 }, knn: 0.1, nmi: 0.07 },
];

/** Methods whose heads learn the clusters from relations of images, with no other loss. */
export const relationGates: readonly TextureGate[] = [
  { method: 'ddc', knn: 0.16, nmi: 0.18 },
  { method: 'iic', knn: 0.15, nmi: 0.19 },
  { method: 'dac', settings: { epochs: 24 }, knn: 0.2, nmi: 0.23 },
  { method: 'dccm', settings: { epochs: 24 }, knn: 0.15, nmi: 0.1 },
  { method: 'adc', settings: { epochs: 16 }, knn: 0.09, nmi: 0.09 },
];

/** Tests that methods learn the textures; call it at the top of a test file. */
export async function testTextureGates(rows: readonly TextureGate[]): Promise<void> {
  const gate = await openGate({ pictures: 'textures' });
  let baselines: { untrained: Evaluation; rawPixels: Evaluation };
  beforeAll(async () => {
    baselines = await gate.baselines();
  }, 120_000);
  afterAll(() => gate.close());

  describe.each(rows)('$method', ({ method, settings, knn, nmi }) => {
    it('learns the textures', async () => {
      const { trained } = await gate.learn({ method, epochs: EPOCHS, ...settings });
      expect(trained.knn.accuracy! - baselines.untrained.knn.accuracy!).toBeGreaterThan(knn);
      expect(trained.nmi - baselines.rawPixels.nmi).toBeGreaterThan(nmi);
    }, 600_000);
  });
}
