/** Measuring everything that the rows of a comparison are compared with. */
import { cacheSizeOf, resolveSettings, type Settings } from '../methods/index.ts';
import { baseCacheSize } from '../run/index.ts';
import {
  type BaselineStore,
  encoderKey,
  patchBaseline,
  pixelBaselines,
  untrainedBaseline,
} from './baselines.ts';
import type { Baseline, CurvePoint } from './comparison.ts';
import { showGrid } from './grid.ts';
import { type ModelBaselines, modelBaselines } from './modelBaselines.ts';
import { benchFor, type Work } from './work.ts';

export interface MeasuredBaselines {
  readonly baselines: Readonly<Record<string, Baseline>>;
  /** First point of the curve of each seed, by the network. */
  readonly starts: ReadonlyMap<string, ReadonlyMap<number, CurvePoint>>;
  /** Figures of the pretrained model's features; absent without a model or labels. */
  readonly modelFigures?: ModelBaselines['figures'];
}

/**
 * Measures untrained networks, the pretrained model, patch features and pixels; without labels
 * untrained networks alone.
 */
export async function measureBaselines(
  work: Work,
  store: BaselineStore,
): Promise<MeasuredBaselines> {
  const { rows, network, seeds, bench, key, request, reporter } = work;
  const baselines: Record<string, Baseline> = {};
  const starts = new Map<string, ReadonlyMap<number, CurvePoint>>();
  const own = rows.filter(({ training }) => training === 'scratch');
  for (const { settings, grid } of own.length > 0 ? own : [{ settings: network, grid: {} }]) {
    const encoder = encoderKey(settings);
    if (starts.has(encoder)) continue;
    const isFirst = starts.size === 0;
    const name = isFirst ? 'untrained encoder' : `untrained encoder (${showGrid(grid)})`;
    // Initial weights are drawn by name and seed, equal for all methods.
    const plain = withPlainHead(settings);
    const sized = await benchFor(work, cacheSizeOf(settings), reporter);
    const found = await untrainedBaseline(store, sized, plain, { seeds, key, name });
    baselines[isFirst ? 'untrained' : `untrained ${showGrid(grid)}`] = found.baseline;
    starts.set(encoder, found.starts);
  }
  if (bench.set.labelled === 'no') {
    if (request.classical) {
      reporter.warn({
        code: 'compare.classical',
        message: '`classical` is ignored because the images have no labels',
      });
    }
    return { baselines, starts };
  }
  const {
    data: { imageSize },
    run: { workers },
  } = network;
  const view = { size: imageSize, workers };
  const sized = `${key} at ${imageSize} px`;
  const classical = request.classical ?? [];
  const model = await ofModel(work, store);
  const patches = await patchBaseline(store, bench, view, sized);
  const others = await pixelBaselines(store, bench, view, { key: sized, classical });
  return {
    baselines: { ...model?.baselines, ...baselines, patches, ...others },
    starts,
    ...(model && { modelFigures: model.figures }),
  };
}

/** Measures the features of the pretrained model; undefined without one. */
async function ofModel(work: Work, store: BaselineStore): Promise<ModelBaselines | undefined> {
  const { request, network, seeds, key, reporter } = work;
  const { encoder: model } = request;
  if (!model) return undefined;
  const bench = await benchFor(work, baseCacheSize(model.settings), reporter);
  const { workers } = network.run;
  return modelBaselines(store, { bench, model, seeds, workers, key });
}

/** Settings of SwAV, whose head follows the untrained encoder for every method. */
function withPlainHead({ method: _, ...settings }: Settings): Settings {
  const [first, ...others] = settings.views.crops;
  const crops = [{ size: first!.size, count: Math.max(2, first!.count) }, ...others];
  const views = { ...settings.views, crops };
  return resolveSettings({ ...settings, views, method: { name: 'swav' } });
}
