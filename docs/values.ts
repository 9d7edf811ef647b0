/** Values of settings in the tables of hand-written pages: `<!-- value byol.learningRate -->`. */
import {
  allMethods,
  flatSettings,
  methodNamed,
  presetNamed,
  settingNames,
  settingsFor,
} from '../src/methods/index.ts';

/**
 * Preset on which the recipes of methods are shown. Tables name only values that it leaves to the
 * recipe.
 */
const PLAIN = 'small-32';

/** Formats the value of a setting in a method's recipe or in a preset. */
export function valueText(argument: string): string {
  const at = argument.lastIndexOf('.');
  const [name, setting] = [argument.slice(0, at), argument.slice(at + 1)];
  if (!settingNames().includes(setting)) {
    throw new Error(`value ${argument}: "${setting}" is not a setting`);
  }
  if (!allMethods().some((method) => method.name === name)) {
    return shown(flatSettings(settingsFor(name, {}))[setting]);
  }
  const recipe = flatSettings(methodNamed(name).recipe);
  if (setting in flatSettings(presetNamed(PLAIN).settings) && !(setting in recipe))
    throw new Error(`value ${argument}: it is a preset's, and so differs between sizes of images`);
  return shown(flatSettings(settingsFor(PLAIN, { method: { name } }))[setting]);
}

const names: Readonly<Record<string, string>> = {
  adam: 'Adam',
  sgd: 'SGD',
  larc: 'LARC',
  lars: 'LARS',
};

function shown(value: string | number | undefined): string {
  if (value === undefined) return 'none';
  if (typeof value === 'number') {
    return value > 0 && value <= 1e-4
      ? value.toExponential()
      : value.toLocaleString('en-US', { maximumFractionDigits: 6 });
  }
  if (/^\d+(,\d+)*$/.test(value))
    return value
      .split(',')
      .map((part) => shown(Number(part)))
      .join(', ');
  return names[value] ?? value.replaceAll('+', ' + ');
}
