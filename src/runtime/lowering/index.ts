/** From a graph of tensors to an ONNX graph, by the rules of a device. */
import { LikenessError } from '../../core/errors.ts';
import { type DType, type Node, nodesOf, type Tensor } from '../../tensor/index.ts';
import type { OnnxGraph, OnnxValue } from '../onnx.ts';
import { cpuFormulations, cpuLayoutRules, cpuRules } from './cpu.ts';
import { type Capabilities, createEmitter, type LayoutRule, type Rule } from './emitter.ts';
import {
  type FilterOrder,
  type FilterOrders,
  fitsFilterBlocks,
  inFilterOrder,
  orderOfChoice,
} from './filterOrders.ts';
import { createLayouts, fitsBlocks } from './layouts.ts';

export type { Capabilities } from './emitter.ts';
export { type FilterOrder, filterOrders } from './filterOrders.ts';

export type Device = 'cpu';

export interface Lowering {
  rules: Readonly<Record<string, Rule>>;
  /** Rules for operators on maps that may be blocked; asked before the others. */
  layoutRules: Readonly<Record<string, LayoutRule>>;
  /** Formulations valid for a node, the default first; empty where there is no choice. */
  formulations(node: Node, capabilities: Capabilities): string[];
}

/** The lowering of each device; WebGPU is one more entry. */
export const lowerings: Readonly<Record<Device, Lowering>> = {
  cpu: { rules: cpuRules, layoutRules: cpuLayoutRules, formulations: cpuFormulations },
};

/** Which formulation each operator and shape uses: `{"conv2dFilterGradient|[64,…]|…": "rows"}`. */
export type Plan = Readonly<Record<string, string>>;

/** The entry of the plan that a node looks up: operator, input shapes and attributes. */
export function planKey(node: Node): string {
  return [
    node.operator,
    ...node.inputs.map(({ shape }) => shape.join('x')),
    Object.entries(node.attributes)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  ].join('|');
}

export interface LowerOptions {
  device?: Device;
  plan?: Plan;
  capabilities?: Capabilities;
  name?: string;
  /** Name of a free first axis of all inputs and outputs (for exported encoders); default: static. */
  dynamicBatch?: string;
  metadata?: Record<string, string>;
  /** Inputs and outputs that can be are in blocked layout, as in the middle of a network: for timing a node. */
  insideBlocks?: boolean;
  /** Orders that are wanted of filters. */
  orders?: FilterOrders;
  /** Names of inputs and outputs that are in the order which is wanted of them. */
  inOrder?: ReadonlySet<string>;
}

/** The node with a shape that does not name the batch: in ONNX, an extent of 0 is taken from the input. */
function withFreeBatch(node: Node): Node {
  if (node.operator !== 'reshape') return node;
  const shape = node.attributes.shape as readonly number[];
  if (node.inputs[0]!.shape[0] !== shape[0]) return node;
  return { ...node, attributes: { ...node.attributes, shape: [0, ...shape.slice(1)] } };
}

/** Filters of convolutions, as operators take or give them, in the orders of their formulations. */
function insideOrders(
  nodes: readonly Node[],
  { block }: Capabilities,
  choiceOf: (node: Node) => string | undefined,
): Map<Tensor, FilterOrder> {
  const own: Record<string, (node: Node) => Tensor> = {
    conv2d: ({ inputs }) => inputs[1]!,
    conv2dInputGradient: ({ inputs }) => inputs[1]!,
    conv2dFilterGradient: ({ outputs }) => outputs[0]!,
  };
  const orders = new Map<Tensor, FilterOrder>();
  for (const node of nodes) {
    const tensor = own[node.operator]?.(node);
    if (tensor && fitsFilterBlocks(tensor, block))
      orders.set(tensor, orderOfChoice(choiceOf(node)) ?? 'filters');
  }
  return orders;
}

/** The standard operators alone: what an exported file may use. */
export const NONE: Capabilities = { block: 0 };

/** Lowers named outputs to an ONNX graph whose inputs are the graph's input nodes, by their names. */
export function lower(
  outputs: Readonly<Record<string, Tensor>>,
  {
    device = 'cpu',
    plan = {},
    capabilities = NONE,
    name = 'step',
    dynamicBatch,
    metadata,
    insideBlocks = false,
    orders = new Map(),
    inOrder = new Set(),
  }: LowerOptions = {},
): OnnxGraph {
  const { rules, layoutRules, formulations } = lowerings[device];
  const nodes = nodesOf(Object.values(outputs));
  const emit = createEmitter({
    capabilities,
    choose(node, valid) {
      const planned = plan[planKey(node)];
      return planned !== undefined && formulations(node, capabilities).includes(planned)
        ? planned
        : valid[0]!;
    },
  });
  const value = (label: string, { shape, dtype }: { shape: readonly number[]; dtype: DType }): OnnxValue => ({
    name: label,
    shape: dynamicBatch === undefined ? shape : [dynamicBatch, ...shape.slice(1)],
    dtype,
  });

  const layouts = createLayouts(emit, nodes, { results: Object.values(outputs), wanted: orders });
  const inside = insideBlocks
    ? insideOrders(nodes, capabilities, (node) => plan[planKey(node)])
    : new Map<Tensor, FilterOrder>();
  const isInside = (tensor: Tensor) => insideBlocks && fitsBlocks(tensor, capabilities.block);
  const layoutOf = (label: string, tensor: Tensor) =>
    (inOrder.has(label) ? orders : inside).get(tensor) ?? (isInside(tensor) ? 'blocked' : 'plain');

  const inputs: OnnxValue[] = [];
  for (const node of nodes) {
    if (node.operator === 'input') {
      const label = node.attributes.name as string;
      const tensor = node.outputs[0]!;
      inputs.push(value(label, tensor));
      layouts.set(node, [{ [layoutOf(label, tensor)]: label }]);
      continue;
    }
    const kept =
      capabilities.block > 0
        ? (layoutRules[node.operator]?.(emit, layouts, node) ??
          inFilterOrder(emit, layouts, node, rules[node.operator]))
        : undefined;
    if (kept) {
      layouts.set(node, kept);
      continue;
    }
    const rule = rules[node.operator];
    if (!rule) {
      throw new LikenessError(
        'operator.notLowered',
        `operator "${node.operator}" has no lowering for device "${device}"`,
      );
    }
    const lowered = dynamicBatch === undefined ? node : withFreeBatch(node);
    const names = rule(emit, lowered, node.inputs.map(layouts.plain));
    layouts.set(
      node,
      names.map((plain) => ({ plain })),
    );
  }
  const results = Object.entries(outputs).map(([label, tensor]) => {
    emit.output(label, layouts[layoutOf(label, tensor)](tensor));
    return value(label, tensor);
  });
  return { name, nodes: emit.nodes, constants: emit.constants, inputs, outputs: results, metadata };
}
