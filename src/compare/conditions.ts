/** conditions.json: what a comparison was started with, which a resumed one must share. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { flatSettings, type SettingsPatch, settingOfText, showSetting } from '../methods/index.ts';
import { isMissing, readJson, type StoredSource, storedSource, writeJson } from '../run/index.ts';
import type { Comparison } from './comparison.ts';

/** Conditions of all runs; methods, seeds, grid and varied values may grow. */
export interface Conditions {
  /** Absolute path of the images. */
  readonly source: string;
  /** The same with the ways in which they are read. */
  readonly read: StoredSource;
  readonly preset: string;
  readonly budget: Comparison['budget'];
  readonly settings: SettingsPatch;
}

const schema = z.object({
  source: z.string(),
  /** Absent in earlier versions. */
  read: storedSource.optional(),
  preset: z.string(),
  budget: z.union([
    z.strictObject({ epochs: z.number() }),
    z.strictObject({ minutes: z.number() }),
  ]),
  /** Settings by flat names, formatted. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Settings as texts `name=value`, as earlier versions stored them. */
  set: z.array(z.string()).optional(),
});

/**
 * Compares the conditions with those that the folder's comparison was started with, and stores them
 * in a new folder.
 *
 * @throws LikenessError `compare.differs` with the name of the condition, `json.malformed`
 */
export async function checkConditions(folder: string, conditions: Conditions): Promise<void> {
  const file = join(folder, 'conditions.json');
  const given = { ...conditions, settings: flatSettings(conditions.settings) };
  const found = await readJson(file, schema).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) return writeJson(file, given);
  const { set = [], ...rest } = found;
  const stored = { ...rest, settings: rest.settings ?? settingsOfTexts(set) };
  for (const name of ['source', 'preset', 'budget', 'settings'] as const) {
    if (isDeepStrictEqual(stored[name], given[name])) continue;
    throw new LikenessError(
      'compare.differs',
      `out: ${folder} holds a comparison with ${name} ${JSON.stringify(stored[name])}; received ` +
        `${JSON.stringify(given[name])}. Give what it was started with, or another folder.`,
    );
  }
  if (stored.read) requireSameReading(folder, stored.read, conditions.read);
}

/** Refuses images that are read in another way, which are other images. */
function requireSameReading(folder: string, stored: StoredSource, given: StoredSource): void {
  for (const name of ['exclude', 'labels', 'pages'] as const) {
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
