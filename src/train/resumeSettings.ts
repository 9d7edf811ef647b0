/** Settings of a resumed run. */
import { LikenessError } from '../core/errors.ts';
import { resolveSettings, type SettingName, type Settings, type SettingsInput } from '../methods/index.ts';
import { freeSettings, type RunConfig } from '../run/index.ts';

/** Options that a run was started with, as they are given again. */
export interface ResumeRequest {
  method?: Settings['method'];
  preset?: string;
  epochs?: number;
  minutes?: number;
  seed?: number;
  split?: string;
  settings?: SettingsInput;
}

/**
 * Returns the stored settings, with those that never change results as they are given now.
 *
 * The options that started the run may be repeated.
 *
 * @throws LikenessError `resume.differs` with the name of everything else that differs from the
 * run.
 */
export function resumedSettings(config: RunConfig, request: ResumeRequest): Settings {
  const { method, preset, epochs, minutes, seed, split, settings = {} } = request;
  const given = { ...settings, ...definedOf({ method, seed, epochs }) };
  const wanted = resolveSettings({ ...config.settings, ...given });
  const differing: [name: string, received: unknown, stored: unknown][] = [];
  const compare = (name: string, received: unknown, stored: unknown) => {
    if (received !== undefined && received !== stored) differing.push([name, received, stored]);
  };
  for (const name of Object.keys(given) as SettingName[]) {
    // A remedy has changed these on purpose; the options that started the run still hold the old values.
    if (freeSettings.includes(name) || config.remedied?.includes(name)) continue;
    compare(name, wanted[name], config.settings[name]);
  }
  compare('`preset`', preset, config.preset);
  compare('`split`', split, config.split);
  compare('`minutes`', minutes, 'minutes' in config.budget ? config.budget.minutes : 'no limit');
  if (differing.length > 0) {
    const list = (which: 1 | 2) =>
      differing.map((entry) => `${entry[0]} ${entry[which] ?? 'unset'}`).join(', ');
    throw new LikenessError(
      'resume.differs',
      `resume: received ${list(1)}; expected ${list(2)}, as the run was started with. ` +
        'Leave them out, or start a new run to change them.',
    );
  }
  const free = freeSettings.filter((name) => name in given).map((name) => [name, wanted[name]] as const);
  return { ...config.settings, ...Object.fromEntries(free) };
}

function definedOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
