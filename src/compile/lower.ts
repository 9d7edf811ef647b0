/** Lowering: from a graph of tensors to an ONNX graph, by a table of rules. */
import { LikenessError } from '../core/errors.ts';
import { type DType, type Node, nodesOf, type Tensor } from '../tensor/index.ts';
import { createEmitter, type Emitter, type Rule } from './emitter.ts';
import type { OnnxGraph, OnnxValue } from './onnx.ts';
import { type Plan, planKey } from './plan.ts';
import { filterGradientKernels, inputGradientKernels, standardRules } from './standard/index.ts';

/** Layouts of values by tensor. A layout is a name that only the backend understands. */
export type TensorLayouts = ReadonlyMap<Tensor, string>;

export interface LowerOptions {
  plan?: Plan;
  name?: string;
  /**
   * Name of a free first axis of all inputs and outputs, as in exported encoders. Default: static.
   */
  dynamicBatch?: string;
  metadata?: Record<string, string>;
  /** Layouts that a backend's pass wants of tensors. */
  layouts?: TensorLayouts;
  /** Layouts of inputs and outputs by name. Default: plain. */
  boundary?: ReadonlyMap<string, string>;
}

/** A device's way from operators to ONNX. */
export interface Lowering {
  /** Kernels that are valid for a node, the default first. Empty where there is no choice. */
  kernels(node: Node): readonly string[];
  /**
   * Lowers named outputs to an ONNX graph whose inputs are the graph's input nodes, by their names.
   */
  lower(outputs: Readonly<Record<string, Tensor>>, options?: LowerOptions): OnnxGraph;
}

/** Names of lowered tensors in the layout `plain`, and in layouts of a backend's own. */
export interface ValueTable {
  /** Name of a tensor in plain layout. */
  plain(tensor: Tensor): string;
  /** Name of a tensor in a layout. */
  read(tensor: Tensor, layout: string): string;
  /** Stores the name of an input in its layout. */
  setInput(node: Node, name: string, layout: string): void;
  /** Stores the names of a node's outputs, all in plain layout. */
  set(node: Node, names: readonly string[]): void;
  /** Lowers a node in layouts of the backend's own. False: the rule of the plain layout applies. */
  lowerNode(node: Node): boolean;
}

/** A graph that is being lowered, as a table of values sees it. */
export interface LoweredGraph {
  nodes: readonly Node[];
  results: readonly Tensor[];
  layouts: TensorLayouts;
}

export interface LoweringTable<D> {
  /** Name of the device, for errors. */
  name: string;
  device: D;
  /** Rules by operator, for values in plain layout. */
  rules: Readonly<Record<string, Rule<D>>>;
  kernels(node: Node): readonly string[];
  /** Default: all values are in plain layout. */
  createValues?(emit: Emitter<D>, graph: LoweredGraph): ValueTable;
}

/**
 * The lowering by a table.
 *
 * @throws LikenessError (when it lowers) for an operator that has no rule.
 */
export function createLowering<D>(table: LoweringTable<D>): Lowering {
  return {
    kernels: table.kernels,
    lower: (outputs, options = {}) => lowerGraph(table, outputs, options),
  };
}

function lowerGraph<D>(
  table: LoweringTable<D>,
  outputs: Readonly<Record<string, Tensor>>,
  options: LowerOptions,
): OnnxGraph {
  const { plan = {}, name = 'step', dynamicBatch, metadata, layouts = new Map() } = options;
  const { createValues = plainValues } = table;
  const nodes = nodesOf(Object.values(outputs));
  const emit = createEmitter({ device: table.device, kernelOf: kernelOf(table, plan) });
  const values = createValues(emit, { nodes, results: Object.values(outputs), layouts });
  const layoutOf = (label: string) => options.boundary?.get(label) ?? 'plain';
  const describe = (
    label: string,
    { shape, dtype }: { shape: readonly number[]; dtype: DType },
  ) => ({
    name: label,
    shape: dynamicBatch === undefined ? shape : [dynamicBatch, ...shape.slice(1)],
    dtype,
  });

  const inputs: OnnxValue[] = [];
  for (const node of nodes) {
    if (node.operator === 'input') {
      const label = node.attributes.name as string;
      inputs.push(describe(label, node.outputs[0]!));
      values.setInput(node, label, layoutOf(label));
    } else if (!values.lowerNode(node)) {
      const lowered = dynamicBatch === undefined ? node : withFreeBatch(node);
      values.set(node, ruleOf(table, node)(emit, lowered, node.inputs.map(values.plain)));
    }
  }
  const results = Object.entries(outputs).map(([label, tensor]): OnnxValue => {
    emit.output(label, values.read(tensor, layoutOf(label)));
    return describe(label, tensor);
  });
  return { name, nodes: emit.nodes, constants: emit.constants, inputs, outputs: results, metadata };
}

/** The planned kernel of a node where it is valid, else the first valid one. */
function kernelOf({ kernels }: Pick<LoweringTable<unknown>, 'kernels'>, plan: Plan) {
  return (node: Node): string | undefined => {
    const valid = kernels(node);
    const planned = plan[planKey(node)];
    return planned !== undefined && valid.includes(planned) ? planned : valid[0];
  };
}

function ruleOf<D>({ rules, name }: LoweringTable<D>, { operator }: Node): Rule<D> {
  const rule = rules[operator];
  if (rule) return rule;
  throw new LikenessError(
    'operator.notLowered',
    `operator "${operator}" has no lowering for device "${name}"`,
  );
}

/** Values that all are in plain layout. */
function plainValues(): ValueTable {
  const table = new Map<Node, readonly string[]>();
  const plain = ({ node, index }: Tensor) => table.get(node)![index]!;
  return {
    plain,
    read: plain,
    setInput: (node, name) => void table.set(node, [name]),
    set: (node, names) => void table.set(node, names),
    lowerNode: () => false,
  };
}

/**
 * The node with a shape that does not name the batch. In ONNX an extent of 0 is that of the input.
 */
function withFreeBatch(node: Node): Node {
  if (node.operator !== 'reshape') return node;
  const shape = node.attributes.shape as readonly number[];
  if (node.inputs[0]!.shape[0] !== shape[0]) return node;
  return { ...node, attributes: { ...node.attributes, shape: [0, ...shape.slice(1)] } };
}

/** Standard ONNX operators alone, for exported files. */
export const standardLowering: Lowering = createLowering({
  name: 'standard',
  device: undefined,
  rules: standardRules,
  kernels(node) {
    if (node.operator === 'conv2dInputGradient') return inputGradientKernels(node);
    return node.operator === 'conv2dFilterGradient' ? filterGradientKernels(node) : [];
  },
});
