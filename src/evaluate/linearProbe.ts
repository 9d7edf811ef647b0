/**
 * Linear probe: accuracy of a linear classifier trained on frozen features.
 *
 * Minimizes `mean CE(softmax(W z + b), y) + |W|² / (2 N)`, with z the features standardized by the
 * train rows' mean and deviation, from W = 0, by Adam with a cosine schedule for a fixed number of
 * epochs; the accuracy after the last epoch is reported. The penalty is that of scikit-learn's
 * LogisticRegression at its default C = 1.
 *
 * Range 0 to 1; chance is the share of the most frequent class. It says how much about the classes
 * can be read off the features by one linear map.
 *
 * Difference from the usual protocol (SwAV's `eval_linear.py`: SGD on random crops and flips, 100
 * epochs, the best epoch is reported): the features are computed once, without augmentation, and no
 * epoch is chosen by test accuracy.
 */
import type { Engine, Executable } from '../backends/index.ts';
import { type Features, requireSameDimension, sharedValues } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { inOrder } from '../core/inOrder.ts';
import { randomAt } from '../core/random.ts';
import { adam, warmupCosine } from '../nn/index.ts';
import {
  add,
  crossEntropy,
  gather,
  gradients,
  input,
  linear,
  mul,
  oneHot,
  reshape,
  scalar,
  sum,
} from '../tensor/index.ts';
import { type Labeled, requireLabeled } from './knn.ts';
import {
  type ColumnScale,
  disposeAll,
  openPredictor,
  probeSession,
  type StandardizedRows,
  standardizer,
} from './probePredictor.ts';

/** Standardization of the columns, which needs no labels. */
export interface StandardizeOptions {
  /** Rows whose means and deviations standardize the columns. Default: the train rows. */
  standardizeBy?: Features;
  /**
   * `each` (default) divides every column by its own deviation. `common` divides all by the root of
   * their mean variance, so that directions of little variance stay small.
   */
  scale?: ColumnScale;
}

export interface ProbeOptions extends FitOptions, StandardizeOptions {}

export interface FitOptions {
  /** Passes over the train rows; raised for small sets until there are 1000 steps. */
  epochs?: number;
  /** Rows per step. */
  batchSize?: number;
  /** Highest learning rate, from which the cosine falls to 0. */
  learningRate?: number;
  /** Seed of the order of rows. */
  seed?: number;
  /** Receives the number of finished steps. */
  onProgress?(done: number, of: number): void;
  signal?: AbortSignal;
}

export interface ProbeResult {
  /** Share of test rows predicted right after the last epoch, 0 to 1. */
  readonly accuracy: number;
  /** The same on the train rows: far above `accuracy` means too few rows for the dimension. */
  readonly trainAccuracy: number;
  readonly epochs: number;
  readonly steps: number;
  /** Protocol in words. */
  readonly protocol: string;
}

