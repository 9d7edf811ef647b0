/** Changes of settings with which `autoRemedy` restarts a failed run. */
import { showValue } from '../core/text.ts';
import { type Failure, methodNamed, type Remedy, type Settings } from '../methods/index.ts';

/**
 * The remedy for a failure: the recipe's value of a setting that is far from it, else the method's
 * own, else a lower learning rate. Every setting that it changes is one that the run reads.
 *
 * @param recipe settings of the run's preset, where it is known
 */
export function remedyFor(failure: Failure, settings: Settings, recipe?: Settings): Remedy {
  return (
    (recipe && settingFarFrom(recipe, settings, { direction: 'above' })) ??
    methodNamed(settings.method.name).remedy(failure, settings) ??
    slower(failure, settings)
  );
}

/** Half the learning rate, and for a diverged run a warm-up of at least an epoch. */
function slower(failure: Failure, { optimizer, schedule }: Settings): Remedy {
  const learningRate = optimizer.learningRate / 2;
  const [to, from] = [learningRate, optimizer.learningRate].map(showValue);
  const description = `learningRate ${to} instead of ${from}`;
  if (failure !== 'diverged') return { settings: { optimizer: { learningRate } }, description };
  const warmupEpochs = Math.max(schedule.warmupEpochs, 1);
  return {
    settings: { optimizer: { learningRate }, schedule: { warmupEpochs } },
    description: `${description}, and a warm-up of ${warmupEpochs} epoch(s)`,
  };
}

/** Multiple of the recipe's value from which a setting is far from it. */
const FAR = 100;
/** The same of a learning rate where the recipe has another optimizer. */
const FAR_ACROSS_OPTIMIZERS = 1e4;
/** The same of the weight decay, which recipes choose between 0 and 1e-4. */
const FAR_DECAY = 1e5;
/** Weight decay that stands for 0 in a ratio. */
const SMALL_DECAY = 1e-6;

/**
 * The real-valued setting that is farthest from the recipe's value, and the change back to it;
 * undefined where none is far.
 *
 * @param direction `above` passes over rates that are lower than the recipe's, which break nothing
 */
export function settingFarFrom(
  recipe: Settings,
  settings: Settings,
  { direction = 'both' }: { direction?: 'above' | 'both' } = {},
): Remedy | undefined {
  const { optimizer, method } = settings;
  const isSame = optimizer.name === recipe.optimizer.name;
  const rates = [
    { name: 'learningRate', limit: isSame ? FAR : FAR_ACROSS_OPTIMIZERS },
    { name: 'weightDecay', limit: FAR_DECAY },
  ] as const;
  const candidates = [
    ...rates.map(({ name, limit }) => {
      const least = name === 'weightDecay' ? SMALL_DECAY : 0;
      const usual = Math.max(recipe.optimizer[name], least);
      const ratio = ratioOf(optimizer[name], usual, direction);
      return { group: 'optimizer', name, distance: ratio / limit, to: recipe.optimizer[name] };
    }),
    ...realSettings(method.name).map((name) => {
      const to = recipe.method[name] as number;
      return { group: 'method', name, distance: ratioOf(method[name], to, 'both') / FAR, to };
    }),
  ];
  const { group, name, distance, to } = candidates.reduce((a, b) =>
    b.distance > a.distance ? b : a,
  );
  if (distance < 1) return undefined;
  const from = (settings as unknown as Record<string, Record<string, number>>)[group]![name]!;
  return {
    settings: { [group]: { [name]: to } },
    description: `${name} ${showValue(to)}, as in the recipe, instead of ${showValue(from)}`,
  };
}

/** Ratio of two positive numbers; 0 where it says nothing. */
function ratioOf(value: unknown, usual: unknown, direction: 'above' | 'both'): number {
  if (typeof value !== 'number' || typeof usual !== 'number' || value <= 0 || usual <= 0) return 0;
  return direction === 'above' ? value / usual : Math.max(value / usual, usual / value);
}

/** Names of a method's own settings that take fractions, such as a temperature. */
function realSettings(method: string): string[] {
  return Object.entries(methodNamed(method).settings.shape).flatMap(([name, schema]) =>
    schema.safeParse(0.5).success ? [name] : [],
  );
}
