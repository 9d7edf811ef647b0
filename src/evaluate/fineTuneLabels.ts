/**
 * Evaluates a network with few labels by training it further: the whole network and a linear
 * classifier on it learn a small part of the labels, and are measured on all test images.
 *
 * For a share s of the labels, drawn as in `fewLabels`:
 *
 *   h = f(x),  logits = W h + b
 *   L = mean over the batch of -log softmax(logits)[y]
 *
 * Adam on all parameters, the rate of the classifier five times that of the network, both falling
 * to 0 by a cosine. Views are one random crop, mirrored where the run's views are, without changes
 * of color, as in SwAV's code. Test images are in the evaluation view.
 *
 * Protocol: the 1 % and 10 % label columns of Chen et al. 2020 (SimCLR), section 6, which SwAV, PCL
 * and HCSC follow.
 * Differences: Adam in place of SGD with rates by paper; steps are counted, because 1 % of a small
 * set is one batch; batch norm keeps the statistics of the trained encoder, which a few images
 * cannot estimate.
 */
import type { Engine, Executable } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { PixelCache } from '../data/index.ts';
import {
  encoderOptions,
  labeledCrossEntropy,
  normalizeImages,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { adam, createVariables, encode, filled, linear } from '../nn/index.ts';
import { argMax, gradients, input, mul, sizeOf } from '../tensor/index.ts';
import { evaluationBatches, openLoader, parseViews } from '../views/index.ts';
import { labeledDraw } from './fewLabels.ts';

export interface LabeledImages {
  /** Cache indices. */
  readonly indices: Uint32Array;
  /** Label of each, 0 to K - 1. */
  readonly labels: Int32Array;
}

export interface FineTuneLabelsOptions {
  engine: Engine;
  cache: PixelCache;
  /** Settings of the run, for its network and views. */
  settings: Settings;
  /** Weights and running statistics of the trained network, by name. */
  state: Values;
  train: LabeledImages;
  test: LabeledImages;
  /** Shares of the labels, above 0 to 1. Default .01 and .1. */
  shares?: readonly number[];
  /**
   * Fewest steps, because 20 epochs of a few hundred labels are too few to move a network. Default
   * 600.
   */
  leastSteps?: number;
  seed?: number;
  workers?: number;
  /** Receives the number of finished steps over all shares. */
  onProgress?(done: number, of: number): void;
  signal?: AbortSignal | undefined;
}

export interface FineTunedResult {
  readonly share: number;
  /** Share of the test images whose label is predicted. */
  readonly accuracy: number;
  /** Labels that were learned. */
  readonly labels: number;
  readonly steps: number;
}

const BATCH = 64;
const EPOCHS = 20;
const MAX_STEPS = 2000;
const NETWORK_RATE = 2e-3;
const CLASSIFIER_RATE = 5 * NETWORK_RATE;
const CLASSIFIER = 'label_classifier';
const TEST_BATCH = 128;

/**
 * Accuracy on test images after learning each share of the labels. The same seed gives the same
 * result.
 *
 * @throws LikenessError `labels.tooFew` without labeled images on both sides, the signal's reason
 */
export async function fineTuneLabels(options: FineTuneLabelsOptions): Promise<FineTunedResult[]> {
  const { train, test, shares = [0.01, 0.1], leastSteps = 600 } = options;
  const { seed = 0, onProgress } = options;
  if (train.indices.length === 0 || test.indices.length === 0) {
    throw new LikenessError(
      'labels.tooFew',
      `fine-tuning: received ${train.indices.length} labeled images for training and ` +
        `${test.indices.length} for testing; expected both. Give every class two images or more.`,
    );
  }
  const classes = [...train.labels, ...test.labels].reduce((a, b) => Math.max(a, b), 0) + 1;
  const parts = shares.map((share) => {
    const rows = labeledDraw(train.labels, share, { seed });
    const part = {
      indices: Uint32Array.from(rows, (row) => train.indices[row]!),
      labels: Int32Array.from(rows, (row) => train.labels[row]!),
    };
    const batchSize = Math.min(BATCH, rows.length);
    const epochSteps = EPOCHS * Math.floor(rows.length / batchSize);
    return { share, part, batchSize, steps: Math.min(MAX_STEPS, Math.max(leastSteps, epochSteps)) };
  });
  const total = parts.reduce((sum, { steps }) => sum + steps, 0);
  const results: FineTunedResult[] = [];
  let before = 0;
  for (const { share, part, batchSize, steps } of parts) {
    const report = (done: number) => onProgress?.(before + done, total);
    const weights = await learn({ ...options, seed, classes, part, batchSize, steps, report });
    const accuracy = await measure({ ...options, classes, weights });
    results.push({ share, accuracy, labels: part.labels.length, steps });
    before += steps;
  }
  return results;
}

interface LearnOptions extends FineTuneLabelsOptions {
  seed: number;
  classes: number;
  part: LabeledImages;
  batchSize: number;
  steps: number;
  report(done: number): void;
}

/** Logits [B, K] of images [B, 3, s, s], with the variables that they read. */
function network(
  settings: Settings,
  { batchSize: B, classes }: { batchSize: number; classes: number },
) {
  const { imageSize: s } = settings.data;
  const variables = createVariables({ mode: 'evaluate' });
  const x = normalizeImages(input('images', [B, 3, s, s], 'uint8'), viewsOf(settings).normalize);
  const h = encode(variables, x, encoderOptions(settings)); // [B, F]
  const initialize = { weight: filled(0), bias: filled(0) };
  const logits = linear(variables, CLASSIFIER, h, { features: classes, initialize }); // [B, K]
  return { variables, logits };
}

/** Trains network and classifier, and returns their weights. */
async function learn(options: LearnOptions): Promise<Values> {
  const { engine, cache, settings, state, part, batchSize, steps, seed, workers, signal } = options;
  const { variables, logits } = network(settings, options);
  const { loss } = labeledCrossEntropy(logits, input('labels', [batchSize], 'int32'));
  const parameters = variables.parameters();
  const found = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const optimizer = adam();
  const rate = input('rate', []);
  const updates = parameters.map(({ name, tensor: value }, i) => {
    const own = name.startsWith(CLASSIFIER) ? mul(rate, CLASSIFIER_RATE / NETWORK_RATE) : rate;
    return optimizer.update({ name, value, gradient: found[i]!, group: 'labels' }, own);
  });
  const trained = parameters.flatMap(({ tensor }, i) => {
    const { next, slots } = updates[i]!;
    return [
      { current: tensor, next },
      ...slots.map((slot) => ({ current: slot.current, next: slot.next })),
    ];
  });
  const kept = variables.buffers().map(({ tensor }) => ({ current: tensor }));
  const executable = await engine.compile({
    outputs: { loss },
    state: [...trained, ...kept],
    name: 'fine-tuning with labels',
  });
  const loader = openLoader({
    ...{ cache, indices: part.indices, batchSize, seed },
    ...(workers !== undefined && { workers }),
    views: cropsOnly(settings),
  });
  try {
    await executable.writeState(startOf([...trained, ...kept], state));
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const epoch = Math.floor(step / loader.stepsPerEpoch);
      const { crops, positions } = await loader.batch(epoch, step % loader.stepsPerEpoch);
      const scalars = {
        rate: (NETWORK_RATE * (1 + Math.cos((Math.PI * step) / steps))) / 2,
        ...optimizer.scalars(step + 1, 'labels'),
      };
      await executable.run({
        images: crops[0]!,
        labels: Int32Array.from(positions, (position) => part.labels[position]!),
        ...Object.fromEntries(
          Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]),
        ),
      });
      options.report(step + 1);
    }
    return await executable.readState(
      [...parameters, ...variables.buffers()].map(({ name }) => name),
    );
  } finally {
    await Promise.allSettled([loader.close(), executable.dispose()]);
  }
}

