/** Settings from texts such as `batchSize=128`, as a command line gives them. */
import type { ReporterOptions } from '../core/reporter.ts';
import { methodOfPreset, parseAssignments, patchOf, type SettingsPatch } from '../methods/index.ts';
import { openRunFolder, readRunConfig } from '../run/index.ts';
import { reporterFor } from './images.ts';

export interface ParseSettingsOptions extends ReporterOptions {
  /** Method that reads the settings. Default: that of the run or preset, else `swav`. */
  method?: string;
  preset?: string;
  /** Run whose settings are changed. */
  run?: string;
  /** Folder of the run to resume. */
  out?: string;
  resume?: boolean;
}

/**
 * Parses `name=value` texts with flat names into typed settings. Notes name settings that were
 * renamed, and settings that the method does not read.
 *
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export async function parseSettings(
  assignments: readonly string[],
  options: ParseSettingsOptions = {},
): Promise<SettingsPatch> {
  const flat = parseAssignments(assignments);
  const { method } = options;
  const patch = patchOf({ ...flat, ...(method && { method }) }, await methodOf(options));
  const reporter = reporterFor(options);
  for (const message of patch.notes) reporter.note({ code: 'settings.note', message });
  return patch.settings;
}

async function methodOf({ run, out, resume, preset }: ParseSettingsOptions): Promise<{ method?: string }> {
  const folder = run ?? (resume ? out : undefined);
  if (folder === undefined) return preset === undefined ? {} : methodOfPreset(preset);
  const { settings } = await readRunConfig(await openRunFolder(folder));
  return { method: settings.method.name };
}
