/**
 * Settings as flat names and texts, such as `crops=2x96+6x48`, for the command line, for people,
 * and for runs that version 1 stored.
 *
 * The names come from the schemas: a setting's own name, or its group's for `name`, so that
 * `optimizer.name` is `optimizer`. Everything else works with typed settings.
 */
import type { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import type { Method } from './defineMethod.ts';
import { nearest } from './nearest.ts';
import { allMethods, methodNamed } from './registry.ts';
import { type GroupName, type Settings, type SettingsPatch, sharedGroups } from './settings.ts';

/** Settings by flat names. */
export type FlatSettings = Record<string, unknown>;

interface Place {
  group: GroupName | 'method';
  key: string;
  schema: z.ZodType;
}

const flatName = (group: string, key: string) => (key === 'name' ? group : key);

/** Places of the shared settings by their flat names. */
const shared: ReadonlyMap<string, Place> = new Map(
  Object.entries(sharedGroups).flatMap(([group, { shape }]) =>
    Object.entries(shape).map(([key, schema]): [string, Place] => [
      flatName(group, key),
      { group: group as GroupName, key, schema },
    ]),
  ),
);

const ownSchema = (method: Method, name: string): z.ZodType | undefined =>
  Object.hasOwn(method.settings.shape, name) ? (method.settings.shape[name] as z.ZodType) : undefined;

function placeOf(name: string, method: Method): Place | undefined {
  const schema = ownSchema(method, name);
  return schema ? { group: 'method', key: name, schema } : shared.get(name);
}

/** Flat names of all settings of a method; without one, of all methods. */
export function settingNames(method?: Method): string[] {
  const own = (method ? [method] : allMethods()).flatMap(({ settings }) => Object.keys(settings.shape));
  return ['method', ...shared.keys(), ...new Set(own)];
}

/** The typed path of a setting, such as `data.batchSize`; undefined for a name that is none. */
export function pathOf(name: string, method: Method): string | undefined {
  const place = placeOf(name, method);
  return place && `${place.group}.${place.key}`;
}

/** Names and values of earlier versions. */
const oldNames: Readonly<Record<string, string>> = {
  embeddingLength: 'embeddingDim',
  hiddenLength: 'hiddenDim',
  predictorLength: 'predictorDim',
  pcaLength: 'pcaDim',
  greyscaleProbability: 'grayscaleProbability',
  solariseProbability: 'solarizeProbability',
};
const oldValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  variant: { principled: 'corrected', asReleased: 'reference' },
};

/** The name of a setting today. */
export const currentName = (name: string): string => (Object.hasOwn(oldNames, name) ? oldNames[name]! : name);

export interface FlatPatch {
  settings: SettingsPatch;
  /** Today's flat names of the settings that were given. */
  names: string[];
  /** Sentences about renamed settings, and about those that the method does not read. */
  notes: string[];
}

/**
 * Typed settings of flat ones, whose values may be texts.
 *
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export function patchOf(flat: FlatSettings, { method: fallback = 'swav' } = {}): FlatPatch {
  const method = methodNamed(String(flat.method ?? fallback));
  const patch: Record<string, Record<string, unknown>> = flat.method === undefined
    ? {}
    : { method: { name: method.name } };
  const result: FlatPatch = { settings: patch as SettingsPatch, names: [], notes: [] };
  for (const [given, value] of Object.entries(flat)) {
    if (given === 'method' || value === undefined) continue;
    const name = currentName(given);
    if (name !== given) result.notes.push(`${given} is now called ${name}`);
    const place = placeOf(name, method);
    if (!place) {
      if (!allMethods().some((other) => ownSchema(other, name))) throw unknown(given);
      result.notes.push(`${name}: method ${method.name} does not read it`);
      continue;
    }
    const typed = typedValue(name, value, place.schema);
    if (typed.note) result.notes.push(typed.note);
    patch[place.group] = { ...patch[place.group], [place.key]: typed.value };
    result.names.push(name);
  }
  return result;
}

function unknown(name: string): LikenessError {
  const guess = nearest(name, settingNames());
  const hint = guess ? `did you mean "${guess}"?` : 'see the list of settings (likeness train --help)';
  return new LikenessError('settings.invalid', `settings: "${name}" is not a setting; ${hint}`);
}

function typedValue(name: string, value: unknown, schema: z.ZodType): { value: unknown; note?: string } {
  if (typeof value !== 'string') return { value };
  const renamed = oldValues[name]?.[value];
  if (renamed !== undefined) return { value: renamed, note: `${name}=${value} is now called ${renamed}` };
  if (Object.hasOwn(forms, name)) return { value: forms[name]!(value) ?? value };
  const candidates = [value, ...(value.trim() === '' ? [] : [Number(value)]), numbers(value)];
  return { value: candidates.find((candidate) => schema.safeParse(candidate).success) ?? likelyValue(value) };
}

/** The value whose refusal tells most: the number, where the text is one. */
function likelyValue(text: string): unknown {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

const numbers = (text: string) =>
  text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));

