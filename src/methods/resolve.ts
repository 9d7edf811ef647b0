/** Settings of a run, checked and with defaults filled in. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { defaultMethod, methodNamed } from './registry.ts';
import { type Settings, type SettingsPatch, sharedGroups } from './settings.ts';
import { patchOf, pathOf, settingNames, showSetting } from './text.ts';

const groups = Object.fromEntries(
  Object.entries(sharedGroups).map(([name, schema]) => [
    name,
    (schema as z.ZodObject).prefault({}),
  ]),
);

/**
 * Checks settings and fills in the defaults of the groups and of the method.
 *
 * @throws LikenessError `settings.invalid`, with one line per misspelt name or value out of bounds.
 */
export function resolveSettings(patch: SettingsPatch = {}): Settings {
  const method = methodNamed(patch.method?.name ?? defaultMethod);
  const schema = z.strictObject({
    ...groups,
    method: z.strictObject({ name: z.literal(method.name), ...method.settings.shape }),
  });
  const value = { ...patch, method: { ...patch.method, name: method.name } };
  const result = schema.safeParse(value);
  if (result.success) return result.data as unknown as Settings;
  const lines = result.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const isGroup = issue.path.length === 0;
      const names = [...(isGroup ? Object.keys(schema.shape) : []), ...settingNames(method)];
      const shown = (name: string) => (isGroup && pathOf(name, method)) || name;
      return issue.keys
        .map((key) => `"${key}" is not a setting${suggestion(nearest(key, names), shown)}`)
        .join('; ');
    }
    const [group, key] = issue.path as [string, string];
    const name = key === undefined || key === 'name' ? group : key;
    const given = (value as Record<string, Record<string, unknown> | undefined>)[group];
    const received = key === undefined ? given : given?.[key];
    return `${name}: received ${receivedText(name, received)}; ${issue.message}`;
  });
  throw new LikenessError('settings.invalid', `settings: ${lines.join('\n  ')}`);
}

/** The value as `name=value` takes it; as JSON where it has no such form. */
function receivedText(name: string, value: unknown): string {
  try {
    return JSON.stringify(showSetting(name, value)) ?? 'nothing';
  } catch {
    return JSON.stringify(value);
  }
}

function suggestion(guess: string | undefined, shown: (name: string) => string): string {
  return guess === undefined ? '' : `; did you mean "${shown(guess)}"?`;
}

/**
 * Settings that config.json of version 1 stored, flat and with texts. Settings that the method does
 * not read are dropped.
 */
export function settingsOfVersion1(flat: Readonly<Record<string, unknown>>): Settings {
  const { settings } = patchOf(flat);
  const { clusters } = flat;
  const { shape } = methodNamed(settings.method!.name!).settings;
  const takesOne = shape.clusters && !(shape.clusters as z.ZodType).safeParse([2, 2]).success;
  // A method with one number of clusters read the first of several.
  const first =
    takesOne && typeof clusters === 'string' ? { clusters: Number(clusters.split(',')[0]) } : {};
  return resolveSettings({ ...settings, method: { ...settings.method, ...first } });
}
