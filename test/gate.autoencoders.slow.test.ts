/**
 * Learning gates of methods that reconstruct images. Textures at random phases are nothing for
 * them, so they learn the clothes of the bundled sample. Their codes of ten values must keep the
 * neighbors that raw pixels have, and must be far ahead of the untrained network. Bounds are about
 * half of what was measured.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import { openGate } from './gate.cases.ts';

interface AutoencoderGate {
  method: string;
  settings: Record<string, number>;
  /** Least lead in kNN accuracy over the untrained network. */
  knn: number;
  /** Most that kNN accuracy may be behind raw pixels; negative where it must be ahead. */
  behind: number;
  /** Least lead in NMI of clusters over the untrained network. */
  nmi: number;
}

const gates: readonly AutoencoderGate[] = [
  { method: 'autoencoder', settings: { epochs: 20 }, knn: 0.09, behind: 0.06, nmi: 0.14 },
  {
    method: 'denoising-autoencoder',
    settings: { epochs: 16, layerEpochs: 1 },
    knn: 0.08,
    behind: 0.06,
    nmi: 0.14,
  },
  { method: 'vae', settings: { epochs: 20 }, knn: 0.1, behind: -0.06, nmi: 0.07 },
  {
    method: 'dec',
    settings: { epochs: 20, layerEpochs: 1, stackEpochs: 10, targetInterval: 30 },
    knn: 0.04,
    behind: 0.2,
    nmi: 0.08,
  },
];

const gate = await openGate({ pictures: 'sample' });
let baselines: { untrained: Evaluation; rawPixels: Evaluation };
beforeAll(async () => {
  baselines = await gate.baselines({ method: 'autoencoder' });
}, 120_000);
afterAll(() => gate.close());

it.each(gates)(
  '$method learns the clothes',
  async ({ method, settings, knn, behind, nmi }) => {
    const { trained } = await gate.learn({ method, ...settings });
    const { untrained, rawPixels } = baselines;
    expect(trained.knn.accuracy! - untrained.knn.accuracy!).toBeGreaterThan(knn);
    expect(trained.knn.accuracy! - rawPixels.knn.accuracy!).toBeGreaterThan(-behind);
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(nmi);
  },
  600_000,
);
