/** Changes of settings with which `autoRemedy` restarts a failed run. */
import { type Failure, methodNamed, type Remedy, type Settings } from '../methods/index.ts';

/**
 * The remedy for a failure: the method's own, or a lower learning rate. Every setting that it
 * changes is one that the run reads.
 */
export function remedyFor(failure: Failure, settings: Settings): Remedy {
  return methodNamed(settings.method.name).remedy(failure, settings) ?? slower(failure, settings);
}

/** Half the learning rate, and for a diverged run a warm-up of at least an epoch. */
function slower(failure: Failure, { optimizer, schedule }: Settings): Remedy {
  const learningRate = optimizer.learningRate / 2;
  const description = `learningRate ${learningRate} instead of ${optimizer.learningRate}`;
  if (failure !== 'diverged') return { settings: { optimizer: { learningRate } }, description };
  const warmupEpochs = Math.max(schedule.warmupEpochs, 1);
  return {
    settings: { optimizer: { learningRate }, schedule: { warmupEpochs } },
    description: `${description}, and a warm-up of ${warmupEpochs} epoch(s)`,
  };
}
