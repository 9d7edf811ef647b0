/**
 * Plan of a comparison: one run per method, point of the grid and seed, all under the same
 * conditions.
 */
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import {
  allMethods,
  cropsFor,
  type FlatSettings,
  flatValues,
  methodNamed,
  patchOfValues,
  presetNamed,
  resolveSettings,
  type Settings,
  type SettingsPatch,
  settingsFor,
} from '../methods/index.ts';
import type { ClassicalName } from './classical.ts';
import { type GridPoint, gridPoints, labelsOf, requireFree, type SettingValues } from './grid.ts';

export interface CompareRequest {
  /** Methods to compare, by name. */
  methods: readonly string[];
  /** Approximate training time of each run in minutes. Exclusive with `epochs`. */
  minutes?: number;
  /** Passes of each run over the images. */
  epochs?: number;
  /** Runs per method, with seeds 0, 1, 2, …. Default 3. */
  seeds?: number;
  /** Folder of the comparison. Default `runs/<date>-compare-<source>`. */
  out?: string;
  /** Encoder, views and batch of all methods. Default: by the size of the images. */
  preset?: string;
  /**
   * Settings of all runs, such as `{ data: { batchSize: 128 }, method: { temperature: 0.2 } }`.
   * The group `method` applies to the methods that read its settings.
   */
  settings?: SettingsPatch;
  /**
   * Values by the name of a setting, such as `{ temperature: [0.1, 0.2] }`. Every combination is a
   * row per method.
   */
  grid?: SettingValues;
  /** Values by the name of a setting. Each value alone is a row, beside one without. */
  vary?: SettingValues;
  /** Classical clusterings of raw pixels, as further baselines. */
  classical?: readonly ClassicalName[];
  /** Command line that asks for this, for programs that have one. It is stored with each run. */
  command?: string;
}

/** Run of a comparison. */
export interface PlannedRun {
  readonly method: string;
  readonly grid: GridPoint;
  readonly seed: number;
  /** Name of its folder. */
  readonly name: string;
  /** Settings that differ from the recipe of preset and method. */
  readonly settings: SettingsPatch;
}

/** Row of the table. */
export interface PlannedRow {
  readonly method: string;
  readonly grid: GridPoint;
  readonly runs: readonly PlannedRun[];
  /** Settings of its runs, before they are fitted to the number of images. */
  readonly settings: Settings;
}

/**
 * Settings that all runs share, despite the recipe of a method: encoder, batch and views.
 *
 * Crops are shared too, reduced to those that a method takes.
 */
export const sharedSettings = [
  'architecture',
  'width',
  'stem',
  'frontEnd',
  'batchSize',
  'imageSize',
  'flipProbability',
  'jitterProbability',
  'brightness',
  'contrast',
  'saturation',
  'hue',
  'grayscaleProbability',
  'grayscaleOrder',
  'blurProbability',
  'blurSigma',
  'solarizeProbability',
  'mean',
  'std',
] as const;

/** Plans all rows in the order of methods, then of the grid, without rows of equal settings. */
export function planRows(
  {
    methods: wanted,
    grid = {},
    vary = {},
    settings: shared = {},
    seeds = 3,
    epochs,
  }: CompareRequest,
  preset: string,
): PlannedRow[] {
  const points = gridPoints({ grid, vary });
  const common = flatValues(shared);
  for (const name of Object.keys(common)) {
    requireFree('settings', name);
    if (!(name in points[0]!)) continue;
    throw new LikenessError(
      'option.conflict',
      `grid and settings: received ${name} in both; expected it in one`,
    );
  }
  return wanted.flatMap((method) => {
    checkSettings(shared, method);
    const rows = points.map((point): PlannedRow => {
      const given = { ...common, ...point };
      const own = { ...given, ...withSharedSettings(method, preset, given), method };
      const patch = patchOfValues({ ...own, ...(epochs && { epochs }) }).settings;
      const labels = labelsOf(point);
      return {
        method,
        grid: labels,
        settings: settingsFor(preset, patch),
        runs: Array.from({ length: seeds }, (_, seed) => ({
          ...{ method, grid: labels, seed, name: runName(method, seed, labels) },
          settings: patchOfValues(own).settings,
        })),
      };
    });
    const unseen = new Set(rows.map(({ settings }) => JSON.stringify(settings)));
    return rows.filter(({ settings }) => unseen.delete(JSON.stringify(settings)));
  });
}

/** Checks groups, names and values; own settings of other methods are left out. */
function checkSettings({ method: own = {}, ...groups }: SettingsPatch, method: string): void {
  const isRead = (name: string) => allMethods().some(({ settings }) => name in settings.shape);
  const entries = Object.entries(own);
  const known = Object.fromEntries(entries.filter(([name]) => isRead(name)));
  const unknown = Object.fromEntries(entries.filter(([name]) => !isRead(name)));
  const fitting = patchOfValues({ ...known, method }).settings.method;
  resolveSettings({ ...groups, method: { ...unknown, ...fitting } });
}

/** Lists settings that undo a method's recipe for the shared settings and reduce crops for it. */
function withSharedSettings(method: string, preset: string, given: FlatSettings): FlatSettings {
  const { settings, isComplete } = presetNamed(preset);
  if (isComplete) {
    throw new LikenessError(
      'compare.preset',
      `preset: received "${preset}", a recipe for one method; expected one for a kind of ` +
        'images, which all methods can share',
    );
  }
  const recipe = flatValues(methodNamed(method).recipe);
  const plain = resolveSettings({ ...settings, method: { name: 'swav' } });
  const values = flatValues(plain);
  const undone = sharedSettings.filter((name) => name in recipe && !(name in given));
  const isCut = ['crops', 'scales'].some((name) => name in recipe || name in given);
  const { views = {} } = patchOfValues({ ...given, method }).settings;
  return {
    ...Object.fromEntries(undone.map((name) => [name, values[name]])),
    ...(isCut && cropsFor(method, { ...plain.views, ...views } as Settings['views'])),
  };
}

/** Names the folder of a run, such as `moco-seed1` or `swav-seed0-temperature-0.2`. */
export function runName(method: string, seed: number, point: GridPoint): string {
  const text = Object.entries(point)
    .map(([key, value]) => `-${key}-${value}`)
    .join('');
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  const mark =
    plain === text
      ? ''
      : `-${createHash('sha256').update(JSON.stringify(point)).digest('hex').slice(0, 6)}`;
  return `${method}-seed${seed}${plain}${mark}`;
}
