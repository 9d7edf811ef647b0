/**
 * Reach of a training: its epochs and images against those that the recipe was made for.
 *
 * A training with fewer is said to be so before it begins, and is judged by it at its end.
 */
import { plural, showCount } from '../core/text.ts';
import type { Need } from '../methods/index.ts';

/** Numbers that a recipe was made for. */
export interface RecipeReach {
  /** Name of the method. */
  readonly method: string;
  /** Epochs that the preset sets for the method. */
  readonly presetEpochs: number;
  /** Fewest epochs of the method's recipes in its paper. */
  readonly paperEpochs?: number | undefined;
  readonly need: Need;
}

export interface ReachFacts {
  /** Images that are trained on. */
  readonly images: number;
  /** Different images among them, where some are copies. */
  readonly distinct?: number | undefined;
  /** Passes over the images, planned or done; may be a fraction. */
  readonly epochs: number;
  /** True for a head on a pretrained model, which needs neither many images nor epochs. */
  readonly isHead?: boolean | undefined;
  /** True for a pretrained model that is trained further, which is useful from its first step. */
  readonly isFineTuned?: boolean | undefined;
  /** Absent where the recipe is unknown. */
  readonly recipe?: RecipeReach | undefined;
}

/** Judgment on one number: enough, less than the recipe's, or too few to reach anything. */
export interface Shortage {
  readonly grade: 'enough' | 'less' | 'too few';
  /** Sentence with both numbers; empty where it is enough. */
  readonly sentence: string;
}

export interface Reach {
  readonly epochs: Shortage;
  readonly images: Shortage;
}

/** Epochs below which a run has seen each image too rarely, whatever the recipe says. */
export const MIN_EPOCHS = 10;
/** Images below which no method learns from scratch. */
export const MIN_IMAGES = 200;
/** Fraction of the preset's epochs and of the needed images below which there are too few. */
const MIN_SHARE = 0.5;

const ENOUGH: Shortage = { grade: 'enough', sentence: '' };

/**
 * Compares epochs and images with the recipe's.
 *
 * @param tense time of the sentences, before the training or after it
 */
export function reachOf(facts: ReachFacts, tense: 'planned' | 'done' = 'done'): Reach {
  if (facts.isHead || facts.isFineTuned) return { epochs: ENOUGH, images: ENOUGH };
  return { epochs: shortageOfEpochs(facts, tense), images: shortageOfImages(facts) };
}

function shortageOfEpochs(
  { images, epochs, recipe }: ReachFacts,
  tense: 'planned' | 'done',
): Shortage {
  const { presetEpochs = 0, paperEpochs = 0, method } = recipe ?? {};
  const least = Math.max(MIN_EPOCHS, MIN_SHARE * presetEpochs);
  if (epochs >= Math.max(presetEpochs, paperEpochs, least)) return ENOUGH;
  const verb = tense === 'done' ? 'saw' : 'will see';
  const seen = `${plural(images, 'image')} ${verb} ${showEpochs(epochs)}`;
  return {
    grade: epochs < least ? 'too few' : 'less',
    sentence:
      epochs < presetEpochs
        ? `${seen} of the ${showCount(presetEpochs)} epochs that this recipe was made for`
        : epochs < paperEpochs
          ? `${seen} of the ${showCount(paperEpochs)} epochs that the paper trains ${method} for`
          : `${seen} ${epochs === 1 ? 'epoch' : 'epochs'}, fewer than ${MIN_EPOCHS}`,
  };
}

function shortageOfImages({ images, distinct = images, recipe }: ReachFacts): Shortage {
  const found =
    distinct < images
      ? `${plural(distinct, 'different image')} among ${showCount(images)}`
      : plural(images, 'image');
  const are = distinct === 1 ? 'is' : 'are';
  const { need } = recipe ?? {};
  if (need && distinct < need.images) {
    const isTooFew = distinct < Math.max(MIN_IMAGES, MIN_SHARE * need.images);
    return {
      grade: isTooFew ? 'too few' : 'less',
      sentence: `${found} ${are} fewer than the ${showCount(need.images)} needed for ${need.part}`,
    };
  }
  if (distinct >= MIN_IMAGES) return ENOUGH;
  return {
    grade: 'too few',
    sentence: `${found} ${are} fewer than the ${MIN_IMAGES} needed to learn from scratch`,
  };
}

/** Formats epochs, such as `0.4`, `4`, `4.2` or `28`. */
function showEpochs(epochs: number): string {
  return epochs < 10 ? String(Number(epochs.toFixed(1))) : showCount(Math.floor(epochs));
}
