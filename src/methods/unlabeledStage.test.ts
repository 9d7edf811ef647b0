/** Epochs that visit images which are only learned from first, and then the others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlabeledStage } from './unlabeledStage.ts';

describe('epochs in two parts', () => {
  it('visit extra images first, all others once, and mix no batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 9, max: 60 }),
        fc.integer({ min: 0, max: 5 }),
        (B, E, rest, epoch) => {
          const N = E + rest;
          const extra = Array.from({ length: E }, (_, i) => i);
          const parts = unlabeledStage(extra, { images: N, batchSize: B });
          if (E < B) {
            expect(parts).toBeUndefined();
            return;
          }
          const stepsPerEpoch = Math.floor(N / B);
          const count = stepsPerEpoch * B;
          const order = parts!.phase.order!({ epoch, seed: 3, count, state: {} });
          expect(order).toHaveLength(count);
          const clustered: number[] = [];
          for (let s = 0; s < stepsPerEpoch; s++) {
            const isClustering = parts!.isClustering({
              step: epoch * stepsPerEpoch + s,
              stepsPerEpoch,
            });
            for (const position of order.slice(s * B, (s + 1) * B)) {
              expect(position < E).toBe(!isClustering);
              if (isClustering) clustered.push(position);
            }
          }
          expect(new Set(clustered).size).toBe(clustered.length);
          expect(clustered.length).toBe(Math.floor(rest / B) * B);
          const seen = new Set(order.slice(0, count - clustered.length));
          expect(seen.size).toBe(Math.min(E, count - clustered.length));
        },
      ),
    );
  });

  it('shuffle anew in each epoch, the same for the same seed', () => {
    const { order } = unlabeledStage([0, 1, 2, 3, 4, 5, 6, 7], { images: 40, batchSize: 8 })!.phase;
    const of = (epoch: number, seed: number) =>
      [...order!({ epoch, seed, count: 40, state: {} })].join();
    expect(of(0, 1)).toBe(of(0, 1));
    expect(of(0, 1)).not.toBe(of(1, 1));
    expect(of(0, 1)).not.toBe(of(0, 2));
  });

  it('count the steps of the second part for the optimizer', () => {
    const parts = unlabeledStage([0, 1, 2, 3], { images: 12, batchSize: 4 })!;
    const steps = [0, 1, 2, 3, 4, 5, 6];
    expect(steps.map((step) => parts.isClustering({ step, stepsPerEpoch: 3 }))).toEqual([
      false,
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(steps.map((step) => parts.clusteringSteps({ step, stepsPerEpoch: 3 }))).toEqual([
      0, 0, 1, 2, 2, 3, 4,
    ]);
  });

  it('refuse too few images to cluster', () => {
    expect(() => unlabeledStage([0, 1, 2, 3, 4, 5, 6], { images: 9, batchSize: 4 })).toThrow(
      /batchSize: received 4 for 2 labeled images.*at most 2/,
    );
  });
});
