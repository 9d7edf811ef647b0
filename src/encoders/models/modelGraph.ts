/** Tells how a foreign ONNX graph takes its pixels, by its first operators. */
import { LikenessError } from '../../core/errors.ts';
import {
  type OnnxModel,
  type OnnxModelNode,
  type OnnxTensor,
  readOnnx,
} from '../../formats/index.ts';
import { IMAGENET } from './imageInput.ts';

/** A graph with its constants. */
export interface ModelGraph extends OnnxModel {
  /** Constants of floats by name, those of nodes of type Constant among them. */
  readonly constants: ReadonlyMap<string, OnnxTensor>;
}

/** Reads the graph; undefined for bytes that are no ONNX model. */
export function readModelGraph(bytes: Uint8Array): ModelGraph | undefined {
  try {
    const model = readOnnx(bytes);
    const named = [
      ...model.initializers,
      ...model.nodes.flatMap(({ attributes, outputs }) => {
        const tensor = attributes.get('value')?.tensor;
        return tensor ? [[outputs[0]!, tensor] as const] : [];
      }),
    ];
    const constants = new Map(
      named.filter(([, { kind, isExternal }]) => kind === 'float' && !isExternal),
    );
    return { ...model, constants };
  } catch (error) {
    if (error instanceof LikenessError) return undefined;
    throw error;
  }
}

/** Operators that may normalize pixels, or only pass them on. */
const SCALING = new Set(['Sub', 'Div', 'Mul', 'Add', 'BatchNormalization']);
const PASSING = new Set(['Cast', 'Identity', 'Transpose', 'QuantizeLinear', 'DequantizeLinear']);

/** Scale of the pixels that a model takes, as far as its first operators tell. */
export type OwnScale = 'bytes' | 'fractions' | 'none';

/**
 * Tells if a model normalizes its pixels itself, by the operators between its input and its first
 * layer: `none` where there are none, else `bytes` (0 to 255) or `fractions` (0 to 1).
 *
 * A subtracted mean or a divisor above 2 is in units of bytes.
 */
export function ownScale({ nodes, constants }: ModelGraph, input: string): OwnScale {
  let name = input;
  let found: OwnScale = 'none';
  for (let depth = 0; depth < 8; depth++) {
    const node = nodes.find(({ inputs }) => inputs.includes(name));
    if (!node) return found;
    if (SCALING.has(node.type)) {
      const values = node.inputs.flatMap((other) => smallValues(constants.get(other)));
      const isBytes = values.some((value) => Math.abs(value) > 2.01 && node.type !== 'Mul');
      const isTiny = node.type === 'Mul' && values.some((value) => Math.abs(value) < 0.1);
      if (found === 'none') found = isBytes || isTiny ? 'bytes' : 'fractions';
    } else if (node.type === 'Conv' && found === 'none') {
      return foldedScale(node, constants);
    } else if (!PASSING.has(node.type)) return found;
    name = node.outputs[0]!;
  }
  return found;
}

/** Numbers of a constant per channel; none of a larger one. */
function smallValues(constant: OnnxTensor | undefined): number[] {
  const count = constant?.shape.reduce((product, size) => product * size, 1) ?? 0;
  return count > 0 && count <= 3 ? [...constant!.values()] : [];
}

/** Correlation from which a mean counts as folded into the first convolution. */
const FOLDED = 0.7;
/** Slope that separates means in 0 to 1 from means in 0 to 255: the geometric mean of 1 and 255. */
const BYTES_SLOPE = 16;

/**
 * Tells if the first convolution subtracts a mean m of colors: its bias is then
 * `b_o = -sum_c m_c sum_ij W_ocij` beside its own, so that the two are correlated over the filters.
 *
 * On SqueezeNet 1.1 with a folded mean the correlation is 0.99998; for filters and biases that are
 * unrelated it is about `1 / sqrt(filters)`.
 */
function foldedScale(
  { inputs }: OnnxModelNode,
  constants: ReadonlyMap<string, OnnxTensor>,
): OwnScale {
  const [weight, bias] = [constants.get(inputs[1] ?? ''), constants.get(inputs[2] ?? '')];
  const [filters, channels] = weight?.shape ?? [];
  if (!weight || !bias || !filters || channels !== 3 || bias.shape[0] !== filters) return 'none';
  const [W, b] = [weight.values(), Float32Array.from(bias.values())];
  const perChannel = W.length / (filters * 3);
  const expected = b.map((_, o) => {
    let sum = 0;
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < perChannel; i++) {
        sum -= IMAGENET.mean[c]! * W[(o * 3 + c) * perChannel + i]!;
      }
    }
    return sum;
  });
  const { correlation, slope } = fitted(expected, b);
  if (!(correlation >= FOLDED)) return 'none';
  return slope > BYTES_SLOPE ? 'bytes' : 'fractions';
}

/** Pearson's correlation of x and y, and the slope of y over x. */
function fitted(x: Float32Array, y: Float32Array): { correlation: number; slope: number } {
  const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xx += (x[i]! - mx) ** 2;
    xy += (x[i]! - mx) * (y[i]! - my);
    yy += (y[i]! - my) ** 2;
  }
  return { correlation: xy / Math.sqrt(xx * yy), slope: xy / xx };
}
