/**
 * Benchmarks settings of ONNX Runtime: one training step with the engine's settings and with each
 * of them switched alone. Timing starts after all have computed the same losses.
 */
import type { Engine, SessionSettings } from '../src/backends/index.ts';
import { ownContender } from './contenders.ts';
import type { Shape } from './shapes.ts';
import { onStage } from './stage.ts';
import { prepare as prepareStep, stepRows } from './step.ts';
import { alternate, median, most, pairRatios, times } from './turns.ts';

interface Switched {
  session?: SessionSettings;
  /** Default: all cores. */
  threads?: number;
}

/** Switched settings, by their names in the table. */
export const switches: Readonly<Record<string, Switched>> = {
  'one thread': { threads: 1 },
  'threads wait for work after a run, too': { session: { spinning: 'after runs' } },
  'threads never wait for work': { session: { spinning: 'never' } },
  'memory planned as a whole': { session: { memoryPattern: true } },
  'memory not kept from run to run': { session: { arena: false } },
  'basic graph optimization': { session: { optimization: 'basic' } },
  'no graph optimization': { session: { optimization: 'disabled' } },
  'denormals computed': { session: { denormalsAsZero: false } },
  'results in new memory': { session: { preallocated: false } },
};

/** Default steps. */
export const defaultRows: readonly string[] = [
  'resnet18-cifar-32-w16-b64',
  'resnet18-imagenet-64-w64-b64',
];

export interface SettingsRow {
  /** Name of the step. */
  name: string;
  /** Time of a step with the engine's settings. */
  milliseconds: number;
  /** Peak resident memory in MB; null where the system does not report it. */
  megabytes: number | null;
  switched: {
    setting: string;
    milliseconds: number;
    /**
     * Median over pairs of rounds of its time divided by that with the engine's settings. Above 1,
     * it is slower.
     */
    ratio: number;
    spread: [number, number];
    megabytes: number | null;
  }[];
}

/** Largest relative difference of losses that count as the same computation. */
const TOLERANCE = 1e-4;

/** Benchmarks one row of the step benchmark with each of the named switches. */
export async function benchmarkSettings(
  name: string,
  {
    rounds = 5,
    settings = Object.keys(switches),
  }: { rounds?: number; settings?: readonly string[] } = {},
): Promise<SettingsRow> {
  const shape = stepRows[name]!;
  const loss = await lossOf(shape, {});
  for (const setting of settings) {
    const other = await lossOf(shape, switches[setting]!);
    if (!(Math.abs(other / loss - 1) < TOLERANCE))
      throw new Error(`${name}: the loss with "${setting}" is ${other}, not ${loss}`);
  }
  const contenders = [{}, ...settings.map((setting) => switches[setting]!)].map(
    ({ session, threads }: Switched) =>
      ownContender({ module: './settings.ts', args: { shape, session }, threads }),
  );
  const [ours = [], ...others] = await alternate(contenders, { rounds });
  const switched = settings.map((setting, i) => {
    const turns = others[i]!;
    const ratios = pairRatios(times(ours), times(turns));
    const spread: [number, number] = [Math.min(...ratios), Math.max(...ratios)];
    const figures = { milliseconds: median(times(turns)), megabytes: most(turns) };
    return { setting, ...figures, ratio: median(ratios), spread };
  });
  return { name, milliseconds: median(times(ours)), megabytes: most(ours), switched };
}

/** Prepares the work; each call runs one step. */
export function prepare(
  engine: Engine,
  { shape, session }: { shape: Shape; session?: SessionSettings },
): ReturnType<typeof prepareStep> {
  const set: Engine = {
    ...engine,
    compile: (program, options) => engine.compile(program, { ...options, session }),
  };
  return prepareStep(set, { shape });
}

/** Computes the loss after a step. */
function lossOf(shape: Shape, { session, threads }: Switched): Promise<number> {
  return onStage(
    ({ withEngine }) =>
      withEngine(async (engine) => {
        const once = await prepare(engine, { shape, session });
        await once();
        return (await once()).loss![0]!;
      }),
    { threads },
  );
}
