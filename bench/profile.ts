/**
 * Where the time goes: of a training step, of a search for nearest neighbours, of a picture that is
 * decoded.
 */
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
  /** The piece of work that times are of. */
  per: 'step' | 'search' | 'picture';
  /** Its parts, the longest first. */
  operators: ProfileRow[];
  /** Milliseconds of the whole, where parts are worked on side by side. */
  whole?: number;
}

export interface ProfileOptions {
  /** Training steps, 2 or more; the first does not count. */
  steps?: number;
  /** `shape`: operators are told apart by their result's shape, too. */
  by?: 'operator' | 'shape';
}

type Profiled = (options: ProfileOptions) => Promise<Omit<Profile, 'name'>>;

/** What can be profiled, by name; the rows of smokes are for tests. */
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
  neighbours: ofSearch('neighbours-10000-of-50000x256-k200'),
  'neighbours-smoke': ofSearch('smoke-neighbours'),
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
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, of(shape)]));
}

/** A training step: ONNX Runtime's trace, by operator. */
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

/** Searches in a row; the first, in which memory is found, does not count. */
const SEARCHES = 3;
/** What the search for neighbours does besides the engine's work. */
const AROUND: Readonly<Record<string, string>> = {
  merge: 'merging lists, beside the engine',
};

/**
 * A search for nearest neighbours: ONNX Runtime's trace of the products and the largest, and our
 * own functions around them.
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

/** The first contact with a picture, by stage. */
function ofPicture(row: string, photos: number): Profiled {
  const shape: FolderShape = { ...decodeRows[row]!, photos };
  return async () => ({ per: 'picture', operators: await decodeStages(shape) });
}
