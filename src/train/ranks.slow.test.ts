/** Every method that trains on images has the weights of one rank after 20 steps on several. */
import { afterAll, describe, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { methodNamed, methodNames } from '../methods/index.ts';
import { expectEqualTraining, type RankRun } from './ranks.cases.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

/** Networks of methods that have one of their own, with images that are large enough for it. */
const own: Record<string, RankRun['settings']> = {
  vae: { architecture: 'vae', crops: '1x16', imageSize: 16 },
  dcgan: { architecture: 'dcgan', crops: '1x32', imageSize: 32 },
  decnn: { architecture: 'decnn', crops: '1x16', imageSize: 16 },
};

/**
 * Methods that are compared after one step. Their losses jump, so that the last digit of a sum
 * decides: a pair counts by a threshold, and ln(1 - s) of equal rows is -17 or -23. DCGAN has an
 * optimizer of its own, Adam, which makes a step of the noise of gradients that are 0.
 */
const single: Record<string, Pick<RankRun, 'steps' | 'seed'>> = {
  dac: { steps: 1, seed: 2 },
  ddc: { steps: 1, seed: 2 },
  dccm: { steps: 1, seed: 2 },
  dcgan: { steps: 1 },
};

const onImages = methodNames.filter((name) => methodNamed(name).pairs !== 'neighbors');

describe('two ranks', () => {
  it.each(onImages)('train %s as one does', (method) =>
    expectEqualTraining(backend, { method, settings: own[method], ...single[method] }, 2),
  );
});

describe('four ranks', () => {
  it.each(['swav', 'contrastive-clustering'])('train %s as one does', (method) =>
    expectEqualTraining(backend, { method }, 4),
  );
});
