/** What a comparison consists of: one run per method, point of the grid, and seed, all with the same conditions. */
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import {
  type MethodName,
  methods,
  parseAssignments,
  presetNamed,
  resolveSettings,
  type SettingName,
  type Settings,
  type SettingsInput,
  settingsFor,
} from '../methods/index.ts';
import { cropsFor } from '../methods/views.ts';
import { type GridPoint, gridPoints, requireFree } from './grid.ts';

export interface CompareRequest {
  methods: MethodName[];
  minutes?: number;
  epochs?: number;
  seeds?: number;
  out?: string;
  preset?: string;
  /** `key=a,b,c` texts, of which every combination is a row. */
  grid?: string[];
  /** `key=a,b,c` texts, of which each value alone is a row, beside one without. */
  vary?: string[];
  /** `key=value` texts. */
  set?: string[];
  classical?: string[];
}

/** One run of a comparison. */
export interface PlannedRun {
  readonly method: MethodName;
  readonly grid: GridPoint;
  readonly seed: number;
  /** Name of its folder. */
  readonly name: string;
  /** `--set` texts that make it. */
  readonly set: readonly string[];
}

/** A row of the table. */
export interface PlannedRow {
  readonly method: MethodName;
  readonly grid: GridPoint;
  readonly runs: readonly PlannedRun[];
  /** What its runs train with, before batch and the like are fitted to the number of images. */
  readonly settings: Settings;
}

/**
 * Settings that all runs share, whatever a method's own recipe says: encoder, batch, and views. Crops are shared too,
 * cut down to what a method takes.
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
  'greyscaleProbability',
  'blurProbability',
  'blurSigma',
  'solariseProbability',
  'mean',
  'std',
] as const satisfies readonly SettingName[];

/** All rows, in the order of methods, then of the grid. A varied value that a row has anyway makes no second row. */
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
      const texts = [...own, ...leveled(method, preset, given)];
      const settings = settingsFor(preset, {
        ...parseAssignments(texts),
        method,
        ...(epochs && { epochs }),
      } as SettingsInput);
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

/** `--set` texts that take back what a method's recipe says of the shared settings, and cut crops down for it. */
function leveled(method: MethodName, preset: string, given: Readonly<Record<string, unknown>>): string[] {
  const { settings, isComplete } = presetNamed(preset);
  if (isComplete) {
    throw new LikenessError(
      'compare.preset',
      `preset: received "${preset}", a recipe for one method; expected one for a kind of images, which all methods can share`,
    );
  }
  const { recipe } = methods[method];
  const plain = resolveSettings(settings);
  const texts = sharedSettings
    .filter((name) => name in recipe && !(name in given))
    .map((name) => `${name}=${plain[name]}`);
  const crops = { crops: plain.crops, scales: plain.scales, ...pick(given, ['crops', 'scales']) };
  if (['crops', 'scales'].some((name) => name in recipe || name in given)) {
    const cut = cropsFor(method, crops);
    texts.push(`crops=${cut.crops}`, `scales=${cut.scales}`);
  }
  return texts;
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, String(from[name])]] : [])));
}

/** For example `moco-seed1` or `swav-seed0-temperature-0.2`; short, safe as a folder name, one per point. */
export function runName(method: string, seed: number, point: GridPoint): string {
  const text = Object.entries(point)
    .map(([key, value]) => `-${key}-${value}`)
    .join('');
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  const mark =
    plain === text ? '' : `-${createHash('sha256').update(JSON.stringify(point)).digest('hex').slice(0, 6)}`;
  return `${method}-seed${seed}${plain}${mark}`;
}
