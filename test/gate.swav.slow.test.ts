/**
 * The learning gate of SwAV on real pictures. The loss alone proves nothing: only measures with
 * held-back labels count. Margins are about half of what two seeds gave. K-means on raw pixels is
 * no measure here: clothes on black match their classes pixel by pixel as well as a run this short
 * groups them (ACC within 0.03 either way); `gates.slow.test.ts` has SwAV beside it on textures.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import { openGate } from './gate.cases.ts';

const gate = await openGate({ pictures: 'sample' });
const scores: Record<'trained' | 'untrained' | 'rawPixels', Evaluation> = {} as never;

beforeAll(async () => {
  const { trained } = await gate.learn({ method: 'swav', epochs: 16 });
  Object.assign(scores, { trained, ...(await gate.baselines()) });
}, 600_000);
afterAll(() => gate.close());

describe('SwAV learns', () => {
  it('features whose neighbors share a class, beyond an untrained encoder and raw pixels', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.knn.accuracy! - untrained.knn.accuracy!).toBeGreaterThan(0.04);
    expect(trained.knn.accuracy! - raw.knn.accuracy!).toBeGreaterThan(0.012);
  });

  it('clusters that match the classes, well beyond those of an untrained encoder', () => {
    const { trained, untrained } = scores;
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.1);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.075);
  });
});
