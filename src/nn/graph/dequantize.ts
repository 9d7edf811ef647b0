/**
 * Weights that a file stores as whole numbers with a scale, as floats: `(x - zero) scale` of
 * DequantizeLinear. They are trained as floats under the name of the node's output.
 */
import type { OnnxTensor } from '../../formats/index.ts';
import { resolveAxis, type Shape, showShape, sizeOf } from '../../tensor/index.ts';
import type { GraphNode, Value } from './node.ts';

/**
 * The value of a DequantizeLinear of known whole numbers; undefined for other nodes.
 *
 * @param name of the node's output
 * @throws LikenessError `graph.operator` for a scale or zero point that does not fit
 */
export function dequantized(node: GraphNode, name: string): Value | undefined {
  const [x] = node.inputs;
  if (node.type !== 'DequantizeLinear' || x?.is !== 'constant') return undefined;
  if (node.inputs.some((value) => value?.is === 'computed')) return undefined;
  const { shape, data } = x;
  const scales = node.numbers(1) ?? node.refuse('its scale is missing');
  const zeros = node.numbers(2) ?? scales.map(() => 0);
  if (zeros.length !== scales.length) {
    node.refuse(`${zeros.length} zero points for ${scales.length} scales; expected as many`);
  }
  const group = groupOf(node, shape, scales.length);
  const values = () =>
    Float32Array.from(data, (v, i) => (v - zeros[group(i)]!) * scales[group(i)]!);
  if (sizeOf(shape) === 1 && shape.length < 2) {
    return { is: 'constant', kind: 'float', shape, data: values(), name };
  }
  const stored: OnnxTensor = { name, shape, kind: 'float', isExternal: false, values };
  return { is: 'weight', name, shape, stored };
}

/** Index of the scale of an element: one for all, or one per index of an axis. */
function groupOf(node: GraphNode, shape: Shape, scales: number): (i: number) => number {
  if (node.integer('block_size', 0) !== 0) node.refuse('scales of blocks; expected one per axis');
  if (scales === 1) return () => 0;
  const axis = resolveAxis(node.type, node.integer('axis', 1), shape.length);
  const extent = shape[axis]!;
  if (node.shape(1).length !== 1 || scales !== extent) {
    const found = `scales ${showShape(node.shape(1))} for ${showShape(shape)}`;
    node.refuse(`${found}; expected ${extent}, one per index of axis ${axis}`);
  }
  const inner = sizeOf(shape.slice(axis + 1));
  return (i) => Math.floor(i / inner) % extent;
}
