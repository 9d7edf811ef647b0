/**
 * InstDisc: every image is a class of its own, and a memory bank of earlier embeddings is the classifier.
 *
 * Source: Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018
 * (arXiv:1805.01978): equation 2 (non-parametric softmax), section 3.2 (memory bank and sampling).
 *
 *   f = normalise(head(encoder(x)))                        one view per image
 *   P(i | f) = e^(v_i·f / tau) / sum over candidates j of e^(v_j·f / tau)
 *   L = mean of -ln P(i | f)
 *   v_i ← normalise(m v_i + (1 - m) f_i)
 *
 * Symbols: N images, v [N, D] the bank, B images per batch, M negatives drawn per step, m the bank's momentum, tau
 * temperature.
 *
 * Different: the paper approximates the softmax over all N by noise-contrastive estimation, with M negatives drawn for each
 * image and a normalising constant estimated from the first batch. Here the candidates are the whole bank where that
 * is no more than M rows beside the image's own (equation 2 itself), else the image's own row and M rows drawn evenly,
 * the same for all images of a step: a sampled softmax, one matrix product, no constant to estimate. A drawn row
 * that is the image's own is left out. The proximal term (equation 10) is not there; the bank's momentum, as in the
 * authors' code, damps the same oscillation.
 */
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { createVariables, encode } from '../nn/index.ts';
import {
  add,
  concat,
  constant,
  equal,
  gather,
  input,
  l2Normalize,
  matmul,
  mul,
  reshape,
  scalar,
  scatterAdd,
  stopGradient,
  sub,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import { type ContrastiveOptions, cosines, firstIsTarget, MASKED, pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, Moment, StepContext } from './method.ts';
import { embeddings, type ProjectionOptions } from './projection.ts';
import { createKeptRows } from './queue.ts';
import { cropInputs, initialStateOf, trainedState, vitalsOf } from './step.ts';

export interface InstdiscOptions extends ProjectionOptions, ContrastiveOptions {
  /** M. */
  negatives: number;
  /** m. */
  bankMomentum: number;
}

export const instdisc: Method = {
  about: 'every image a class of its own, classified by a memory bank',
  crops: 'single',
  fits: [],
  recipe: { temperature: 0.1, hiddenLength: 0 },
  presets: {
    'instdisc-imagenet': {
      description: "the paper's recipe with ResNet-18: 1x224 at batch 256, 4,096 negatives, SGD, 200 epochs",
      settings: {
        architecture: 'resnet18',
        width: 64,
        stem: 'imagenet',
        crops: '1x224',
        scales: '0.2-1',
        hiddenLength: 0,
        embeddingLength: 128,
        temperature: 0.07,
        negatives: 4096,
        bankMomentum: 0.5,
        batchSize: 256,
        epochs: 200,
        optimizer: 'sgd',
        learningRate: 0.03,
        weightDecay: 1e-4,
        jitterProbability: 1,
        hue: 0.4,
        imageSize: 224,
      },
    },
  },
  program(settings, context) {
    const [images] = cropInputs(context); // [B, 3, s, s]
    return instdiscStep(images!, { ...settings, ...context });
  },
  head: (settings) => ({
    project: (variables, features) => embeddings(variables, features, settings),
  }),
};

/**
 * Mean over rows of `-ln P(i | f)`.
 *
 * @param f embeddings [B, D] on the unit sphere
 * @param own the images' own rows of the bank, [B, D]
 * @param indices the images' positions in the bank, int32 [B]
 * @param candidates rows of the bank, [M, D]
 * @param positions the candidates' positions in the bank, int32 [M]; a candidate that is the image's own is left out
 */
export function instanceLoss(
  f: Tensor,
  { own, indices, candidates, positions }: Record<'own' | 'indices' | 'candidates' | 'positions', Tensor>,
  { temperature }: ContrastiveOptions,
): Tensor {
  const B = f.shape[0]!;
  const scale = scalar(1 / temperature);
  const isOwn = equal(reshape(indices, [B, 1]), positions); // [B, M]
  const others = where(isOwn, scalar(MASKED), mul(matmul(f, transpose(candidates)), scale)); // [B, M]
  return firstIsTarget(concat([mul(cosines(f, own), scale), others], 1)); // over [B, 1 + M]
}

/** The bank after a step: the rows of the batch's images moved towards their embeddings f [B, D], on the sphere. */
export function bankAfter(
  bank: Tensor,
  { own, indices, f, momentum: m }: { own: Tensor; indices: Tensor; f: Tensor; momentum: number },
): Tensor {
  const moved = add(mul(own, scalar(m)), mul(stopGradient(f), scalar(1 - m))); // [B, D]
  return scatterAdd(bank, indices, sub(l2Normalize(moved), own)); // [N, D]
}

/** The step on normalised images [B, 3, s, s]. */
export function instdiscStep(
  images: Tensor,
  options: InstdiscOptions &
    Pick<StepContext, 'batchSize' | 'images' | 'encoder' | 'optimizer' | 'learningRate'>,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, images: N, encoder, optimizer, learningRate, embeddingLength: D } = options;
  const M = options.negatives;
  const takesAll = M >= N - 1;
  const variables = createVariables();
  const bank = createKeptRows('bank', N, D);
  const indices = input('indices', [B], 'int32');

  const f = embeddings(variables, encode(variables, images, encoder), options); // [B, D]
  const own = gather(bank.current, indices); // [B, D]
  const positions = takesAll
    ? constant(
        Int32Array.from({ length: N }, (_, i) => i),
        [N],
      )
    : input('negatives', [M], 'int32');
  const candidates = takesAll ? bank.current : gather(bank.current, positions); // [N, D] or [M, D]
  const loss = instanceLoss(f, { own, indices, candidates, positions }, options);

  const trained = trainedState(variables, loss, { optimizer, learningRate: input('learningRate', []) });
  const next = bankAfter(bank.current, { own, indices, f, momentum: options.bankMomentum }); // [N, D]
  const state = [...trained.state, { current: bank.current, next }];
  return {
    gradients: trained.gradients,
    chanceLoss: Math.log(takesAll ? N : 1 + M),
    program: {
      name: 'instdisc-step',
      state,
      outputs: { loss, ...vitalsOf(f), agreement: pairAgreement(f, own) },
    },
    initialState: (seed) =>
      initialStateOf(state, { ...variables.initialValues(seed), ...bank.initialValues(seed) }),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    ...(!takesAll && { draws: (moment, seed) => drawNegatives(moment, seed, { count: M, images: N }) }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}

/** Positions in the bank, drawn evenly and with replacement, by (seed, step). */
export function drawNegatives(
  { step }: Pick<Moment, 'step'>,
  seed: number,
  { count, images }: { count: number; images: number },
): Values {
  const random = randomAt(seed, 'instdiscNegatives', step);
  return { negatives: Int32Array.from({ length: count }, () => random.integer(images)) };
}
