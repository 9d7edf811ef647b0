/** Lines of the methods that learn to predict clusters or codes. */
import type { Mutation } from './mutation.cases.ts';

const METHODS = 'src/methods';
const golden = 'gives the golden';
const ofSwav = `${METHODS}/swav.test.ts`;
const ofDeepcluster = `${METHODS}/deepcluster.test.ts`;
const ofDeepclusterV2 = `${METHODS}/deepclusterV2.test.ts`;

export const prototypes = {
  swav: [
    {
      line: 'prototypes are normalised before each step',
      file: `${METHODS}/swav.ts`,
      from: 'stopGradient(l2Normalize(prototypesOf(variables, options)))',
      to: 'stopGradient(prototypesOf(variables, options))',
      caughtBy: [ofSwav, 'agrees in loss, gradients, weights and statistics'],
    },
    {
      line: 'embeddings lie on the sphere',
      file: `${METHODS}/swav.ts`,
      from: "l2Normalize(mlp(variables, 'projection_head', features, { widths }))",
      to: "mlp(variables, 'projection_head', features, { widths })",
      caughtBy: [ofSwav, 'agrees in loss, gradients, weights and statistics'],
    },
    {
      line: 'Sinkhorn: prototypes get equal shares',
      file: 'src/cluster/sinkhorn.ts',
      from: 'v = div(scalar(1 / K), floored(matmul(transpose(r, [1, 0]), E)));',
      to: 'v = exp(mul(matmul(transpose(r, [1, 0]), E), scalar(0)));', // 1 for each
      caughtBy: [ofSwav, golden],
    },
    {
      line: 'Sinkhorn: samples get equal shares',
      file: 'src/cluster/sinkhorn.ts',
      from: 'r = div(part, mul(rows, floored(matmul(E, transpose(v, [1, 0])))));',
      to: '',
      caughtBy: [ofSwav, golden],
    },
    {
      line: 'Sinkhorn: scores are divided by epsilon',
      file: 'src/cluster/sinkhorn.ts',
      from: 'exp(mul(scores, scalar(1 / epsilon)))',
      to: 'exp(scores)',
      caughtBy: [ofSwav, golden],
    },
    {
      line: 'a crop predicts the code of another, not its own',
      file: `${METHODS}/swav.ts`,
      from: 'if (v === a) continue;',
      to: 'if (v !== a) continue;',
      caughtBy: [ofSwav, 'gives the golden two-crop loss'],
    },
    {
      line: 'predictions are at the temperature',
      file: `${METHODS}/swav.ts`,
      from: 'mul(ofCrop(v), scalar(1 / tau))',
      to: 'ofCrop(v)',
      caughtBy: [ofSwav, 'gives the golden two-crop loss'],
    },
    {
      line: 'no gradient flows through the codes',
      file: 'src/cluster/sinkhorn.ts',
      from: 'stopGradient(mul(mul(E, v), mul(rows, r)))',
      to: 'mul(mul(E, v), mul(rows, r))',
      caughtBy: [ofSwav, 'agrees in loss, gradients, weights and statistics'],
    },
    {
      line: 'LARC: a tensor moves in proportion to its length',
      file: 'src/nn/optimizers.ts',
      from: 'where(untouched, scalar(1), a)',
      to: 'scalar(1)',
      caughtBy: [ofSwav, 'agrees in loss, gradients, weights and statistics (larc)'],
    },
    {
      line: 'the queue takes the newest in front',
      file: `${METHODS}/swav.ts`,
      from: 'concat([newest, slice(embeddings, { axis: 0, start: 0, end: L - B })])',
      to: 'concat([slice(embeddings, { axis: 0, start: 0, end: L - B }), newest])',
      caughtBy: [ofSwav, 'agrees with a full queue'],
    },
    {
      line: 'the queue waits until it is full',
      file: `${METHODS}/swav.ts`,
      from: 'filledSince >= queueLength / B ? 1 : 0',
      to: 'filledSince >= 0 ? 1 : 0',
      caughtBy: [ofSwav, 'is used only after it has been filled'],
    },
    {
      line: 'prototypes stay frozen at the start',
      file: `${METHODS}/swav.ts`,
      from: 'frozen: { prototypes: frozen },',
      to: '',
      caughtBy: [ofSwav, 'keeps frozen prototypes'],
    },
  ],
  deepcluster: [
    {
      line: 'features are whitened before they are clustered',
      file: `${METHODS}/deepcluster.ts`,
      from: 'normalizeRows(await whiten(engine, found, whitening))',
      to: 'normalizeRows(found)',
      caughtBy: [ofDeepcluster, 'gives labels of whitened features'],
    },
    {
      line: 'whitened rows are brought to length 1',
      file: `${METHODS}/deepcluster.ts`,
      from: 'normalizeRows(await whiten(engine, found, whitening))',
      to: 'await whiten(engine, found, whitening)',
      caughtBy: [ofDeepcluster, 'clusters directions'],
    },
    {
      line: 'each epoch begins with a new classifier',
      file: `${METHODS}/deepcluster.ts`,
      from: '...newClassifier(k, F, { seed, epoch }) }',
      to: '}',
      caughtBy: [ofDeepcluster, 'gives a new classifier in every epoch'],
    },
    {
      line: 'the classifier has an optimiser of its own',
      file: `${METHODS}/deepcluster.ts`,
      from: "parameter.group === 'classifier' ? own.update(parameter, rate) : ",
      to: '',
      caughtBy: [ofDeepcluster, 'agrees with PyTorch'],
    },
    {
      line: 'Sobel: slopes of both directions',
      file: 'src/nn/sobel.ts',
      from: '[1, 2, 1, 0, 0, 0, -1, -2, -1]',
      to: 'HORIZONTAL',
      caughtBy: [ofDeepcluster, 'agrees with PyTorch: Sobel'],
    },
    {
      line: 'Sobel: of grey values, the mean of the channels',
      file: 'src/nn/sobel.ts',
      from: 'tap / channels',
      to: 'tap',
      caughtBy: [ofDeepcluster, 'agrees with PyTorch: Sobel'],
    },
    {
      line: 'images are drawn uniformly over clusters',
      file: `${METHODS}/uniformSampler.ts`,
      from: "variant === 'asReleased' ? asPlacesByCluster(sample, clusters) : sample",
      to: 'asPlacesByCluster(sample, clusters)',
      caughtBy: [`${METHODS}/uniformSampler.test.ts`, 'gives each cluster the same part'],
    },
    {
      line: 'the sampler is what an epoch is ordered by',
      file: `${METHODS}/deepcluster.ts`,
      from: 'uniformOverClusters(state[LABELS]!, { seed, epoch, variant })',
      to: 'Uint32Array.from(state[LABELS]!.keys())',
      caughtBy: [ofDeepcluster, 'orders an epoch by the labels'],
    },
    {
      line: 'empty clusters are split',
      file: 'src/cluster/kmeans/emptyClusters.ts',
      from: 'if (sizes[empty]! > 0) continue;',
      to: 'if (sizes[empty]! >= 0) continue;',
      caughtBy: [ofDeepcluster, 'splits empty clusters'],
    },
    {
      line: 'images without a label do not count',
      file: `${METHODS}/pseudoLabels.ts`,
      from: 'maximum(sum(targets), scalar(1))',
      to: 'scalar(logits.shape[0]!)',
      caughtBy: [ofDeepcluster, 'is the mean over labelled rows'],
    },
  ],
  'deepcluster-v2': [
    {
      line: 'prototypes are centroids on the sphere',
      file: `${METHODS}/deepclusterV2.ts`,
      from: "metric: 'spherical'",
      to: "metric: 'euclidean'",
      caughtBy: [ofDeepclusterV2, 'labels each image by its nearest centroid'],
    },
    {
      line: 'heads take the banks in turns',
      file: `${METHODS}/deepclusterV2.ts`,
      from: 'bankName(h % BANKS)',
      to: 'bankName(0)',
      caughtBy: [ofDeepclusterV2, 'labels each image by its nearest centroid'],
    },
    {
      line: 'the banks keep what the steps wrote',
      file: `${METHODS}/deepclusterV2.ts`,
      from: 'scatterAdd(bank, indices, sub(stopGradient(z), gather(bank, indices)))',
      to: 'scatterAdd(bank, indices, stopGradient(z))',
      caughtBy: [ofDeepclusterV2, "replaces the batch's rows"],
    },
    {
      line: 'banks are filled once and stale afterwards',
      file: `${METHODS}/deepclusterV2.ts`,
      from: 'const state: Values = epoch === 0 ? { ...banks } : {};',
      to: 'const state: Values = { ...banks };',
      caughtBy: [ofDeepclusterV2, 'fills the banks from random views before the first epoch'],
    },
    {
      line: 'scores are at the temperature',
      file: `${METHODS}/deepclusterV2.ts`,
      from: 'mul(S, scalar(1 / temperature))',
      to: 'S',
      caughtBy: [ofDeepclusterV2, 'agrees with PyTorch'],
    },
    {
      line: 'centroids stay as they were found',
      file: `${METHODS}/deepclusterV2.ts`,
      from: 'const C = input(prototypesName(h), [K, D]);',
      to: 'const C = variables.parameter(prototypesName(h), [K, D], () => new Float32Array(K * D));',
      caughtBy: [ofDeepclusterV2, 'trains no prototypes'],
    },
    {
      line: 'every crop learns the label of its image',
      file: `${METHODS}/deepclusterV2.ts`,
      from: '...headLoss(S, y, options)',
      to: '...headLoss(ofCrop(S, 0, B), y, options)',
      caughtBy: [ofDeepclusterV2, 'agrees with PyTorch'],
    },
    {
      line: 'embeddings lie on the sphere',
      file: `${METHODS}/projection.ts`,
      from: 'l2Normalize(projection(...given))',
      to: 'projection(...given)',
      caughtBy: [ofDeepclusterV2, 'agrees with PyTorch'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
