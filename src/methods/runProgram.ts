/** The training program of a run, from its settings. */
import { LikenessError } from '../core/errors.ts';
import { showCount } from '../core/text.ts';
import {
  adam,
  checkSizes,
  createVariables,
  encode,
  IMPORTED,
  larc,
  lars,
  type Optimizer,
  PRETRAINED,
  rmsprop,
  sgd,
  warmupCosine,
} from '../nn/index.ts';
import { input, l2Normalize, matmul, mul, sizeOf, softmax, transpose } from '../tensor/index.ts';
import { encoderOptions } from './encoderOptions.ts';
import type { MethodHead, MethodProgram, Moment, StepContext } from './program.ts';
import { methodNamed } from './registry.ts';
import type { Settings } from './settings.ts';
import { viewsOf } from './views.ts';

/** Most numbers of a state: 8 GB in float32. */
const MAX_STATE = 2 ** 31;

function optimizerOf({
  name,
  weightDecay,
  trust,
  larcMode,
  ...shared
}: Settings['optimizer']): Optimizer {
  const { momentum, momentumForm } = shared;
  const descent = { momentum, momentumForm, weightDecay };
  switch (name) {
    case 'adam':
      return adam({ weightDecay });
    case 'larc':
      return larc({ ...descent, trust, mode: larcMode });
    case 'lars':
      return lars({ ...descent, trust });
    case 'rmsprop':
      return rmsprop({ weightDecay });
    case 'sgd':
      return sgd(descent);
  }
}

/**
 * Learning rate at a moment: a linear warm-up, then half a cosine. With `learningRatePer: 'epoch'`
 * it is that of the epoch's first step, as in the authors' code of MoCo, PCL, HCSC and SimSiam.
 */
function learningRateAt(
  { optimizer, schedule }: Pick<Settings, 'optimizer' | 'schedule'>,
  { step, stepsPerEpoch, totalSteps }: Moment,
): number {
  const at = schedule.learningRatePer === 'epoch' ? step - (step % stepsPerEpoch) : step;
  return warmupCosine(at, {
    start: schedule.startLearningRate,
    base: optimizer.learningRate,
    final: schedule.finalLearningRate,
    warmupSteps: Math.round(schedule.warmupEpochs * stepsPerEpoch),
    totalSteps,
  });
}

/**
 * The whole training step of the settings' method.
 *
 * @param images N
 * @param ranks ranks that train together; the settings' batch is that of all of them
 * @param extra positions of unlabeled images that only the representation learns from
 * @param first first values of parameters, such as the filters of a learned stem
 */
export function methodProgram(settings: Settings, given: RunContext): MethodProgram {
  return methodNamed(settings.method.name).program(settings, contextOf(settings, given));
}

export interface RunContext extends Pick<StepContext, 'images' | 'extra' | 'first'> {
  ranks?: { readonly rank: number; readonly size: number } | undefined;
}

/**
 * Refuses settings that no step can be built from, before a run begins.
 *
 * @throws LikenessError of the sizes of views, of the method's own check, `settings.size` for a
 * state that no machine holds, and `graph.*` for an imported network that cannot be trained
 */
export function checkProgram(
  settings: Settings,
  given: Pick<RunContext, 'images' | 'ranks'>,
): void {
  const context = contextOf(settings, given);
  methodNamed(settings.method.name).check(settings, context);
  requireSize(stateShapes(methodProgram(settings, given)));
  const { encoder, crops, imageSize } = context;
  if (encoder.architecture !== IMPORTED) return;
  for (const side of new Set([...crops.map(({ size }) => size), imageSize])) {
    encode(createVariables({ mode: 'train' }), input('images', [2, 3, side, side]), encoder);
  }
}

/** Refuses weights, moments, queues and memories beyond all memory. */
function requireSize(shapes: ReadonlyMap<string, readonly number[]>): void {
  const sizes = [...shapes].map(([name, shape]) => ({ name, shape, size: sizeOf(shape) }));
  const total = sizes.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_STATE) return;
  const { name, shape } = sizes.reduce((a, b) => (b.size > a.size ? b : a));
  const gigabytes = (count: number) =>
    `${showCount(count)} numbers (${showCount(Math.round((4 * count) / 2 ** 30))} GB)`;
  throw new LikenessError(
    'settings.size',
    `settings: weights and all that is stored beside them would be ${gigabytes(total)}, most of ` +
      `them "${name}" of ${shape.map(showCount).join(' x ')}; expected at most ` +
      `${gigabytes(MAX_STATE)}. Use smaller dimensions, fewer prototypes, or a shorter queue.`,
  );
}

function contextOf(
  settings: Settings,
  { images, extra, first, ranks: { rank, size } = { rank: 0, size: 1 } }: RunContext,
): StepContext {
  const { data, optimizer } = settings;
  const views = viewsOf(settings);
  checkSizes(encoderOptions(settings), [...views.crops.map(({ size }) => size), data.imageSize]);
  return {
    batchSize: ofEachRank(data.batchSize, size),
    replicas: size,
    rank,
    batchNorm: settings.encoder.batchNorm,
    images,
    extra,
    epochs: settings.schedule.epochs,
    crops: views.crops.map(({ count, size }) => ({ count, size })),
    encoder: encoderOptions(settings),
    first,
    normalize: views.normalize,
    imageSize: data.imageSize,
    optimizer: optimizerOf(optimizer),
    optimizerSettings: optimizer,
    learningRate: (moment) => learningRateAt(settings, moment),
  };
}

/** Images of each rank. @throws LikenessError `settings.batchSize` */
function ofEachRank(batchSize: number, ranks: number): number {
  if (batchSize % ranks === 0) return batchSize / ranks;
  throw new LikenessError(
    'settings.batchSize',
    `batchSize: received ${batchSize} for ${ranks} ranks; expected a multiple of ${ranks}`,
  );
}

/** Shapes of the values of all steps of a method, by name. */
export function stateShapes({
  steps,
}: Pick<MethodProgram, 'steps'>): Map<string, readonly number[]> {
  return new Map(
    steps
      .flatMap(({ program }) => program.state ?? [])
      .map(({ current }) => [current.node.attributes.name as string, current.shape]),
  );
}

/**
 * Embeddings, prototypes and clusters of the settings' method for an encoder's features.
 *
 * On features of a pretrained model prototypes are clusters, where the method learns no others: the
 * most probable one has the largest cosine.
 */
export function methodHead(settings: Settings): MethodHead {
  const head = methodNamed(settings.method.name).head(settings);
  const { project, prototypes, assign } = head;
  if (settings.encoder.architecture !== PRETRAINED || assign || !prototypes) return head;
  return {
    ...head,
    assign(variables, features) {
      const z = l2Normalize(project(variables, features)); // [N, D]
      const C = l2Normalize(prototypes(variables)); // [K, D]
      return softmax(mul(matmul(z, transpose(C, [1, 0])), 1 / TEMPERATURE)); // [N, K]
    },
  };
}

/** Divides cosines of prototypes, as in SwAV. */
const TEMPERATURE = 0.1;