/** Standardized rows of a train and a test set, on which probes are trained one after the other. */
export interface ProbeBench {
  /**
   * Trains a probe on the given train rows and measures it on them and on all test rows. Waits for
   * the probes that were asked for before.
   *
   * @param rows indices of train rows. Default: all.
   */
  fit(options?: FitOptions, rows?: Int32Array): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** Fewest steps; a small set needs them to converge. */
const MIN_STEPS = 1000;
/** Steps that are queued for the engine, so that it never waits for the calling thread. */
const STEPS_AHEAD = 8;

/** Sizes of one probe. */
interface Setup {
  /** Rows per step B. */
  readonly batchSize: number;
  readonly classes: number;
  readonly dimension: number;
  /** Rows that are trained on. */
  readonly rows: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
}

/**
 * Trains the probe on train rows as one compiled step and measures it on test rows.
 *
 * Classes are those of the train rows; a test row of another class counts as wrong. The same seed
 * gives the same result.
 */
export async function linearProbe(
  engine: Engine,
  train: Labeled,
  test: Labeled,
  { standardizeBy, scale, ...options }: ProbeOptions = {},
): Promise<ProbeResult> {
  const bench = openProbes(engine, train, test, { standardizeBy, scale });
  try {
    return await bench.fit(options);
  } finally {
    await bench.close();
  }
}

/**
 * Standardizes the rows of a train and a test set once, for any number of probes.
 *
 * Compiled steps are shared by probes with as many rows.
 */
export function openProbes(
  engine: Engine,
  train: Labeled,
  test: Labeled,
  { standardizeBy = train.features, scale = 'each' }: StandardizeOptions = {},
): ProbeBench {
  requireLabeled('linear probe: train', train);
  requireLabeled('linear probe: test', test);
  requireSameDimension('linear probe', train.features, test.features);
  const { count, dimension } = train.features;
  const standardize = standardizer(standardizeBy, scale);
  const sets = { train: standardize(train), test: standardize(test) };
  const predictors = {
    train: openPredictor(engine, sets.train),
    test: openPredictor(engine, sets.test),
  };
  const steps = new Map<string, Promise<Executable>>();
  async function fitOne(
    {
      epochs: asked = 30,
      batchSize = 256,
      learningRate = 0.01,
      seed = 0,
      onProgress,
      signal,
    }: FitOptions = {},
    rows = range(0, count),
  ): Promise<ProbeResult> {
    const B = Math.min(batchSize, rows.length);
    const stepsPerEpoch = Math.ceil(rows.length / B);
    const epochs = Math.max(asked, Math.ceil(MIN_STEPS / stepsPerEpoch));
    const classes = rows.reduce((most, row) => Math.max(most, train.labels[row]!), 0) + 1;
    const setup: Setup = {
      ...{ batchSize: B, classes, dimension, rows: rows.length },
      ...{ epochs, stepsPerEpoch, learningRate },
    };
    const key = `${classes} ${rows.length} ${B}`;
    if (!steps.has(key)) {
      const session = probeSession({ rows: B, dimension, classes });
      steps.set(key, engine.compile(probeStep(setup), { session }));
    }
    const step = await steps.get(key)!;
    const chosen = rows.length < count ? rowsOf(sets.train, rows, dimension) : sets.train;
    const weights = await trainWeights(step, chosen, {
      ...setup,
      seed,
      onProgress,
      signal,
    });
    return {
      accuracy: await predictors.test.accuracy(weights, classes, range(0, sets.test.count)),
      trainAccuracy: await predictors.train.accuracy(weights, classes, rows),
      epochs,
      steps: epochs * stepsPerEpoch,
      protocol:
        'linear classifier on frozen standardized features of the evaluation view, trained on ' +
        `the engine as one compiled step: Adam at ${learningRate} falling to 0 by a cosine, ` +
        `batches of ${B}, ${epochs} epochs, L2 penalty 1/N; accuracy after the last epoch, ` +
        'no epoch or setting chosen by it',
    };
  }
  // Fits of one size share the state of a compiled step, so one ends before the next begins.
  let last: Promise<unknown> = Promise.resolve();
  return {
    fit(...args) {
      const result = last.then(() => fitOne(...args));
      last = result.catch(() => {});
      return result;
    },
    async close() {
      await last;
      await disposeAll(steps);
      await predictors.train.close();
      await predictors.test.close();
    },
  };
}

const optimizer = adam();

/**
 * The training step: softmax regression with an L2 penalty, updated by Adam. The loss is no output,
 * because nobody reads it.
 */
function probeStep({ batchSize: B, classes, dimension, rows }: Setup): Program {
  const x = gather(input('x', [rows, dimension]), input('order', [B], 'int32')); // [B, D]
  const y = input('y', [B], 'int32');
  // B / rows for real rows, 0 for those that fill the last batch.
  const weight = input('weight', [B]);
  const rate = input('rate', []);
  const W = input('W', [classes, dimension]);
  const b = input('b', [classes]);
  const logits = linear(x, W, b); // [B, classes]
  const targets = mul(oneHot(y, classes), reshape(weight, [B, 1])); // [B, classes]
  const penalty = mul(sum(mul(W, W)), scalar(0.5 / rows)); // []
  const loss = add(crossEntropy(logits, targets), penalty); // []
  const [byW, byB] = gradients(loss, [W, b]);
  const updates = [
    {
      tensor: W,
      ...optimizer.update({ name: 'W', value: W, gradient: byW!, group: 'probe' }, rate),
    },
    {
      tensor: b,
      ...optimizer.update({ name: 'b', value: b, gradient: byB!, group: 'probe' }, rate),
    },
  ];
  return {
    outputs: {},
    state: updates.flatMap(({ tensor, next, slots }) => [{ current: tensor, next }, ...slots]),
    name: 'linear probe',
  };
}

/** Trains W [classes, D] and b [classes] from zero for all epochs. */
async function trainWeights(
  step: Executable,
  { x, labels, count }: StandardizedRows,
  {
    batchSize: B,
    epochs,
    stepsPerEpoch,
    learningRate: base,
    seed,
    onProgress,
    signal,
  }: Setup & { seed: number } & Pick<FitOptions, 'onProgress' | 'signal'>,
): Promise<Values> {
  const totalSteps = epochs * stepsPerEpoch;
  const state = await step.readState();
  await step.writeState(
    Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.fill(0)])),
  );
  let order = range(0, count);
  const run = async (t: number) => {
    const [epoch, i] = [Math.floor(t / stepsPerEpoch), t % stepsPerEpoch];
    if (i === 0) order = randomAt(seed, 'probeOrder', epoch).shuffle(range(0, count));
    const batch = order.subarray(i * B, (i + 1) * B);
    const rate = warmupCosine(t, { start: 0, base, final: 0, warmupSteps: 0, totalSteps });
    const scalars = Object.entries({ ...optimizer.scalars(t + 1, 'probe'), rate });
    await step.run({
      x,
      ...batchOf(batch, labels, B),
      ...Object.fromEntries(scalars.map(([name, value]) => [name, Float32Array.of(value)])),
    });
  };
  // The engine runs steps in the order in which they are sent.
  let done = 0;
  for await (const _ of inOrder(totalSteps, run, { ahead: STEPS_AHEAD, ...(signal && { signal }) }))
    onProgress?.(++done, totalSteps);
  return step.readState(['W', 'b']);
}

/** Copies some rows side by side: a step reads few rows several times faster so. */
function rowsOf({ x, labels }: StandardizedRows, rows: Int32Array, D: number): StandardizedRows {
  const chosen = sharedValues(rows.length * D);
  rows.forEach((row, i) => {
    chosen.set(x.subarray(row * D, (row + 1) * D), i * D);
  });
  return { x: chosen, count: rows.length, labels: rows.map((row) => labels[row]!) };
}

/** A batch of train rows by index; missing rows at the end are row 0 with weight 0. */
function batchOf(rows: Int32Array, labels: Int32Array, B: number) {
  const [order, y] = [new Int32Array(B), new Int32Array(B)];
  order.set(rows);
  rows.forEach((row, i) => {
    y[i] = labels[row]!;
  });
  return { order, y, weight: new Float32Array(B).fill(B / rows.length, 0, rows.length) };
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}
