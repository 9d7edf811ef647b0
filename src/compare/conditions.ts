/** conditions.json: what a comparison was started with, which a resumed one must share. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import {
  type HubSource,
  type ModelFile,
  type ModelSettings,
  modelDifference,
  modelSettings,
} from '../encoders/index.ts';
import { flatSettings, type SettingsPatch, settingOfText, showSetting } from '../methods/index.ts';
import {
  isMissing,
  readJson,
  readJsonIfValid,
  type StoredSource,
  storedSource,
  writeJson,
} from '../run/index.ts';
import type { Budget } from './comparison.ts';

/** Conditions of all runs; methods, seeds, grid and varied values may grow. */
export interface Conditions {
  /** Absolute path of the images. */
  readonly source: string;
  /** The same with the ways in which they are read. */
  readonly read: StoredSource;
  readonly preset: string;
  /** Null where heads alone are trained. */
  readonly budget: Budget;
  readonly settings: SettingsPatch;
  /** Number of clusters, where it is given. */
  readonly k?: number | undefined;
  /** Pretrained model. */
  readonly encoder?: Pick<ModelFile, 'settings' | 'place'> | undefined;
}

const schema = z.object({
  source: z.string(),
  /** Absent in earlier versions. */
  read: storedSource.optional(),
  preset: z.string(),
  budget: z.union([
    z.strictObject({ epochs: z.number() }),
    z.strictObject({ minutes: z.number() }),
    z.null(),
  ]),
  k: z.int().optional(),
  model: modelSettings.optional(),
  /** Settings by flat names, formatted. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Settings as texts `name=value`, as earlier versions stored them. */
  set: z.array(z.string()).optional(),
});

/**
 * Compares the conditions with those that the folder's comparison was started with, and stores them
 * in a new folder. A budget and a pretrained model may be added to a comparison without one.
 *
 * @returns the budget of the comparison, which a call for heads alone may leave out
 * @throws LikenessError `compare.differs` with the name of the condition, `json.malformed`
 */
export async function checkConditions(folder: string, conditions: Conditions): Promise<Budget> {
  const file = join(folder, 'conditions.json');
  const { encoder, ...rest } = conditions;
  const settings = flatSettings(conditions.settings);
  const given = { ...rest, settings, ...(encoder && { model: encoder.settings }) };
  const found = await readJson(file, schema).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) {
    await writeJson(file, given);
    return given.budget;
  }
  const { set = [], ...others } = found;
  const stored = { ...others, settings: others.settings ?? settingsOfTexts(set) };
  const budget = stored.budget ?? given.budget;
  const model = stored.model ?? given.model;
  const same = { ...given, budget: given.budget ?? budget };
  for (const name of ['source', 'preset', 'budget', 'settings', 'k'] as const) {
    const expected = name === 'budget' ? budget : stored[name];
    if (isDeepStrictEqual(expected, same[name])) continue;
    throw new LikenessError(
      'compare.differs',
      `out: ${folder} holds a comparison with ${name} ${JSON.stringify(expected) ?? 'unset'}; ` +
        `received ${JSON.stringify(same[name]) ?? 'none'}. Give what it was started with, or ` +
        'another folder.',
    );
  }
  if (encoder) requireSameModel(folder, model, encoder);
  if (stored.read) requireSameReading(folder, stored.read, conditions.read);
  const hasGrown = stored.budget !== budget || stored.model !== model;
  if (hasGrown) await writeJson(file, { ...found, budget, ...(model && { model }) });
  return budget;
}

/**
 * Origin of the pretrained model that a comparison was started with; undefined where there is none
 * or it is not of the hub.
 */
export async function storedHubModel(folder: string): Promise<HubSource | undefined> {
  return (await readJsonIfValid(join(folder, 'conditions.json'), schema))?.model?.hub;
}

/** Refuses another model, whose features are others, and names the file that differs. */
function requireSameModel(
  folder: string,
  stored: ModelSettings | undefined,
  given: Pick<ModelFile, 'settings' | 'place'>,
): void {
  const difference = modelDifference(stored, given);
  if (!difference) return;
  throw new LikenessError(
    'compare.differs',
    `encoder: received ${difference.received} for ${folder}; expected ${difference.expected}, as ` +
      'its comparison was started with. Restore that file, or give another folder.',
  );
}

/** Refuses images that are read in another way, which are other images. */
function requireSameReading(folder: string, stored: StoredSource, given: StoredSource): void {
  for (const name of ['exclude', 'classes', 'labels', 'pages'] as const) {
    if (isDeepStrictEqual(stored[name], given[name])) continue;
    const shown = (value: unknown) => JSON.stringify(value ?? 'none');
    throw new LikenessError(
      'compare.differs',
      `${name}: received ${shown(given[name])} for ${folder}, whose comparison was started with ` +
        `${shown(stored[name])}. Leave it out, or give another folder.`,
    );
  }
}

function settingsOfTexts(texts: readonly string[]): Record<string, string | number | undefined> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      const { name, value } = settingOfText(text.slice(0, at).trim(), text.slice(at + 1).trim());
      return [name, showSetting(name, value)];
    }),
  );
}
