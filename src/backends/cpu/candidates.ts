/** Kernels of convolutions that are worth timing, and the models to time them with. */
import { type Candidates, type Lowering, planKey } from '../../compile/index.ts';
import {
  apply,
  input,
  type Node,
  nodesOf,
  type Shape,
  sizeOf,
  type Tensor,
} from '../../tensor/index.ts';
import { type FilterOrder, fitsFilterBlocks, orderOfKernel } from './filterLayouts.ts';
import { fitsBlocks } from './nchwc.ts';
import { hasFullReceptiveField } from './wholeMaps.ts';

/**
 * Operators whose fastest kernel depends on the shape. Of others the default is fastest where
 * valid.
 */
const timed: ReadonlySet<string> = new Set([
  'conv2d',
  'conv2dInputGradient',
  'conv2dFilterGradient',
]);
/** Below this many multiply-adds the choice does not matter. */
const MIN_MULTIPLY_ADDS = 2e6;
/** Values of filters from which on those of 2 x 2 maps are faster as products: 128 x 128 x 9. */
const LARGE_FILTERS = 128 * 128 * 9;
/**
 * Images that kernels are timed on: times grow with the batch alike, so a part of a large one will
 * do.
 */
const TIMED_BATCH = 128;

/**
 * The kernel of a convolution with frozen filters, which are packed before the runs. Timings count
 * the packing, which weighs most with few images, so that they do not apply here.
 *
 * Products of positions read packed filters once per batch, which pays where the filters are larger
 * than a core's cache.
 */
export function frozenKernel(
  node: Node,
  kernels: readonly string[],
  isFrozen: (tensor: Tensor) => boolean,
): string | undefined {
  const filters = node.inputs[1];
  if (node.operator !== 'conv2d' || !isFrozen(filters!)) return undefined;
  const isLarge = sizeOf(filters!.shape) >= LARGE_FILTERS;
  return isLarge && kernels.includes('wholeMaps') && hasFullReceptiveField(node)
    ? 'wholeMaps'
    : kernels[0]!;
}

/** Models of a convolution by each kernel. Undefined for other nodes, and for small ones. */
export function kernelCandidates(
  node: Node,
  kernels: readonly string[],
  { lowering, block }: { lowering: Lowering; block: number },
): Candidates | undefined {
  if (!timed.has(node.operator) || multiplyAdds(node) < MIN_MULTIPLY_ADDS) return undefined;
  const alone = withSmallerBatch(node);
  const adjoint = kernels.includes(SHARING) ? adjointOf(alone.node) : undefined;
  const results = adjoint ? [alone, adjoint] : [alone];
  const graph = Object.fromEntries(results.map((result, i) => [`y${i}`, result]));
  const nodes = nodesOf(results);
  const inputs = Object.fromEntries(
    nodes
      .filter(({ operator }) => operator === 'input')
      .map(({ attributes, outputs: [made] }) => [String(attributes.name), made!]),
  );
  const models = kernels.map((name) => {
    const plan = Object.fromEntries(results.map((result) => [planKey(result.node), name]));
    const boundary = insideNetwork({ ...inputs, ...graph }, nodes, { block, kernel: name });
    return lowering.lower(graph, { plan, name, boundary });
  });
  return { models, inputs: specsOf(inputs), outputs: specsOf(graph) };
}

const specsOf = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.entries(tensors).map(([name, { shape, dtype }]) => ({ name, shape, dtype }));

/**
 * Layouts of inputs and outputs as in the middle of a network, whose maps are in NCHWc and whose
 * filters are packed for the kernel. So conversions to other layouts are timed too.
 */
function insideNetwork(
  ends: Readonly<Record<string, Tensor>>,
  nodes: readonly Node[],
  { block, kernel }: { block: number; kernel: string },
): Map<string, string> {
  const filtersOf: Record<string, (node: Node) => Tensor> = {
    conv2d: ({ inputs }) => inputs[1]!,
    conv2dInputGradient: ({ inputs }) => inputs[1]!,
    conv2dFilterGradient: ({ outputs }) => outputs[0]!,
  };
  const filters = new Map<Tensor, FilterOrder>();
  for (const node of nodes) {
    const tensor = filtersOf[node.operator]?.(node);
    if (tensor && fitsFilterBlocks(tensor, block))
      filters.set(tensor, orderOfKernel(kernel) ?? 'filters');
  }
  return new Map(
    Object.entries(ends).flatMap(([name, tensor]) => {
      const layout = filters.get(tensor) ?? (fitsBlocks(tensor, block) ? 'blocked' : undefined);
      return layout ? [[name, layout]] : [];
    }),
  );
}

/** The kernel that shares much of its work with that of the adjoint: the two are timed together. */
const SHARING = 'wholeMaps';

/**
 * The adjoint of a convolution in the image, by the same filters; for that adjoint, the
 * convolution. The filter gradient shares with neither.
 */
function adjointOf({
  operator,
  inputs: [x, w],
  outputs: [y],
  attributes,
}: Node): Tensor | undefined {
  if (operator === 'conv2dFilterGradient') return undefined;
  const from = input('from', operator === 'conv2d' ? y!.shape : (attributes.shape as Shape));
  const { shape: _, ...geometry } = attributes;
  return operator === 'conv2d'
    ? apply('conv2dInputGradient', [from, w!], { ...attributes, shape: x!.shape })[0]!
    : apply('conv2d', [from, w!], geometry)[0]!;
}

/** Multiply-adds of one of the convolution operators. */
function multiplyAdds(node: Node): number {
  const filter = node.operator === 'conv2dFilterGradient' ? node.outputs[0]! : node.inputs[1]!;
  // The map that is convolved to: a result of the convolution, an argument of its adjoints.
  const output =
    { conv2d: node.outputs[0]!, conv2dFilterGradient: node.inputs[1]! }[node.operator] ??
    node.inputs[0]!;
  const [N, , H, W] = output.shape as [number, number, number, number];
  return N * H * W * sizeOf(filter.shape);
}

/** The result of the node on inputs of its own, with at most `TIMED_BATCH` images. */
function withSmallerBatch(node: Node): Tensor {
  const N = node.inputs[0]!.shape[0]!;
  const smaller = (shape: readonly number[]) => [Math.min(N, TIMED_BATCH), ...shape.slice(1)];
  // Filters have no batch: the second input, but for the filter gradient, whose inputs are both
  // maps.
  const hasBatch = (i: number) => i === 0 || node.operator === 'conv2dFilterGradient';
  const inputs = node.inputs.map(({ shape, dtype }, i) =>
    input(`x${i}`, hasBatch(i) ? smaller(shape) : shape, dtype),
  );
  const attributes =
    node.operator === 'conv2dInputGradient'
      ? { ...node.attributes, shape: smaller(node.attributes.shape as number[]) }
      : node.attributes;
  return apply(node.operator, inputs, attributes)[0]!;
}
