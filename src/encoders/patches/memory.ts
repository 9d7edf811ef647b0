/**
 * Features by what an image is near to: the average of similar images of a memory.
 *
 * For a component vector z of length 1 and the memory's vectors m_i,
 *
 *     a_i ∝ exp(z · m_i / tau),  y = normalize(Σ a_i v_i),  feature = [w z, y]
 *
 * where the value v_i of image i is its own average, `normalize(Σ_j a_ij m_j)`.
 *
 * The average keeps the properties that an image shares with others, so that clusters become
 * clearer. z keeps those that tell single images apart. The product of two features is
 * `w² z · z' + y · y'`.
 *
 * v_i is one step of mean shift with the kernel of von Mises and Fisher on the sphere. Source: Cheng,
 * "Mean shift, mode seeking, and clustering", 1995; Kobayashi and Otsu, "Von Mises-Fisher mean
 * shift for clustering on a hypersphere", 2010. Difference: an image that is itself in the memory
 * is left out of its average, so that images learned from and new ones are treated alike.
 */
import {
  concat,
  greater,
  l2Normalize,
  matmul,
  mul,
  softmax,
  type Tensor,
  transpose,
  where,
} from '../../tensor/index.ts';

/** Cosine from which an image of the memory is the image itself. */
const SAME = 0.9999;
/** Logit of an image that is left out: its weight is 0 in float32, unless it is the only one. */
const LEFT_OUT = -1e4;

export interface MemoryOptions {
  /** tau */
  temperature: number;
  /** w */
  ownWeight: number;
}

/** Features [B, 2 P] of components [B, P], with a memory [M, P] of rows of length 1. */
export function withMemory(
  components: Tensor,
  memory: { keys: Tensor; values: Tensor },
  { temperature, ownWeight }: MemoryOptions,
): Tensor {
  const z = l2Normalize(components); // [B, P]
  return concat([mul(z, ownWeight), averageOf(z, memory, temperature)], 1); // [B, 2 P]
}

/** Averages y [B, P] of the memory around z [B, P], of length 1. */
export function averageOf(
  z: Tensor,
  { keys, values }: { keys: Tensor; values: Tensor },
  temperature: number,
): Tensor {
  const cosines = matmul(z, transpose(keys)); // [B, M]
  const logits = where(greater(cosines, SAME), LEFT_OUT, mul(cosines, 1 / temperature));
  return l2Normalize(matmul(softmax(logits), values)); // [B, P]
}
