/**
 * Training of the benchmark of ranks: one process, or a rank that mpirun started. The first rank
 * prints its speed, and the time and bytes of its exchanges.
 */
import { parseArgs } from 'node:util';
import { type Communicator, findLauncher, openRanks } from '../src/collectives/index.ts';
import { reporterOf } from '../src/core/reporter.ts';
import { openImages } from '../src/data/index.ts';
import { type TrainEvent, trainOnRanks, trainRun } from '../src/train/index.ts';
import { median } from './turns.ts';

const { values } = parseArgs({
  options: {
    source: { type: 'string' },
    out: { type: 'string' },
    threads: { type: 'string' },
    batch: { type: 'string' },
    norm: { type: 'string' },
    width: { type: 'string' },
    steps: { type: 'string' },
  },
});
/** Steps at the start that are not counted: kernels are chosen and memory is allocated. */
const UNCOUNTED = 10;

let [milliseconds, bytes, calls] = [0, 0, 0];

/** Adds up the time of the collectives of a rank, waiting for the others included. */
function timed(communicator: Communicator): Communicator {
  const count =
    <A extends readonly unknown[], R>(work: (values: Float32Array, ...rest: A) => Promise<R>) =>
    async (array: never, ...rest: A): Promise<R> => {
      const start = performance.now();
      const found = await work(array, ...rest);
      milliseconds += performance.now() - start;
      bytes += (array as Float32Array).byteLength;
      calls++;
      return found;
    };
  return {
    ...communicator,
    allReduce: count(communicator.allReduce as never),
    allGather: count(communicator.allGather as never) as never,
    reduceScatter: count(communicator.reduceScatter as never) as never,
  };
}

const moments: { seconds: number; milliseconds: number; bytes: number; calls: number }[] = [];
const onEvent = ({ kind }: TrainEvent) => {
  if (kind !== 'step') return;
  moments.push({ seconds: performance.now() / 1000, milliseconds, bytes, calls });
};
const images = await openImages(values.source!);
const batchSize = Number(values.batch);
const request = {
  ...{ out: values.out!, method: 'simclr', preset: 'small-32', seed: 0, epochs: 1000 },
  settings: {
    data: { batchSize },
    encoder: { width: Number(values.width), batchNorm: values.norm as 'own' | 'joined' },
    schedule: { maxSteps: Number(values.steps) },
    run: { threads: Number(values.threads), measures: 'none' as const },
  },
};
const watch = { reporter: reporterOf(), onEvent };
if (findLauncher(process.env)) {
  const communicator = await openRanks();
  await trainOnRanks(images, request, { ...watch, communicator: timed(communicator) });
  await communicator.close();
} else await trainRun(images, request, watch);
await images.close();

if (moments.length > 0) {
  const steps = moments.slice(UNCOUNTED);
  const between = (of: (moment: (typeof steps)[number]) => number) =>
    median(steps.slice(1).map((moment, i) => of(moment) - of(steps[i]!)));
  const seconds = between((moment) => moment.seconds);
  const found = {
    ...{ imagesPerSecond: batchSize / seconds, milliseconds: 1000 * seconds },
    exchangeMilliseconds: between((moment) => moment.milliseconds),
    exchangedBytes: between((moment) => moment.bytes),
    exchanges: between((moment) => moment.calls),
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
