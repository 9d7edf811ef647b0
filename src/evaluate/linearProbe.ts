/**
 * Linear probe: accuracy of a linear classifier trained on frozen features.
 *
 * Minimises `mean CE(softmax(W z + b), y) + |W|² / (2 N)`, with z the features standardised by the train rows' mean and
 * deviation, from W = 0, by Adam with a cosine schedule for a fixed number of epochs; the accuracy after the last epoch
 * is reported. The penalty is that of scikit-learn's LogisticRegression at its default C = 1.
 *
 * Range 0 to 1; chance is the share of the most frequent class. It says how much about the classes can be read off the
 * features by one linear map.
 *
 * Difference from the usual protocol (SwAV's `eval_linear.py`: SGD on random crops and flips, 100 epochs, the best
 * epoch is reported): the features are computed once, without augmentation, and no epoch is chosen by test accuracy.
 */
import type { Engine } from '../backends/index.ts';
import { columnMeans, columnVariances, type Features } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { adam, warmupCosine } from '../nn/index.ts';
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
import { type Labelled, requireLabelled } from './knn.ts';

export interface ProbeOptions {
  /** Passes over the train rows; raised for small sets until there are 1000 steps. */
  epochs?: number;
  /** Rows per step. */
  batchSize?: number;
  /** Highest learning rate, from which the cosine falls to 0. */
  learningRate?: number;
  /** Rows whose means and deviations standardise the columns; the train rows unless given. Needs no labels. */
  standardiseBy?: Features;
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
  /** The protocol in words. */
  readonly protocol: string;
}

/** Steps below which a small set has not settled. */
const FEWEST_STEPS = 1000;
/** Most rows predicted at once. */
const PREDICTED_ROWS = 1024;

/**
 * Trains the probe on train rows as one compiled step and measures it on test rows.
 *
 * Classes are those of the train rows; a test row of another class counts as wrong. The same seed gives the same result.
 */
