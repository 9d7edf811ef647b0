/**
 * Information that the clusters of an image hold about positions of its map, after Deep InfoMax:
 * Hjelm et al., "Learning deep representations by mutual information estimation and maximization",
 * ICLR 2019, in the form of DCCM (Wu et al., ICCV 2019).
 *
 * A network T tells true pairs of map and clusters from false ones at every position. With the
 * Jensen-Shannon estimate the loss is `mean softplus(-T) over true pairs + mean softplus(T) over
 * false ones`: at least 0, and 2 ln 2 for a T that tells nothing apart.
 *
 * Symbols: B images, C channels and P positions of a map, K values of an image's clusters, H hidden
 * channels.
 */
import { uniformFanIn, type Variables } from '../nn/index.ts';
import {
  add,
  arange,
  argMax,
  averagePool2d,
  constant,
  gather,
  greater,
  linear,
  max,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  rows,
  slice,
  softplus,
  sub,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import type { Variant } from './clusterSettings.ts';

/** Name of the parameters of T. */
const CRITIC = 'critic';
/** Largest side of a map; larger ones are averaged, as the paper's has 14 positions per side. */
const MAX_SIDE = 16;

/** Images of the batch that take part in the pairs of each image, by their positions. */
export interface ChosenPairs {
  /** Another image of the same graph, or the image itself where there is none: int32 [B]. */
  positive: Tensor;
  /** Images that are not of the graph, int32 [B] each. */
  negatives: readonly Tensor[];
  /** 1 where an image has a negative, else 0: [B]. */
  hasNegative: Tensor;
}

/**
 * Draws a positive and two negatives for every image.
 *
 * With `reference` the first images of the batch are taken instead, and the number of a positive
 * behind the image itself is one too low, as in the authors' code.
 *
 * @param graph 1 for pairs that belong together, else 0: [B, B]
 * @param noise uniform in 0 … 1, [3, B, B]; the largest among the candidates is chosen
 */
export function chosenPairs(graph: Tensor, noise: Tensor, variant: Variant): ChosenPairs {
  const B = graph.shape[0]!;
  const isReference = variant === 'reference';
  const ramp = constant(
    Float32Array.from({ length: B }, (_, j) => 1 - (j + 1) / (B + 1)),
    [1, B],
  );
  const drawn = (i: number) => reshape(rows(noise, i, i + 1), [B, B]); // [B, B]
  const scores = (i: number) => add(1, isReference ? ramp : drawn(i)); // [B, B], from 1 on
  const itself = oneHot(arange(B), B); // [B, B]
  const others = mul(graph, sub(1, itself)); // [B, B]
  // The image itself is taken where no other is of its graph.
  const found = argMax(add(mul(others, scores(0)), mul(0.5, itself))); // [B]
  const positive = isReference ? where(greater(found, arange(B)), sub(found, 1), found) : found;
  const apart = sub(1, graph); // [B, B]
  const first = argMax(mul(apart, scores(1))); // [B]
  // The first is taken again only where there is no second one.
  const isLeft = sub(1, mul(0.75, oneHot(first, B))); // [B, B]
  const second = argMax(mul(mul(apart, scores(2)), isLeft)); // [B]
  return { positive, negatives: [first, second], hasNegative: max(apart, { axes: [1] }) };
}

export interface InformationInputs {
  /** Maps [B, C, h, w]. */
  map: Tensor;
  /** Values of the images' clusters, [B, K]. */
  values: Tensor;
  pairs: ChosenPairs;
}

/** The loss; an image without a negative adds nothing to the false pairs. */
export function informationLoss(
  variables: Variables,
  { map, values, pairs }: InformationInputs,
  { hiddenChannels: H }: { hiddenChannels: number },
): Tensor {
  const reduced = atMostSide(map);
  const [B, C, h, w] = reduced.shape as [number, number, number, number];
  const [K, P] = [values.shape[1]!, h * w];
  const weight = (layer: number, outputs: number, inputs: number) =>
    variables.parameter(`${CRITIC}.${layer}.weight`, [outputs, inputs], uniformFanIn(inputs));
  const first = weight(0, H, C + K); // [H, C + K]
  const part = (start: number, end: number) => slice(first, { axis: 1, start, end });
  const positions = reshape(transpose(reduced, [0, 2, 3, 1]), [B * P, C]); // [B P, C]
  // The first layer of map and clusters side by side is the sum of two products.
  const ofMap = reshape(linear(positions, part(0, C)), [B, P, H]); // [B, P, H]
  const ofValues = reshape(linear(values, part(C, C + K)), [B, 1, H]); // [B, 1, H]
  const scoresOf = (maps: Tensor): Tensor => {
    const hidden = reshape(relu(add(maps, ofValues)), [B * P, H]); // [B P, H]
    const second = relu(linear(hidden, weight(2, H, H))); // [B P, H]
    return reshape(linear(second, weight(4, 1, H)), [B, P]); // [B, P]
  };
  const isTrue = (maps: Tensor) => mean(softplus(neg(scoresOf(maps)))); // []
  const isFalse = (maps: Tensor) =>
    mean(mul(pairs.hasNegative, mean(softplus(scoresOf(maps)), { axes: [1] }))); // []
  const own = isTrue(ofMap);
  const positive = isTrue(gather(ofMap, pairs.positive));
  const [a, b] = pairs.negatives.map((j) => isFalse(gather(ofMap, j))) as [Tensor, Tensor];
  return mul(0.5, add(add(own, positive), add(a, b)));
}

/** The map, averaged over windows until its sides have at most 16 positions. */
function atMostSide(map: Tensor): Tensor {
  const side = Math.max(...map.shape.slice(2));
  const kernel = Math.ceil(side / MAX_SIDE);
  return kernel > 1 ? averagePool2d(map, { kernel }) : map; // [B, C, h, w]
}
