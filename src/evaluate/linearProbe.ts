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
import type { Engine } from '../backends/index.ts';
import {
  columnMeans,
  columnVariances,
  type Features,
  requireSameDimension,
} from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { adam, type Optimizer, warmupCosine } from '../nn/index.ts';
import {
  add,
  argMax,
  crossEntropy,
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

export interface ProbeOptions {
  /** Passes over the train rows; raised for small sets until there are 1000 steps. */
  epochs?: number;
  /** Rows per step. */
  batchSize?: number;
  /** Highest learning rate, from which the cosine falls to 0. */
  learningRate?: number;
  /**
   * Rows whose means and deviations standardize the columns; needs no labels. Default: the train
   * rows.
   */
  standardizeBy?: Features;
  /** Seed of the order of rows. */
  seed?: number;
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

/** Fewest steps; a small set needs them to converge. */
const MIN_STEPS = 1000;
/** Most rows predicted at once. */
const PREDICTED_ROWS = 1024;

/** Sizes of one probe, and how rows are standardized. */
interface Setup {
  /** Rows per step B. */
  readonly batchSize: number;
  readonly classes: number;
  readonly dimension: number;
  /** Train rows N. */
  readonly rows: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
  standardize(of: Features, row: number, out: Float32Array, at: number): void;
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
  {
    epochs = 30,
    batchSize = 256,
    learningRate = 0.01,
    standardizeBy,
    seed = 0,
    signal,
  }: ProbeOptions = {},
): Promise<ProbeResult> {
  requireLabeled('linear probe: train', train);
  requireLabeled('linear probe: test', test);
  requireSameDimension('linear probe', train.features, test.features);
  const { count, dimension } = train.features;
  const B = Math.min(batchSize, count);
  const stepsPerEpoch = Math.ceil(count / B);
  const setup: Setup = {
    batchSize: B,
    classes: train.labels.reduce((a, b) => Math.max(a, b), 0) + 1,
    dimension,
    rows: count,
    epochs: Math.max(epochs, Math.ceil(MIN_STEPS / stepsPerEpoch)),
    stepsPerEpoch,
    learningRate,
    standardize: standardizer(standardizeBy ?? train.features),
  };
  const weights = await trainWeights(engine, train, setup, { seed, signal });
  const [accuracy, trainAccuracy] = await accuracies(engine, [test, train], weights, setup);
  return {
    accuracy: accuracy!,
    trainAccuracy: trainAccuracy!,
    epochs: setup.epochs,
    steps: setup.epochs * stepsPerEpoch,
    protocol:
      'linear classifier on frozen standardized features of the evaluation view, trained on the ' +
      `engine as one compiled step: Adam at ${learningRate} falling to 0 by a cosine, ` +
      `batches of ${B}, ${setup.epochs} epochs, L2 penalty 1/N; accuracy after the last epoch, ` +
      'no epoch or setting chosen by it',
  };
}

/** The training step: softmax regression with an L2 penalty, updated by Adam. */
function probeStep(
  { batchSize: B, classes, dimension, rows }: Setup,
  optimizer: Optimizer,
): Program {
  const x = input('x', [B, dimension]);
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
    outputs: { loss },
    state: updates.flatMap(({ tensor, next, slots }) => [{ current: tensor, next }, ...slots]),
    name: 'linear probe',
  };
}

/** Trains W [classes, D] and b [classes] from zero for all epochs. */
async function trainWeights(
  engine: Engine,
  train: Labeled,
  setup: Setup,
  { seed, signal }: { seed: number; signal?: AbortSignal },
): Promise<Values> {
  const { batchSize: B, epochs, stepsPerEpoch, learningRate: base } = setup;
  const totalSteps = epochs * stepsPerEpoch;
  const optimizer = adam();
  const step = await engine.compile(probeStep(setup, optimizer));
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      signal?.throwIfAborted();
      const order = randomAt(seed, 'probeOrder', epoch).shuffle(range(0, setup.rows));
      for (let i = 0; i < stepsPerEpoch; i++) {
        const t = epoch * stepsPerEpoch + i;
        const rate = warmupCosine(t, { start: 0, base, final: 0, warmupSteps: 0, totalSteps });
        const scalars = Object.entries({ ...optimizer.scalars(t + 1, 'probe'), rate });
        const fed = scalars.map(([name, value]) => [name, Float32Array.of(value)]);
        const batch = batchOf(train, order.subarray(i * B, (i + 1) * B), setup);
        await step.run({ ...batch, ...Object.fromEntries(fed) }, { transfer: true });
      }
    }
    return await step.readState(['W', 'b']);
  } finally {
    await step.dispose();
  }
}

/** Fraction of rows predicted right, for each set. */
async function accuracies(
  engine: Engine,
  sets: readonly Labeled[],
  weights: Values,
  setup: Setup,
): Promise<number[]> {
  const { classes, dimension } = setup;
  // Rows are independent here, so a block need not be as small as a batch of few labeled rows.
  const P = Math.min(PREDICTED_ROWS, Math.max(...sets.map(({ features }) => features.count)));
  const W = input('W', [classes, dimension]);
  const b = input('b', [classes]);
  const predict = await engine.compile({
    outputs: { predicted: argMax(linear(input('x', [P, dimension]), W, b), 1) }, // [P]
    state: [{ current: W }, { current: b }],
  });
  try {
    await predict.writeState(weights);
    const found: number[] = [];
    for (const set of sets) {
      const { count } = set.features;
      let right = 0;
      for (let start = 0; start < count; start += P) {
        const rows = range(start, Math.min(start + P, count));
        const x = standardizedRows(set, rows, P, setup);
        const { predicted } = await predict.run({ x }, { transfer: true });
        rows.forEach((row, i) => {
          if (predicted![i] === set.labels[row]) right++;
        });
      }
      found.push(right / count);
    }
    return found;
  } finally {
    await predict.dispose();
  }
}

/** A batch of train rows by index; missing rows at the end have weight 0. */
function batchOf(train: Labeled, rows: Int32Array, setup: Setup) {
  const B = setup.batchSize;
  const y = new Int32Array(B);
  rows.forEach((row, i) => {
    y[i] = train.labels[row]!;
  });
  return {
    x: standardizedRows(train, rows, B, setup),
    y,
    weight: new Float32Array(B).fill(B / rows.length, 0, rows.length),
  };
}

/** Standardized rows by index, followed by zero rows: `[size, D]`. */
function standardizedRows(
  { features }: Labeled,
  rows: Int32Array,
  size: number,
  { dimension, standardize }: Setup,
): Float32Array {
  const x = new Float32Array(size * dimension);
  rows.forEach((row, i) => {
    standardize(features, row, x, i * dimension);
  });
  return x;
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/**
 * Returns a function that standardizes a row by column means and deviations; a constant column
 * becomes 0.
 */
function standardizer(
  features: Features,
): (of: Features, row: number, out: Float32Array, at: number) => void {
  const means = columnMeans(features);
  const variances = columnVariances(features, means);
  const scales = variances.map((variance, d) =>
    // Below the rounding of float32 around its mean a column is constant.
    variance > 1e-12 * Math.max(1e-24, means[d]! * means[d]!) ? 1 / Math.sqrt(variance) : 0,
  );
  return ({ data, dimension }, row, out, at) => {
    for (let d = 0; d < dimension; d++)
      out[at + d] = (data[row * dimension + d]! - means[d]!) * scales[d]!;
  };
}
