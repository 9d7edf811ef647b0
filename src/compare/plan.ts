/**
 * Plan of a comparison: one run per method, point of the grid and seed, all under the same
 * conditions.
 */
import { createHash } from 'node:crypto';
import { LikenessError } from '../core/errors.ts';
import type { ModelFile } from '../encoders/index.ts';
import {
  allMethods,
  canBeHead,
  cropsFor,
  defaultHead,
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
import type { Training } from './comparison.ts';
import { type GridPoint, gridPoints, labelsOf, requireFree, type SettingValues } from './grid.ts';
import { modelPoint, modelSettingsOf } from './modelRows.ts';

export interface CompareRequest {
  /**
   * Methods to compare, by name. With `encoder`, those that learn clusters train a head on its
   * features, and the others a network from scratch. Required without `encoder`; with it the
   * default is `ensemble`, or none where `fineTune` or `scratch` names methods.
   */
  methods?: readonly string[];
  /** Pretrained model. Its features with k-means are rows of the table, too. */
  encoder?: ModelFile;
  /** Methods by name that train the pretrained model itself further. */
  fineTune?: readonly string[];
  /** Methods by name that train a network from scratch beside heads of the same name. */
  scratch?: readonly string[];
  /** Number of clusters, of heads and of k-means. Default: the number of classes. */
  k?: number;
  /**
   * Approximate training time of each network in minutes. Exclusive with `epochs`. Heads need
   * neither: their recipes count steps.
   */
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
  readonly training: Training;
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
  readonly training: Training;
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

/** Facts that rows are planned for. */
export interface PlanFacts {
  readonly preset: string;
  /** Number of images of the source. */
  readonly images: number;
}

/**
 * Plans all rows in the order of methods, then of the grid, without rows of equal settings.
 *
 * @throws LikenessError `option.*`, `settings.*`
 */
export function planRows(request: CompareRequest, facts: PlanFacts): PlannedRow[] {
  const { grid = {}, vary = {}, settings: shared = {}, seeds = 3 } = request;
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
  return plannedMethods(request).flatMap(({ method, training }) => {
    checkSettings(shared, method);
    const rows = points.map((all): PlannedRow => {
      const point = modelPoint(training, all);
      const own = ownValues({ method, training }, { common, point, preset: facts.preset });
      const labels = labelsOf(point);
      return {
        ...{ method, training, grid: labels },
        settings: settingsOfRow({ training, own }, request, facts),
        runs: Array.from({ length: seeds }, (_, seed) => ({
          ...{ method, training, grid: labels, seed },
          name: runName(method, seed, labels, training),
          settings: patchOfValues(own).settings,
        })),
      };
    });
    const unseen = new Set(rows.map(({ settings }) => JSON.stringify(settings)));
    return rows.filter(({ settings }) => unseen.delete(JSON.stringify(settings)));
  });
}

/** Lists the methods with the use that each makes of the pretrained model. */
function plannedMethods({
  encoder,
  fineTune = [],
  scratch = [],
  methods = encoder && fineTune.length + scratch.length === 0 ? [defaultHead] : [],
}: CompareRequest): { method: string; training: Training }[] {
  const named = methods.map((method) => {
    const isHead = encoder !== undefined && canBeHead(method);
    return { method, training: isHead ? ('head' as const) : ('scratch' as const) };
  });
  const beside = scratch.filter(
    (name) => !named.some(({ method, training }) => method === name && training === 'scratch'),
  );
  const planned = [
    ...named,
    ...beside.map((method) => ({ method, training: 'scratch' as const })),
    ...fineTune.map((method) => ({ method, training: 'fine-tuning' as const })),
  ];
  requireModels(planned, encoder);
  return planned;
}

/** Refuses rows that need a pretrained model where there is none, and methods that need one. */
function requireModels(
  planned: readonly { method: string; training: Training }[],
  encoder: ModelFile | undefined,
): void {
  if (planned.length === 0) {
    const names = allMethods().map(({ name }) => name);
    throw new LikenessError(
      'option.missing',
      `methods: received none; expected one or more of ${names.join(', ')}`,
    );
  }
  for (const { method, training } of planned) {
    const needsFeatures = methodNamed(method).pairs === 'neighbors';
    if (training === 'fine-tuning' && !encoder) {
      throw new LikenessError(
        'option.conflict',
        'fineTune: received no encoder; expected the model to train further. Name it with ' +
          '`encoder`.',
      );
    }
    if (training === 'head' || !needsFeatures) continue;
    const option = training === 'fine-tuning' ? 'fineTune' : encoder ? 'scratch' : 'methods';
    throw new LikenessError(
      encoder ? 'option.invalid' : 'head.encoder',
      encoder
        ? `${option}: received "${method}", which trains nothing but a head; expected it in ` +
            '`methods`'
        : `${option}: received "${method}" without encoder; expected a pretrained model, because ` +
            'it trains a head on features. Name its file with `encoder`.',
    );
  }
}

/** Values of a row that differ from its recipe, by flat name. */
function ownValues(
  { method, training }: Pick<PlannedRow, 'method' | 'training'>,
  { common, point, preset }: { common: FlatSettings; point: FlatSettings; preset: string },
): FlatSettings {
  if (training !== 'scratch') return { ...modelPoint(training, common), ...point, method };
  const given = { ...common, ...point };
  return { ...given, ...withSharedSettings(method, preset, given), method };
}

/** Settings of a row, before they are fitted to the number of images. */
function settingsOfRow(
  { training, own }: { training: Training; own: FlatSettings },
  { encoder, epochs, k = 2 }: CompareRequest,
  { preset, images }: PlanFacts,
): Settings {
  const withEpochs = { ...own, ...(training !== 'head' && epochs && { epochs }) };
  const patch = patchOfValues(withEpochs).settings;
  return training === 'scratch'
    ? settingsFor(preset, patch)
    : modelSettingsOf(training, encoder!, { patch, images, k });
}

/**
 * Settings of the network that stands for an untrained one: that of the first row from scratch, or
 * the preset's.
 */
export function networkOf(
  rows: readonly PlannedRow[],
  { settings = {} }: CompareRequest,
  preset: string,
): Settings {
  const own = rows.find(({ training }) => training === 'scratch');
  if (own) return own.settings;
  const patch = patchOfValues({ ...flatValues(settings), method: 'swav' }).settings;
  return settingsFor(preset, patch);
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

/** Text behind the method in the name of a run's folder. */
const marks: Readonly<Record<Training, string>> = {
  scratch: '',
  head: '-head',
  'fine-tuning': '-fine-tuned',
};

/** Names the folder of a run, such as `moco-seed1` or `swav-head-seed0-temperature-0.2`. */
export function runName(
  method: string,
  seed: number,
  point: GridPoint,
  training: Training = 'scratch',
): string {
  const text = Object.entries(point)
    .map(([key, value]) => `-${key}-${value}`)
    .join('');
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  const mark =
    plain === text
      ? ''
      : `-${createHash('sha256').update(JSON.stringify(point)).digest('hex').slice(0, 6)}`;
  return `${method}${marks[training]}-seed${seed}${plain}${mark}`;
}