export async function linearProbe(
  engine: Engine,
  train: Labelled,
  test: Labelled,
  { epochs = 30, batchSize = 256, learningRate = 0.01, standardiseBy, seed = 0, signal }: ProbeOptions = {},
): Promise<ProbeResult> {
  requireLabelled('linear probe: train', train);
  requireLabelled('linear probe: test', test);
  if (train.features.dimension !== test.features.dimension) {
    throw new LikenessError(
      'features.dimensions',
      `linear probe: received train features of dimension ${train.features.dimension} and test features of ` +
        `${test.features.dimension}; expected the same encoder for both`,
    );
  }
  const { count, dimension } = train.features;
  const B = Math.min(batchSize, count);
  const classes = train.labels.reduce((a, b) => Math.max(a, b), 0) + 1;
  const stepsPerEpoch = Math.ceil(count / B);
  const allEpochs = Math.max(epochs, Math.ceil(FEWEST_STEPS / stepsPerEpoch));
  const steps = allEpochs * stepsPerEpoch;
  const standardise = standardiser(standardiseBy ?? train.features);

  const x = input('x', [B, dimension]);
  const y = input('y', [B], 'int32');
  const weight = input('weight', [B]); // B / rows for real rows, 0 for those that fill the last batch
  const rate = input('rate', []);
  const W = input('W', [classes, dimension]);
  const b = input('b', [classes]);
  const logits = linear(x, W, b); // [B, classes]
  const targets = mul(oneHot(y, classes), reshape(weight, [B, 1]));
  const penalty = mul(sum(mul(W, W)), scalar(0.5 / count));
  const loss = add(crossEntropy(logits, targets), penalty);
  const [byW, byB] = gradients(loss, [W, b]);
  const optimizer = adam();
  const updates = [
    { tensor: W, ...optimizer.update({ name: 'W', value: W, gradient: byW!, group: 'probe' }, rate) },
    { tensor: b, ...optimizer.update({ name: 'b', value: b, gradient: byB!, group: 'probe' }, rate) },
  ];
  const step = await engine.compile({
    outputs: { loss },
    state: updates.flatMap(({ tensor, next, slots }) => [{ current: tensor, next }, ...slots]),
    name: 'linear probe',
  });
  // Rows do not see each other here, so a block need not be as small as a batch of few labelled rows.
  const P = Math.min(PREDICTED_ROWS, Math.max(count, test.features.count));
  const predict = await engine.compile({
    outputs: { predicted: argMax(linear(input('x', [P, dimension]), W, b), 1) }, // [P]
    state: [{ current: W }, { current: b }],
  });

  /** Rows by index, standardised, zero rows after them: `[size, D]`. */
  function standardised({ features }: Labelled, rows: Int32Array, size: number): Float32Array {
    const x = new Float32Array(size * dimension);
    rows.forEach((row, i) => {
      standardise(features, row, x, i * dimension);
    });
    return x;
  }
  /** A batch of train rows by index; rows that are missing at the end have weight 0. */
  function batchOf(rows: Int32Array) {
    const batch = {
      x: standardised(train, rows, B),
      y: new Int32Array(B),
      weight: new Float32Array(B).fill(B / rows.length, 0, rows.length),
    };
    rows.forEach((row, i) => {
      batch.y[i] = train.labels[row]!;
    });
    return batch;
  }
  async function accuracyOn(set: Labelled): Promise<number> {
    let right = 0;
    for (let start = 0; start < set.features.count; start += P) {
      const rows = range(start, Math.min(start + P, set.features.count));
      const predicted = (await predict.run({ x: standardised(set, rows, P) }, { transfer: true })).predicted!;
      rows.forEach((row, i) => {
        if (predicted[i] === set.labels[row]) right++;
      });
    }
    return right / set.features.count;
  }

  try {
    for (let epoch = 0; epoch < allEpochs; epoch++) {
      signal?.throwIfAborted();
      const order = randomAt(seed, 'probe', epoch).shuffle(range(0, count));
      for (let i = 0; i < stepsPerEpoch; i++) {
        const t = epoch * stepsPerEpoch + i;
        const scalars = {
          ...optimizer.scalars(t + 1, 'probe'),
          rate: warmupCosine(t, {
            start: 0,
            base: learningRate,
            final: 0,
            warmupSteps: 0,
            totalSteps: steps,
          }),
        };
        const fed = Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]);
        const batch = batchOf(order.subarray(i * B, (i + 1) * B));
        await step.run({ ...batch, ...Object.fromEntries(fed) }, { transfer: true });
      }
    }
    await predict.writeState(await step.readState(['W', 'b']));
    return {
      accuracy: await accuracyOn(test),
      trainAccuracy: await accuracyOn(train),
      epochs: allEpochs,
      steps,
      protocol:
        `linear classifier on frozen standardised features of the evaluation view, trained on the engine as one compiled step: ` +
        `Adam at ${learningRate} falling to 0 by a cosine, batches of ${B}, ${allEpochs} epochs, L2 penalty 1/N; accuracy ` +
        'after the last epoch, no epoch or setting chosen by it',
    };
  } finally {
    await step.dispose();
    await predict.dispose();
  }
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/** Writes a row less the mean of its column over the deviation; a column without variance becomes 0. */
function standardiser(
  features: Features,
): (of: Features, row: number, out: Float32Array, at: number) => void {
  const means = columnMeans(features);
  const variances = columnVariances(features, means);
  const scales = variances.map((variance, d) =>
    // Below the rounding of float32 around its mean a column is constant.
    variance > 1e-12 * Math.max(1e-24, means[d]! * means[d]!) ? 1 / Math.sqrt(variance) : 0,
  );
  return ({ data, dimension }, row, out, at) => {
    for (let d = 0; d < dimension; d++) out[at + d] = (data[row * dimension + d]! - means[d]!) * scales[d]!;
  };
}
