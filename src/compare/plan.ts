/**
 * Plan of a comparison: one run per method, point of the grid and seed, all under the same
 * conditions.
 */
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import {
  cropsFor,
  flatSettings,
  methodNamed,
  parseAssignments,
  patchOf,
  presetNamed,
  resolveSettings,
  type Settings,
  settingsFor,
} from '../methods/index.ts';
import { type GridPoint, gridPoints, requireFree } from './grid.ts';

export interface CompareRequest {
  methods: string[];
  minutes?: number;
  epochs?: number;
  seeds?: number;
  out?: string;
  preset?: string;
  /** Texts `key=a,b,c`; every combination is a row. */
  grid?: string[];
  /** Texts `key=a,b,c`; each value alone is a row, beside one without. */
  vary?: string[];
  /** Settings of all runs as texts `key=value`. */
  set?: string[];
  classical?: string[];
}

/** Run of a comparison. */
export interface PlannedRun {
  readonly method: string;
  readonly grid: GridPoint;
  readonly seed: number;
  /** Name of its folder. */
  readonly name: string;
  /** Settings as texts `key=value`. */
  readonly set: readonly string[];
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
  'blurProbability',
  'blurSigma',
  'solarizeProbability',
  'mean',
  'std',
] as const;

/** Plans all rows in the order of methods, then of the grid, without rows of equal settings. */
export function planRows(
  { methods: wanted, grid = [], vary = [], set = [], seeds = 3, epochs }: CompareRequest,
  preset: string,
): PlannedRow[] {
  for (const key of Object.keys(parseAssignments(set))) requireFree('set', key);
  const keyOf = (text: string) => text.split('=')[0]!.trim();
  for (const text of grid) {
    if (set.some((other) => keyOf(other) === keyOf(text))) {
      throw new LikenessError(
        'option.conflict',
        `grid and set: received ${keyOf(text)} in both; expected it in one`,
      );
    }
  }
  const points = gridPoints(grid, vary);
  return wanted.flatMap((method) => {
    const rows = points.map((point): PlannedRow => {
      const kept = set.filter((text) => !(keyOf(text) in point));
      const own = [...kept, ...Object.entries(point).map(([key, value]) => `${key}=${value}`)];
      const given = parseAssignments(own);
      const texts = [...own, ...withSharedSettings(method, preset, given)];
      const { settings: patch } = patchOf({
        ...parseAssignments(texts),
        method,
        ...(epochs && { epochs }),
      });
      const settings = settingsFor(preset, patch);
      return {
        method,
        grid: point,
        settings,
        runs: Array.from({ length: seeds }, (_, seed) => ({
          method,
          grid: point,
          seed,
          name: runName(method, seed, point),
          set: texts,
        })),
      };
    });
    const unseen = new Set(rows.map(({ settings }) => JSON.stringify(settings)));
    return rows.filter(({ settings }) => unseen.delete(JSON.stringify(settings)));
  });
}

/** Lists settings that undo a method's recipe for the shared settings and reduce crops for it. */
function withSharedSettings(
  method: string,
  preset: string,
  given: Readonly<Record<string, unknown>>,
): string[] {
  const { settings, isComplete } = presetNamed(preset);
  if (isComplete) {
    throw new LikenessError(
      'compare.preset',
      `preset: received "${preset}", a recipe for one method; expected one for a kind of images, which all methods can share`,
    );
  }
  const recipe = flatSettings(methodNamed(method).recipe);
  const plain = resolveSettings({ ...settings, method: { name: 'swav' } });
  const values = flatSettings(plain);
  const texts = sharedSettings
    .filter((name) => name in recipe && !(name in given))
    .map((name) => `${name}=${values[name]}`);
  if (['crops', 'scales'].some((name) => name in recipe || name in given)) {
    const { views = {} } = patchOf({ ...given, method }).settings;
    const cut = cropsFor(method, { ...plain.views, ...views } as Settings['views']);
    const { crops, scales } = flatSettings({ views: cut });
    texts.push(`crops=${crops}`, `scales=${scales}`);
  }
  return texts;
}

/** Names the folder of a run, such as `moco-seed1` or `swav-seed0-temperature-0.2`. */
export function runName(method: string, seed: number, point: GridPoint): string {
  const text = Object.entries(point)
    .map(([key, value]) => `-${key}-${value}`)
    .join('');
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  const mark =
    plain === text ? '' : `-${createHash('sha256').update(JSON.stringify(point)).digest('hex').slice(0, 6)}`;
  return `${method}-seed${seed}${plain}${mark}`;
}