/** "2x96+6x48" to counts and sizes; undefined where the text has another form. */
function cropsOf(text: string): { count: number; size: number }[] | undefined {
  const groups = text.split('+').map((part) => /^\s*(\d+)\s*x\s*(\d+)\s*$/.exec(part));
  if (groups.some((match) => match === null)) return undefined;
  return groups.map((match) => ({ count: Number(match![1]), size: Number(match![2]) }));
}

function rangeOf(text: string): [number, number] | undefined {
  const match = /^\s*(\d*\.?\d+)\s*-\s*(\d*\.?\d+)\s*$/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

function rangesOf(text: string): [number, number][] | undefined {
  const ranges = text.split('+').map(rangeOf);
  return ranges.some((range) => range === undefined) ? undefined : (ranges as [number, number][]);
}

const listOf = (text: string) => {
  const values = numbers(text);
  return values.some(Number.isNaN) ? undefined : values;
};

/** Texts of shared settings that are no plain words or numbers. */
const forms: Readonly<Record<string, (text: string) => unknown>> = {
  crops: cropsOf,
  scales: rangesOf,
  blurSigma: rangeOf,
  mean: listOf,
  std: listOf,
};

/**
 * "2x96+6x48" to counts and sizes.
 *
 * @throws LikenessError `settings.invalid`
 */
export function parseCrops(text: string): { count: number; size: number }[] {
  const crops = cropsOf(text);
  if (crops) return crops;
  throw new LikenessError(
    'settings.invalid',
    `crops: received "${text}"; expected groups of count x size joined by +, such as "2x96+6x48"`,
  );
}

/** Crop groups as text, such as "2x96+6x48". */
export function showCrops(crops: readonly { count: number; size: number }[]): string {
  return crops.map(({ count, size }) => `${count}x${size}`).join('+');
}

/** The value of a setting as text or number, as `name=value` takes it. */
export function showSetting(name: string, value: unknown): string | number | undefined {
  if (name === 'crops' && isList(value)) return showCrops(value as { count: number; size: number }[]);
  if (name === 'scales' && isList(value))
    return value.map((range) => (range as number[]).join('-')).join('+');
  if (name === 'blurSigma' && isList(value)) return value.join('-');
  if (isList(value)) return value.join(',');
  return value as string | number | undefined;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** All settings, or those of a patch, by flat names and with texts, in the order of the schemas. */
export function flatSettings(
  settings: Settings | SettingsPatch,
): Record<string, string | number | undefined> {
  const flat: Record<string, string | number | undefined> = {};
  const { method, ...groups } = settings;
  for (const [group, values] of [['method', method] as const, ...Object.entries(groups)]) {
    for (const [key, value] of Object.entries(values ?? {})) {
      const name = flatName(group, key);
      flat[name] = showSetting(name, value);
    }
  }
  return flat;
}

/** Reads `name=value` texts into flat settings, whose values are still texts. */
export function parseAssignments(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) {
        throw new LikenessError(
          'settings.invalid',
          `--set: received "${text}"; expected key=value, such as batchSize=128`,
        );
      }
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    }),
  );
}
