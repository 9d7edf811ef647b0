/** Settings of a resumed run. */
import { LikenessError } from '../core/errors.ts';
import {
  currentName,
  flatSettings,
  freeSettings,
  mergeSettings,
  resolveSettings,
  type Settings,
  type SettingsPatch,
} from '../methods/index.ts';
import type { TrainedConfig } from '../run/index.ts';

/** Options that a run was started with, as they are given again. */
export interface ResumeRequest {
  method?: string;
  preset?: string;
  epochs?: number;
  minutes?: number;
  seed?: number;
  split?: string;
  settings?: SettingsPatch;
}

/**
 * Returns the stored settings, with those that never change results as they are given now.
 *
 * The options that started the run may be repeated.
 *
 * @throws LikenessError `resume.differs` with the name of everything else that differs from the
 * run.
 */
export function resumedSettings(config: TrainedConfig, request: ResumeRequest): Settings {
  const { method, preset, epochs, minutes, seed, split, settings = {} } = request;
  const own = config.settings.method.name;
  const patch = mergeSettings(settings, givenOptions({ seed, epochs }), { method: { name: own } });
  const given = flatSettings(patch);
  const resumed = resolveSettings(mergeSettings(config.settings, patch));
  const [wanted, stored] = [flatSettings(resumed), flatSettings(config.settings)];
  const differing: [name: string, received: unknown, stored: unknown][] = [];
  const compare = (name: string, received: unknown, stored: unknown) => {
    if (received !== undefined && received !== stored) differing.push([name, received, stored]);
  };
  compare('method', method ?? settings.method?.name, own);
  for (const name of Object.keys(given)) {
    // A remedy has changed these on purpose; the options that started the run still hold the old values.
    if (isFree(name) || config.remedied?.some((old) => currentName(old) === name)) continue;
    compare(name, wanted[name], stored[name]);
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
  const free = Object.entries(settings.run ?? {}).filter(([name]) => isFree(name));
  return resolveSettings(mergeSettings(config.settings, { run: Object.fromEntries(free) }));
}

const isFree = (name: string) => freeSettings.some((free) => free === name);

/** Options of their own as settings. */
export function givenOptions({
  method,
  seed,
  epochs,
}: {
  method?: string | undefined;
  seed?: number | undefined;
  epochs?: number | undefined;
}): SettingsPatch {
  return {
    ...(method !== undefined && { method: { name: method } }),
    ...(seed !== undefined && { run: { seed } }),
    ...(epochs !== undefined && { schedule: { epochs } }),
  };
}
