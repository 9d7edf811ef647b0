/**
 * Settings as flat names and texts, such as `crops=2x96+6x48`, for the command line, for people,
 * and for runs that version 1 stored.
 *
 * The names come from the schemas: a setting's own name, or its group's for `name`, so that
 * `optimizer.name` is `optimizer`. Everything else works with typed settings.
 */
import type { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Method } from './defineMethod.ts';
import { allMethods, defaultMethod, methodNamed } from './registry.ts';
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
  Object.hasOwn(method.settings.shape, name)
    ? (method.settings.shape[name] as z.ZodType)
    : undefined;

function placeOf(name: string, method: Method): Place | undefined {
  const schema = ownSchema(method, name);
  return schema ? { group: 'method', key: name, schema } : shared.get(name);
}

/** Flat names of all settings of a method; without one, of all methods. */
export function settingNames(method?: Method): string[] {
  const own = (method ? [method] : allMethods()).flatMap(({ settings }) =>
    Object.keys(settings.shape),
  );
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
export const currentName = (name: string): string =>
  Object.hasOwn(oldNames, name) ? oldNames[name]! : name;

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
export function patchOf(flat: FlatSettings, { method = defaultMethod } = {}): FlatPatch {
  return place(flat, {
    fallback: method,
    read: (name, value, schema) => typedValue(name, value, [schema]),
  });
}

/**
 * Typed settings of flat ones with typed values, such as `{ crops: [{ count: 2, size: 32 }] }`.
 *
 * A number stands for a list of one where the method takes several, and the other way round, so
 * that methods can share a value.
 *
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export function patchOfValues(flat: FlatSettings, { method = defaultMethod } = {}): FlatPatch {
  return place(flat, {
    fallback: method,
    read: (_, value, schema) => ({ value: fitted(value, schema) }),
  });
}

function fitted(value: unknown, schema: z.ZodType): unknown {
  if (schema.safeParse(value).success) return value;
  const other = isList(value) && value.length === 1 ? value[0] : [value];
  return schema.safeParse(other).success ? other : value;
}

interface Placing {
  fallback: string;
  read(name: string, value: unknown, schema: z.ZodType): { value: unknown; note?: string };
}

function place(flat: FlatSettings, { fallback, read }: Placing): FlatPatch {
  const method = methodNamed(String(flat.method ?? fallback));
  const patch: Record<string, Record<string, unknown>> = flat.method === undefined
    ? {}
    : { method: { name: method.name } };
  const result: FlatPatch = { settings: patch as SettingsPatch, names: [], notes: [] };
  for (const [given, value] of Object.entries(flat)) {
    if (given === 'method' || value === undefined) continue;
    const name = currentName(given);
    if (name !== given) result.notes.push(`${given} is now called ${name}`);
    const found = placeOf(name, method);
    if (!found) {
      if (!allMethods().some((other) => ownSchema(other, name))) throw unknown(given);
      result.notes.push(`${name}: method ${method.name} does not read it`);
      continue;
    }
    const typed = read(name, value, found.schema);
    if (typed.note) result.notes.push(typed.note);
    patch[found.group] = { ...patch[found.group], [found.key]: typed.value };
    result.names.push(name);
  }
  return result;
}

function unknown(name: string): LikenessError {
  const guess = nearest(name, settingNames());
  const hint = guess ? `did you mean "${guess}"?` : '`settingNames()` lists the settings';
  return new LikenessError('settings.invalid', `settings: "${name}" is not a setting; ${hint}`);
}

/** A setting that was given as text. */
export interface TextSetting {
  /** Today's flat name. */
  name: string;
  value: unknown;
  /** Group and key of typed settings; absent where none of the methods reads it. */
  path?: readonly [group: string, key: string];
  /** Sentences about an earlier name or value. */
  notes: string[];
}

/**
 * Typed value of a text, in the form that the first of the methods takes.
 *
 * @param methods Default: all methods.
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export function settingOfText(
  given: string,
  text: string,
  methods: readonly Method[] = allMethods(),
): TextSetting {
  const name = currentName(given);
  const places = methods.flatMap((method) => placeOf(name, method) ?? []);
  const [first] = places;
  if (!first && !allMethods().some((method) => ownSchema(method, name))) throw unknown(given);
  const { value, note } = typedValue(
    name,
    text,
    places.map(({ schema }) => schema),
  );
  return {
    ...{ name, value },
    ...(first && { path: [first.group, first.key] as const }),
    notes: [...(name === given ? [] : [`${given} is now called ${name}`]), ...(note ? [note] : [])],
  };
}

function typedValue(
  name: string,
  value: unknown,
  schemas: readonly z.ZodType[],
): { value: unknown; note?: string } {
  if (typeof value !== 'string') return { value };
  const renamed = oldValues[name]?.[value];
  if (renamed !== undefined)
    return { value: renamed, note: `${name}=${value} is now called ${renamed}` };
  if (Object.hasOwn(forms, name)) return { value: forms[name]!(value) ?? value };
  const candidates = [value, ...(value.trim() === '' ? [] : [Number(value)]), numbers(value)];
  for (const schema of schemas) {
    const fitting = candidates.find((candidate) => schema.safeParse(candidate).success);
    if (fitting !== undefined) return { value: fitting };
  }
  return { value: likelyValue(value) };
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
  affineZoom: rangeOf,
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

/** Settings that are shown as smallest-largest. */
const RANGES = new Set(['blurSigma', 'affineZoom']);

/** The value of a setting as text or number, as `name=value` takes it. */
export function showSetting(name: string, value: unknown): string | number | undefined {
  if (name === 'crops' && isList(value))
    return showCrops(value as { count: number; size: number }[]);
  if (name === 'scales' && isList(value))
    return value.map((range) => (range as number[]).join('-')).join('+');
  if (RANGES.has(name) && isList(value)) return value.join('-');
  if (isList(value)) return value.join(',');
  return value as string | number | undefined;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** All settings, or those of a patch, by flat names and with texts, in the order of the schemas. */
export function flatSettings(
  settings: Settings | SettingsPatch,
): Record<string, string | number | undefined> {
  return Object.fromEntries(
    Object.entries(flatValues(settings)).map(([name, value]) => [name, showSetting(name, value)]),
  );
}

/** All settings, or those of a patch, by flat names, in the order of the schemas. */
export function flatValues(settings: Settings | SettingsPatch): FlatSettings {
  const { method, ...groups } = settings;
  return Object.fromEntries(
    [['method', method] as const, ...Object.entries(groups)].flatMap(([group, values]) =>
      Object.entries(values ?? {}).map(([key, value]) => [flatName(group, key), value]),
    ),
  );
}
