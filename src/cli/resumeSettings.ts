/** What a command line with `--resume` may say about settings: the same as before, or what never changes results. */
import { LikenessError } from '../core/errors.ts';
import { parseAssignments, resolveSettings, type SettingName, type Settings } from '../methods/index.ts';
import { freeSettings, type RunConfig } from '../run/index.ts';

export interface ResumeRequest {
  method?: string;
  preset?: string;
  epochs?: number;
  minutes?: number;
  seed?: number;
  split?: string;
  set?: string[];
}

/**
 * The settings of a resumed run: the stored ones, with those that are free to change as they are given now.
 *
 * The command that started the run may be repeated as it is; anything else that differs from the run is an error
 * that names it.
 */
export function resumedSettings(config: RunConfig, request: ResumeRequest): Settings {
  const { method, preset, epochs, minutes, seed, split, set = [] } = request;
  const given = { ...parseAssignments(set), ...definedOf({ method, seed, epochs }) };
  const wanted = resolveSettings({ ...config.settings, ...given });
  const differing: [name: string, received: unknown, stored: unknown][] = [];
  const compare = (name: string, received: unknown, stored: unknown) => {
    if (received !== undefined && received !== stored) differing.push([name, received, stored]);
  };
  for (const name of Object.keys(given) as SettingName[]) {
    // A remedy has changed these on purpose; the command that started the run still says the old values.
    if (freeSettings.includes(name) || config.remedied?.includes(name)) continue;
    compare(name, wanted[name], config.settings[name]);
  }
  compare('--preset', preset, config.preset);
  compare('--split', split, config.split);
  compare('--minutes', minutes, 'minutes' in config.budget ? config.budget.minutes : 'no limit');
  if (differing.length > 0) {
    const list = (which: 1 | 2) =>
      differing.map((entry) => `${entry[0]} ${entry[which] ?? 'unset'}`).join(', ');
    throw new LikenessError(
      'resume.differs',
      `--resume: received ${list(1)}; expected ${list(2)}, as the run was started with. Leave them out, or start a new run to change them.`,
    );
  }
  const free = freeSettings.filter((name) => name in given).map((name) => [name, wanted[name]] as const);
  return { ...config.settings, ...Object.fromEntries(free) };
}

function definedOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