/** First values: the trained network's, and zeros for the classifier and the optimizer. */
function startOf(entries: readonly { current: ReturnType<typeof input> }[], state: Values): Values {
  return Object.fromEntries(
    entries.map(({ current: { node, shape } }) => {
      const name = String(node.attributes.name);
      return [name, state[name] ?? new Float32Array(sizeOf(shape))];
    }),
  );
}

/** Views of a random crop of the run's first scale, mirrored as in the run. */
function cropsOnly(settings: Settings) {
  const { flipProbability: p, scales } = settings.views;
  return parseViews({
    crops: [
      {
        ...{ count: 1, size: settings.data.imageSize, scale: scales[0] },
        steps: p > 0 ? [{ kind: 'flip', p }] : [],
      },
    ],
    normalize: viewsOf(settings).normalize,
  });
}

/** Share of the test images whose largest logit is that of their label. */
async function measure({
  engine,
  cache,
  settings,
  test,
  workers,
  classes,
  weights,
  signal,
}: FineTuneLabelsOptions & { classes: number; weights: Values }): Promise<number> {
  const { variables, logits } = network(settings, { batchSize: TEST_BATCH, classes });
  const inputs = [...variables.parameters(), ...variables.buffers()];
  const executable: Executable = await engine.compile({
    outputs: { predicted: argMax(logits) },
    state: inputs.map(({ tensor }) => ({ current: tensor })),
    name: 'classifier of labels',
  });
  try {
    await executable.writeState(weights);
    const { imageSize: size } = settings.data;
    const shape = { size, batchSize: TEST_BATCH, ...(workers !== undefined && { workers }) };
    let right = 0;
    let at = 0;
    for await (const { images, pixels } of evaluationBatches(cache, {
      ...shape,
      indices: test.indices,
    })) {
      signal?.throwIfAborted();
      const full = new Uint8Array(TEST_BATCH * 3 * size * size);
      full.set(pixels);
      const { predicted } = await executable.run({ images: full });
      for (let i = 0; i < images.length; i++) {
        if (Number(predicted![i]) === test.labels[at++]) right++;
      }
    }
    return right / test.indices.length;
  } finally {
    await executable.dispose();
  }
}
