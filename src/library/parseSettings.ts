/** Settings from texts such as `{ batchSize: '128' }`, as a command line or a form gives them. */
import type { ReporterOptions } from '../core/reporter.ts';
import {
  methodNamed,
  methodOfPreset,
  patchOf,
  type SettingsPatch,
  settingOfText,
} from '../methods/index.ts';
import { openRunFolder, readTrainedConfig } from '../run/index.ts';
import { reporterFor } from './images.ts';

export interface ParseSettingsOptions extends ReporterOptions {
  /** Method that reads the settings. Default: that of the run or preset, else `simclr`. */
  method?: string;
  preset?: string;
  /** Run whose settings are changed. */
  run?: string;
  /** Folder of the run to resume. */
  out?: string;
  resume?: boolean;
}

/**
 * Parses texts by flat names into typed settings. Notes name settings that were renamed, and
 * settings that the method does not read.
 *
 * @example
 * await parseSettings({ crops: '2x96+6x48' }); // { views: { crops: [{ count: 2, size: 96 }, …] } }
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export async function parseSettings(
  texts: Readonly<Record<string, string>>,
  options: ParseSettingsOptions = {},
): Promise<SettingsPatch> {
  const { method } = options;
  const patch = patchOf({ ...texts, ...(method && { method }) }, await methodOf(options));
  const reporter = reporterFor(options);
  for (const message of patch.notes) reporter.note({ code: 'settings.note', message });
  return patch.settings;
}

/**
 * Parses texts by flat names into settings that several methods share. Notes name settings that
 * were renamed, and settings that none of the methods reads.
 *
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export function parseSharedSettings(
  texts: Readonly<Record<string, string>>,
  { methods, ...callbacks }: ReporterOptions & { methods: readonly string[] },
): SettingsPatch {
  const reporter = reporterFor(callbacks);
  const note = (message: string) => reporter.note({ code: 'settings.note', message });
  const patch: Record<string, Record<string, unknown>> = {};
  for (const [given, text] of Object.entries(texts)) {
    if (given === 'method') {
      patch.method = { ...patch.method, name: text };
      continue;
    }
    const { name, value, path, notes } = settingOfText(given, text, methods.map(methodNamed));
    notes.forEach(note);
    if (path) patch[path[0]] = { ...patch[path[0]], [path[1]]: value };
    else note(`${name}: none of the methods reads it`);
  }
  return patch as SettingsPatch;
}

/**
 * Parses the texts of one setting into values, in the form that the first of the methods takes.
 *
 * @throws LikenessError `settings.invalid` for a name that no method has.
 */
export function parseSettingValues(
  name: string,
  texts: readonly string[],
  { methods }: { methods: readonly string[] },
): unknown[] {
  return texts.map((text) => settingOfText(name, text, methods.map(methodNamed)).value);
}

async function methodOf({
  run,
  out,
  resume,
  preset,
}: ParseSettingsOptions): Promise<{ method?: string }> {
  const folder = run ?? (resume ? out : undefined);
  if (folder === undefined) return preset === undefined ? {} : methodOfPreset(preset);
  const { settings } = await readTrainedConfig(
    await openRunFolder(folder),
    run === undefined ? 'resume' : 'run',
  );
  return { method: settings.method.name };
}
