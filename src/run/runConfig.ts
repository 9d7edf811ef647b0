/** The configuration of a run: typed settings, source, and budget. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { resolveSettings, type Settings, settingsOfVersion1 } from '../methods/index.ts';
import { readConfig, writeConfig } from './config.ts';
import type { RunFolder } from './files.ts';
import type { JsonObject } from './json.ts';
import { version1Hash } from './settingsHash.ts';

/** Content of config.json. */
export interface RunConfig {
  settings: Settings;
  source: { path: string; name: string; kind: string };
  /** Split of the source that was trained on. */
  split: 'train' | 'test' | 'all';
  images: number;
  preset: string;
  /** Reasons for the preset, and changes that were fitted to the number of images. */
  notes: string[];
  /** Names of settings that a remedy changed after the start. */
  remedied?: string[];
  /** Threads of the runtime; results repeat with the same number. */
  threads: number;
  /** Hash in the checkpoints of a run whose settings version 1 stored. */
  version1?: string;
  /** Planned duration. */
  budget: { epochs: number } | { minutes: number };
}

const schema = z.looseObject({
  // The methods check their settings themselves.
  settings: z.record(z.string(), z.unknown()),
  source: z.object({ path: z.string(), name: z.string(), kind: z.string() }),
  split: z.enum(['train', 'test', 'all']),
  images: z.int().nonnegative(),
  preset: z.string(),
  notes: z.array(z.string()),
  remedied: z.array(z.string()).optional(),
  threads: z.int().positive(),
  version1: z.string().optional(),
  budget: z.union([z.object({ epochs: z.number() }), z.object({ minutes: z.number() })]),
});

/** Writes config.json. @throws LikenessError `write.*` */
export function writeRunConfig(folder: RunFolder, config: RunConfig): Promise<void> {
  return writeConfig(folder, config as unknown as JsonObject);
}

/**
 * Reads config.json with its settings checked. Flat settings of version 1 become typed ones.
 *
 * @throws LikenessError `config.*`, `settings.*`
 */
export async function readRunConfig(folder: RunFolder): Promise<RunConfig> {
  const result = schema.safeParse(await readConfig(folder));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new LikenessError(
      'config.malformed',
      `${folder.files.config}: ${issue!.path.join('.')}: ${issue!.message}. Restore the file, or start a new run.`,
    );
  }
  const { settings, ...config } = result.data;
  if (typeof settings.method !== 'string') {
    return { ...config, settings: resolveSettings(settings as RunConfig['settings']) };
  }
  const flat = settings as JsonObject;
  return { ...config, settings: settingsOfVersion1(flat), version1: version1Hash(flat) };
}
