/**
 * Epochs in two parts, as "Contrastive Clustering" trains on STL-10: first the images that are only there to learn from
 * (STL-10's 100,000 unlabelled ones, of classes of their own among others), then those that are clustered.
 *
 * The first steps of an epoch visit extra images alone, all others only the rest; a step knows its part from its number.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { EpochPhase, Moment } from './method.ts';

export interface TwoParts {
  /** Extra images. */
  extra: number;
  /** Steps of an epoch that visit extra images alone. */
  extraSteps: number;
  /** Whether a step is one of the second part's, which cluster. */
  isClustering(moment: Pick<Moment, 'step' | 'stepsPerEpoch'>): boolean;
  /** Clustering steps before this one. */
  clusteringSteps(moment: Pick<Moment, 'step' | 'stepsPerEpoch'>): number;
  /** Only orders the images; nothing is done between epochs. */
  phase: EpochPhase;
}

/**
 * The two parts of an epoch of `floor(N / B)` steps. The rest of the images takes its whole batches; the extra images
 * have the other steps, with a batch that starts over at the first of them where they do not fill the last. Undefined
 * where extra images do not fill one batch: then all images are treated alike.
 *
 * @param extra positions of the extra images among all N
 * @throws LikenessError `settings.batchSize` when the images to cluster do not fill one batch.
 */
export function twoParts(
  extra: ArrayLike<number>,
  { images: N, batchSize: B }: { images: number; batchSize: number },
): TwoParts | undefined {
  if (extra.length < B) return undefined;
  const rest = N - extra.length;
  if (rest < B) {
    throw new LikenessError(
      'settings.batchSize',
      `batchSize: received ${B} for ${rest} labelled images, which are those that are clustered, beside ${extra.length} unlabelled ones; expected at most ${rest}. Lower it (--set batchSize=${Math.max(2, Math.floor(rest / 8))}).`,
    );
  }
  const extraSteps = Math.floor(N / B) - Math.floor(rest / B);
  const isExtra = new Uint8Array(N);
  for (let i = 0; i < extra.length; i++) isExtra[extra[i]!] = 1;
  const positions = Uint32Array.from({ length: N }, (_, i) => i);
  const parts = [positions.filter((i) => isExtra[i] === 1), positions.filter((i) => isExtra[i] === 0)];

  return {
    extra: extra.length,
    extraSteps,
    isClustering: ({ step, stepsPerEpoch }) => step % stepsPerEpoch >= extraSteps,
    clusteringSteps: ({ step, stepsPerEpoch }) =>
      Math.floor(step / stepsPerEpoch) * (stepsPerEpoch - extraSteps) +
      Math.max(0, (step % stepsPerEpoch) - extraSteps),
    phase: {
      isDue: () => false,
      run: async () => ({ state: {}, facts: {} }),
      order({ epoch, seed, count }) {
        // One stream after the other, so that each part is shuffled anew in every epoch.
        const random = randomAt(seed, 'shuffle', epoch);
        const [extras, others] = parts.map((part) => random.shuffle(part.slice()));
        return Uint32Array.from({ length: count }, (_, i) =>
          i < extraSteps * B ? extras![i % extras!.length]! : others![i - extraSteps * B]!,
        );
      },
    },
  };
}
