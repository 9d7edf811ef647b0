/** The recipe that a run's settings come from, and the numbers that it was made for. */
import {
  fitToCount,
  mergeSettings,
  methodNamed,
  needOf,
  presetNamed,
  resolveSettings,
  type Settings,
  settingsFor,
} from '../methods/index.ts';
import type { RecipeReach } from './reach.ts';

/** Settings of a preset for a method; undefined where the preset is not known here. */
export function recipeSettings(preset: string, method: string): Settings | undefined {
  try {
    return settingsFor(preset, { method: { name: method } });
  } catch {
    // A run of another version, or of a method that was not registered, names other presets.
    return undefined;
  }
}

/** Settings of a run's recipe, fitted to its images; undefined where the preset is not known. */
export function fittedRecipe(
  preset: string,
  { settings, images }: { settings: Settings; images: number },
): Settings | undefined {
  const recipe = recipeSettings(preset, settings.method.name);
  return recipe && fitToCount(recipe, { count: images, given: new Set() }).settings;
}

/** Reads epochs and needed images of a run's recipe; undefined where the preset is not known. */
export function recipeReach(
  settings: Settings,
  { preset, images }: { preset: string; images: number },
): RecipeReach | undefined {
  const { name } = settings.method;
  const recipe = recipeSettings(preset, name);
  if (!recipe) return undefined;
  const papers = Object.values(methodNamed(name).presets).flatMap(
    ({ settings: { schedule } }) => schedule?.epochs ?? [],
  );
  return {
    method: name,
    presetEpochs: recipe.schedule.epochs,
    paperEpochs:
      presetNamed(preset).isComplete || papers.length === 0 ? undefined : Math.min(...papers),
    need: needOf(beforeFit(settings, recipe, images)),
  };
}

/** Settings as they were before batch, prototypes, clusters and queue were fitted to the images. */
function beforeFit(settings: Settings, recipe: Settings, count: number): Settings {
  const fitted = fitToCount(recipe, { count, given: new Set() }).settings;
  const own = settings.method;
  const lowered = methodNamed(own.name).fits.filter(
    (name) => String(own[name]) === String(fitted.method[name]),
  );
  const isFitted = settings.data.batchSize === fitted.data.batchSize;
  return resolveSettings(
    mergeSettings(settings, {
      data: isFitted ? { batchSize: recipe.data.batchSize } : {},
      method: Object.fromEntries(lowered.map((name) => [name, recipe.method[name]])),
    }),
  );
}
