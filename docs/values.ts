/** Values of settings in the tables of hand-written pages: `<!-- value byol.learningRate -->`. */
import {
  type MethodName,
  methods,
  presetNamed,
  type SettingName,
  settingNames,
  settingsFor,
} from '../src/methods/index.ts';

/** Preset on which the recipes of methods are shown. Tables name only values that it leaves to the recipe. */
const PLAIN = 'small-32';

/** Formats the value of a setting in a method's recipe or in a preset. */
export function valueText(argument: string): string {
  const at = argument.lastIndexOf('.');
  const [name, setting] = [argument.slice(0, at), argument.slice(at + 1) as SettingName];
  if (!settingNames.includes(setting)) throw new Error(`value ${argument}: "${setting}" is not a setting`);
  if (!Object.hasOwn(methods, name)) return shown(settingsFor(name, {})[setting]);
  const isOfPreset =
    setting in presetNamed(PLAIN).settings && !(setting in methods[name as MethodName].recipe);
  if (isOfPreset)
    throw new Error(`value ${argument}: it is a preset's, and so differs between sizes of images`);
  return shown(settingsFor(PLAIN, { method: name as MethodName })[setting]);
}

const names: Readonly<Record<string, string>> = { adam: 'Adam', sgd: 'SGD', larc: 'LARC', lars: 'LARS' };

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
