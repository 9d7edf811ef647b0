/** From a graph of tensors to an ONNX graph, by the rules of a device. */
import { LikenessError } from '../../core/errors.ts';
import { type DType, type Node, nodesOf, type Tensor } from '../../tensor/index.ts';
import type { OnnxGraph, OnnxValue } from '../onnx.ts';
import { cpuFormulations, cpuRules } from './cpu.ts';
import { type Capabilities, createEmitter, type Rule } from './emitter.ts';

export type { Capabilities } from './emitter.ts';

export type Device = 'cpu';

export interface Lowering {
  rules: Readonly<Record<string, Rule>>;
  /** Formulations valid for a node, the default first; empty where there is no choice. */
  formulations(node: Node, capabilities: Capabilities): string[];
}

/** The lowering of each device; WebGPU is one more entry. */
export const lowerings: Readonly<Record<Device, Lowering>> = {
  cpu: { rules: cpuRules, formulations: cpuFormulations },
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
}

/** The node with a shape that does not name the batch: in ONNX, an extent of 0 is taken from the input. */
function withFreeBatch(node: Node): Node {
  if (node.operator !== 'reshape') return node;
  const shape = node.attributes.shape as readonly number[];
  if (node.inputs[0]!.shape[0] !== shape[0]) return node;
  return { ...node, attributes: { ...node.attributes, shape: [0, ...shape.slice(1)] } };
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
  }: LowerOptions = {},
): OnnxGraph {
  const { rules, formulations } = lowerings[device];
  const { emit, names } = createEmitter({
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

  const inputs: OnnxValue[] = [];
  for (const node of nodesOf(Object.values(outputs))) {
    if (node.operator === 'input') {
      const label = node.attributes.name as string;
      inputs.push(value(label, node.outputs[0]!));
      names.set(node, [label]);
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
    names.set(node, rule(emit, lowered, node.inputs.map(emit.name)));
  }
  const results = Object.entries(outputs).map(([label, tensor]) => {
    // An output needs a node of its own name, also where the graph hands on an input or a shared tensor.
    emit.nodes.push({
      type: 'Identity',
      inputs: [emit.name(tensor)],
      outputs: [label],
      attributes: {},
      domain: '',
    });
    return value(label, tensor);
  });
  return { name, nodes: emit.nodes, constants: emit.constants, inputs, outputs: results, metadata };
}
