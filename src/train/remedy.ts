/** What `--auto-remedy` changes for each trouble. */
import type { Settings } from '../methods/index.ts';
import type { Health } from './doctor.ts';

export interface Remedy {
  settings: Partial<Settings>;
  /** In words, for the terminal and config.json. */
  description: string;
}

/** Codes as sharp as the authors' README recommends against a collapse. */
const SHARP_EPSILON = 0.03;

/** The change of settings for a trouble; the gentlest that has not been made yet. */
export function remedyFor(health: Health, settings: Settings): Remedy {
  if (health === 'collapsed' && settings.epsilon > SHARP_EPSILON) {
    return {
      settings: { epsilon: SHARP_EPSILON },
      description: `epsilon ${SHARP_EPSILON} instead of ${settings.epsilon}: sharper codes`,
    };
  }
  const learningRate = settings.learningRate / 2;
  if (health === 'diverged') {
    const warmupEpochs = Math.max(settings.warmupEpochs, 1);
    return {
      settings: { learningRate, warmupEpochs },
      description:
        `learningRate ${learningRate} instead of ${settings.learningRate}, warm-up of ` +
        `${warmupEpochs} epoch(s)`,
    };
  }
  return {
    settings: { learningRate },
    description: `learningRate ${learningRate} instead of ${settings.learningRate}`,
  };
}
