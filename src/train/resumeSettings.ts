/** Settings of a resumed run. */
import { LikenessError } from '../core/errors.ts';
import { type ModelFile, type ModelSettings, modelDifference } from '../encoders/index.ts';
import {
  currentName,
  flatSettings,
  freeSettings,
  mergeSettings,
  resolveSettings,
  type Settings,
  type SettingsPatch,
} from '../methods/index.ts';
import { settingsHash, type TrainedConfig } from '../run/index.ts';
import { longerBudget, type Reached, requireSameBudget } from './resumedBudget.ts';

/** Flat name of the setting that is a budget. */
const EPOCHS = 'epochs';

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
export function resumedSettings(stored: TrainedConfig, request: ResumeRequest): Settings {
  const settings = settingsAsStored(stored, request);
  requireSameBudget(stored, request);
  return settings;
}

/**
 * The configuration of a resumed run. A finished one may be trained longer, to more epochs or
 * minutes than it was started with.
 *
 * @throws LikenessError `resume.differs`, and as {@link longerBudget}
 */
export function resumedConfig(
  stored: TrainedConfig,
  request: ResumeRequest,
  reached: Reached = {},
): TrainedConfig {
  const settings = settingsAsStored(stored, request);
  const budget = longerBudget(stored, request, reached);
  if (budget === undefined) return { ...stored, settings };
  const hashes = [...(stored.longer?.hashes ?? []), settingsHash(stored.settings)];
  return {
    ...stored,
    settings:
      'epochs' in budget
        ? resolveSettings(mergeSettings(settings, { schedule: budget }))
        : settings,
    budget,
    longer: { from: reached.step!, hashes: [...new Set(hashes)] },
  };
}

/**
 * Refuses another pretrained model, or another number of clusters, than a run was started with.
 *
 * @throws LikenessError `resume.differs`
 */
export function requireSameHead(
  { base, settings }: Pick<TrainedConfig, 'base' | 'settings'>,
  { encoder, k }: { encoder?: ModelFile; k?: number },
): void {
  if (encoder) requireSameModel(base, encoder);
  const { clusters, prototypes } = settings.method as {
    clusters?: number | number[];
    prototypes?: number;
  };
  const own = [clusters ?? prototypes].flat()[0];
  if (k === undefined || (base && k === own)) return;
  throw new LikenessError(
    'resume.differs',
    `resume: received \`k\` ${k}; expected ${base ? own : 'none'}, as the run was started with. ` +
      'Leave it out, or start a new run to change it.',
  );
}

/** Refuses a model with other features than that of a run, and names the file that differs. */
function requireSameModel(stored: ModelSettings | undefined, given: ModelFile): void {
  const difference = modelDifference(stored, given);
  if (!difference) return;
  const { received, expected } = difference;
  throw new LikenessError(
    'resume.differs',
    `encoder: received ${received}; expected ${expected}, as the run was started with. Leave it ` +
      'out to go on with the model that the run holds, or start a new run.',
  );
}

/**
 * Refuses another model, or one where there was none, than a run was started with.
 *
 * @throws LikenessError `resume.differs`
 */
export function requireSameOrigin(
  { origin: stored }: Pick<TrainedConfig, 'origin'>,
  given: ModelFile | undefined,
): void {
  if (given) requireSameModel(stored, given);
}

/** Settings of a run; the epochs and minutes of a request are compared elsewhere. */
function settingsAsStored(config: TrainedConfig, request: ResumeRequest): Settings {
  const { method, preset, seed, split, settings = {} } = request;
  const own = config.settings.method.name;
  const patch = mergeSettings(settings, givenOptions({ seed }), { method: { name: own } });
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
    if (
      isFree(name) ||
      name === EPOCHS ||
      config.remedied?.some((old) => currentName(old) === name)
    )
      continue;
    compare(name, wanted[name], stored[name]);
  }
  compare('`preset`', preset, config.preset);
  compare('`split`', split, config.split);
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
