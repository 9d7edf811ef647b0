/**
 * Epochs in two parts, as "Contrastive Clustering" trains on STL-10: first the unlabeled images
 * (100,000 in STL-10, of other classes too), then the images that are clustered.
 *
 * The first steps of an epoch visit unlabeled images alone, all later steps only the rest; a step
 * knows its part from its number.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { EpochPhase, Moment } from './program.ts';

export interface UnlabeledStage {
  /** Number of unlabeled images. */
  images: number;
  /** Steps of an epoch that visit unlabeled images alone. */
  steps: number;
  /** True for a step of the second part, which clusters. */
  isClustering(moment: Pick<Moment, 'step' | 'stepsPerEpoch'>): boolean;
  /** Clustering steps before this one. */
  clusteringSteps(moment: Pick<Moment, 'step' | 'stepsPerEpoch'>): number;
  /** Only orders the images; nothing is done between epochs. */
  phase: EpochPhase;
}

/**
 * The unlabeled stage of an epoch of `floor(N / B)` steps. The other images take their whole
 * batches; the unlabeled ones have the remaining steps, with a batch that starts over at the first
 * of them where they do not fill the last. Undefined where they do not fill one batch: then all
 * images are treated alike.
 *
 * @param unlabeled positions of the unlabeled images among all N
 * @throws LikenessError `settings.batchSize` when the images to cluster do not fill one batch.
 */
export function unlabeledStage(
  unlabeled: ArrayLike<number>,
  { images: N, batchSize: B }: { images: number; batchSize: number },
): UnlabeledStage | undefined {
  if (unlabeled.length < B) return undefined;
  const rest = N - unlabeled.length;
  if (rest < B) {
    throw new LikenessError(
      'settings.batchSize',
      `batchSize: received ${B} for ${rest} labeled images, which are clustered, beside ` +
        `${unlabeled.length} unlabeled ones; expected at most ${rest}. Lower it, for example to ` +
        `${Math.max(2, Math.floor(rest / 8))}.`,
    );
  }
  const unlabeledSteps = Math.floor(N / B) - Math.floor(rest / B);
  const isUnlabeled = new Uint8Array(N);
  for (let i = 0; i < unlabeled.length; i++) isUnlabeled[unlabeled[i]!] = 1;
  const positions = Uint32Array.from({ length: N }, (_, i) => i);
  const parts = [
    positions.filter((i) => isUnlabeled[i] === 1),
    positions.filter((i) => isUnlabeled[i] === 0),
  ];

  return {
    images: unlabeled.length,
    steps: unlabeledSteps,
    isClustering: ({ step, stepsPerEpoch }) => step % stepsPerEpoch >= unlabeledSteps,
    clusteringSteps: ({ step, stepsPerEpoch }) =>
      Math.floor(step / stepsPerEpoch) * (stepsPerEpoch - unlabeledSteps) +
      Math.max(0, (step % stepsPerEpoch) - unlabeledSteps),
    phase: {
      isDue: () => false,
      run: async () => ({ state: {}, facts: {} }),
      order({ epoch, seed, count }) {
        // Both parts take draws of the same stream, so each is shuffled again in every epoch.
        const random = randomAt(seed, 'shuffle', epoch);
        const [extras, others] = parts.map((part) => random.shuffle(part.slice()));
        return Uint32Array.from({ length: count }, (_, i) =>
          i < unlabeledSteps * B ? extras![i % extras!.length]! : others![i - unlabeledSteps * B]!,
        );
      },
    },
  };
}
