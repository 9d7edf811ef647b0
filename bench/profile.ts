/** Profiles a training step, a search for nearest neighbors, and the decoding of an image. */
import type { Engine } from '../src/backends/index.ts';
import { clusteringRows, prepare as prepareClustering } from './clustering.ts';
import { decodeRows, type FolderShape } from './decode.ts';
import { decodeStages } from './decodeStages.ts';
import { functionTimes } from './functionTimes.ts';
import { onStage } from './stage.ts';
import { prepare as prepareStep, stepRows } from './step.ts';
import { prepare as prepareSwav, swavRows } from './swav.ts';
import { operatorTimes, type ProfileRow, traceOf, withShares } from './trace.ts';

export interface Profile {
  name: string;
  /** Unit of work. */
  per: 'step' | 'search' | 'picture';
  /** Parts, longest first. */
  operators: ProfileRow[];
  /** Milliseconds of the whole, where parts overlap. */
  whole?: number;
}

export interface ProfileOptions {
  /** Training steps, at least 2; the first does not count. */
  steps?: number;
  /** `shape` also separates operators by the shape of their result. */
  by?: 'operator' | 'shape';
}

type Profiled = (options: ProfileOptions) => Promise<Omit<Profile, 'name'>>;

/** Profiles by name; those of `smoke` are for tests. */
export const profileRows: Readonly<Record<string, Profiled>> = {
  ...rowsOf(
    stepRows,
    '',
    (shape) => (options) => ofStep((engine) => prepareStep(engine, { shape }), options),
  ),
  ...rowsOf(
    swavRows,
    'swav-',
    (shape) => (options) => ofStep((engine) => prepareSwav(engine, { shape }), options),
  ),
  neighbors: ofSearch('neighbors-10000-of-50000x256-k200'),
  'neighbors-smoke': ofSearch('smoke-neighbors'),
  'decode-500x375': ofPicture('jpeg-500x375-to-256', 200),
  'decode-64x64': ofPicture('jpeg-64x64', 1000),
  'decode-smoke': ofPicture('smoke', 4),
};

/** Profiles one row. */
export async function profileOf(name: string, options: ProfileOptions = {}): Promise<Profile> {
  return { name, ...(await profileRows[name]!(options)) };
}

function rowsOf<Shape>(
  shapes: Readonly<Record<string, Shape>>,
  prefix: string,
  of: (shape: Shape) => Profiled,
): Record<string, Profiled> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [prefix + name, of(shape)]),
  );
}

/** Profiles a training step by operator in ONNX Runtime's trace. */
function ofStep(
  prepare: (engine: Engine) => Promise<() => Promise<unknown>>,
  { steps = 20, by }: ProfileOptions,
): Promise<Omit<Profile, 'name'>> {
  return onStage(({ withEngine, folder }) =>
    withEngine(async (engine) => {
      const trace = await traceOf(engine, folder, async (traced) => {
        const once = await prepare(traced);
        for (let step = 0; step < steps; step++) await once();
      });
      return { per: 'step', operators: operatorTimes(trace, { times: steps, by }) };
    }),
  );
}

/** Searches in a row; the first allocates and does not count. */
const SEARCHES = 3;
/** Our functions around the engine's work in the search for neighbors. */
const AROUND: Readonly<Record<string, string>> = {
  merge: 'merging lists, beside the engine',
};

/**
 * Profiles a search for nearest neighbors: products and top k in ONNX Runtime's trace, and our own
 * functions.
 */
function ofSearch(row: string): Profiled {
  return ({ by }) =>
    onStage(({ withEngine, folder }) =>
      withEngine(async (engine) => {
        let [around, whole]: [Readonly<Record<string, number>>, number] = [{}, 0];
        const trace = await traceOf(engine, folder, async (traced) => {
          const once = await prepareClustering(traced, { sizes: clusteringRows[row]! });
          await once();
          const of = { file: 'cluster/neighbors.ts', names: Object.keys(AROUND) };
          const begun = performance.now();
          around = await functionTimes(of, async () => {
            for (let search = 1; search < SEARCHES; search++) await once();
          });
          whole = (performance.now() - begun) / (SEARCHES - 1);
        });
        const own = Object.entries(around).map(([name, milliseconds]) => ({
          ...{ operator: AROUND[name]!, calls: 1, milliseconds: milliseconds / (SEARCHES - 1) },
        }));
        const operators = withShares([...operatorTimes(trace, { times: SEARCHES, by }), ...own]);
        return { per: 'search', operators, whole };
      }),
    );
}

/** Profiles the decoding of an image by stage. */
function ofPicture(row: string, photos: number): Profiled {
  const shape: FolderShape = { ...decodeRows[row]!, photos };
  return async () => ({ per: 'picture', operators: await decodeStages(shape) });
}
