/** The learning gate of SwAV on real pictures. The loss alone proves nothing: only measures with held-back labels count. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import { openGate } from './gate.cases.ts';

const gate = await openGate({ pictures: 'sample' });
const scores: Record<'trained' | 'untrained' | 'rawPixels', Evaluation> = {} as never;

beforeAll(async () => {
  const { trained } = await gate.learn({ method: 'swav', epochs: 10 });
  Object.assign(scores, { trained, ...(await gate.baselines()) });
}, 600_000);
afterAll(() => gate.close());

describe('SwAV learns', () => {
  it('features whose neighbours share a class, beyond an untrained encoder', () => {
    expect(scores.trained.knn.accuracy! - scores.untrained.knn.accuracy!).toBeGreaterThan(0.03);
  });

  it('clusters that match the classes, well beyond those of an untrained encoder and of raw-pixel k-means', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.1);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.1);
    expect(trained.acc - raw.acc).toBeGreaterThan(0.02);
  });
});
