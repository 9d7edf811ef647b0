/**
 * Lowering for ONNX Runtime's CPU provider: standard rules, and NCHWc rules where values are in
 * that layout.
 */
import { createLowering, type Lowering, onnxTypes } from '../../compile/index.ts';
import { lowerReshape, poolAttributes, standardRules } from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import { argMaxProduct, argMaxProductKernels, twoLargestProducts } from './argMaxProduct.ts';
import { axpyInOnePass } from './axpy.ts';
import {
  blockedConv2d,
  blockedInputGradient,
  convolutionKernels,
  cpuInputGradientKernels,
} from './convolution.ts';
import { blockedFilterGradient, cpuFilterGradientKernels } from './filterGradient.ts';
import type { FilterOrders } from './filterLayouts.ts';
import { inFilterOrder, padPositions, slicePositions } from './filterRules.ts';
import { createLayouts, type LayoutName, type LayoutRule } from './layouts.ts';
import { blockedMaxPool, type Capabilities, type CpuRule } from './nchwc.ts';
import { nchwcRules } from './nchwcRules.ts';
import { rowProducts, rowProductsKernels } from './rowProducts.ts';
import { transposedProduct } from './transposedProducts.ts';

/** ONNX Runtime's NCHWc pooling takes half the time of the plain one. */
const maxPool2d: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  return layouts.isBlocked(x)
    ? [{ blocked: blockedMaxPool(emit, layouts.blocked(x), poolAttributes(node)) }]
    : undefined;
};

/**
 * By rows on one thread. On several threads the CPU provider's ScatterND adds from all of them at
 * once and loses repeated rows; the standard rule adds by elements, which takes four times as long.
 */
const scatterAdd: CpuRule = (emit, node, inputs) => {
  if (!emit.device.isSerial) return standardRules.scatterAdd!(emit, node, inputs);
  const [x, indices, updates] = inputs as [string, string, string];
  const column = lowerReshape(emit, indices, [node.inputs[2]!.shape[0]!, 1]);
  const rows = emit.add('Cast', [column], { to: onnxTypes.int64 });
  return [emit.add('ScatterND', [x, rows, updates], { reduction: 'add' })];
};

const rules: Readonly<Record<string, CpuRule>> = {
  ...standardRules,
  scatterAdd,
  argMaxProduct,
  twoLargestProducts,
  rowProducts,
};

/** Rules for values in NCHWc layout; undefined: the plain rule applies. */
const layoutRules: Readonly<Record<string, LayoutRule>> = {
  ...nchwcRules,
  axpy: axpyInOnePass,
  matmul: transposedProduct,
  slice: slicePositions,
  pad: padPositions,
  maxPool2d,
  conv2d: blockedConv2d,
  conv2dInputGradient: blockedInputGradient,
  conv2dFilterGradient: blockedFilterGradient,
};

const kernels: Readonly<Record<string, (node: Node, capabilities: Capabilities) => string[]>> = {
  conv2d: convolutionKernels,
  conv2dInputGradient: cpuInputGradientKernels,
  conv2dFilterGradient: cpuFilterGradientKernels,
  rowProducts: rowProductsKernels,
  argMaxProduct: argMaxProductKernels,
  twoLargestProducts: argMaxProductKernels,
};

/** The lowering for a CPU with these capabilities. */
export function cpuLowering(capabilities: Capabilities): Lowering {
  return createLowering({
    name: 'cpu',
    device: capabilities,
    rules,
    kernels: (node) => kernels[node.operator]?.(node, capabilities) ?? [],
    createValues(emit, { nodes, results, layouts: wanted }) {
      const layouts = createLayouts(emit, nodes, { results, wanted: wanted as FilterOrders });
      return {
        plain: layouts.plain,
        read: (tensor, layout) => layouts[layout as LayoutName](tensor),
        setInput: (node, name, layout) => layouts.set(node, [{ [layout]: name }]),
        set: (node, names) =>
          layouts.set(
            node,
            names.map((plain) => ({ plain })),
          ),
        lowerNode(node) {
          if (capabilities.block === 0) return false;
          const lowered =
            layoutRules[node.operator]?.(emit, layouts, node) ??
            inFilterOrder(emit, layouts, node, rules[node.operator]);
          if (lowered) layouts.set(node, lowered);
          return lowered !== undefined;
        },
      };
    },
  });
}
