/** Emitter of one ONNX graph: lowering rules append nodes and constants and get names of values. */
import { type Node, naturalType, type TensorData } from '../tensor/index.ts';
import { type OnnxAttribute, type OnnxConstant, type OnnxNode, onnxTypes } from './onnx.ts';

export type NodeOptions = Record<string, OnnxAttribute>;

export interface Emitter<D = unknown> {
  /** Nodes so far. Outputs of the graph have their labels as names. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: OnnxConstant[];
  /**
   * Appends a node with one output and returns that output's name. An equal node that is already
   * there is used again; ONNX Runtime merges equal nodes too, but not outside the standard.
   */
  add(type: string, inputs: readonly string[], attributes?: NodeOptions): string;
  /** Appends a node with several outputs; `domain` for operators outside the standard. */
  addMany(
    type: string,
    inputs: readonly string[],
    attributes: NodeOptions,
    options: { outputs: number; domain?: string },
  ): string[];
  /** Whole numbers as an int64 tensor of rank 1 (shapes, axes); equal lists share one constant. */
  integers(values: readonly number[]): string;
  /** A float32 number, of rank 0. */
  number(value: number): string;
  /** Any constant. */
  constant(data: OnnxConstant['data'], shape: readonly number[], type?: number): string;
  /** Makes a value an output of the graph. */
  output(label: string, name: string): void;
  /** Knowledge of the backend about its device. */
  readonly device: D;
  /** The kernel that the plan chose for a node, or its default. */
  kernelOf(node: Node): string | undefined;
}

/** Writes a node from its lowered inputs and returns the names of its outputs. */
export type Rule<D = unknown> = (
  emit: Emitter<D>,
  node: Node,
  inputs: readonly string[],
) => readonly string[];

export interface EmitterOptions<D> {
  device: D;
  /** Default: no node has a choice. */
  kernelOf?(node: Node): string | undefined;
}

/** Prefix of the emitter's own names, which no input, output or state value has. */
const OWN = '#';

/** Constants of a graph; equal numbers and lists of whole numbers are one. */
function createConstants(
  newName: () => string,
): Pick<Emitter<unknown>, 'constants' | 'integers' | 'number' | 'constant'> {
  const constants: OnnxConstant[] = [];
  const shared = new Map<string, string>();

  function add(data: OnnxConstant['data'], shape: readonly number[], type: number): string {
    const name = newName();
    constants.push({ name, shape, data, type });
    return name;
  }
  function once(key: string, make: () => string): string {
    const existing = shared.get(key);
    if (existing) return existing;
    const name = make();
    shared.set(key, name);
    return name;
  }
  return {
    constants,
    integers: (values) =>
      once(`i${values}`, () =>
        add(BigInt64Array.from(values, BigInt), [values.length], onnxTypes.int64),
      ),
    number: (value) =>
      once(`f${Object.is(value, -0) ? '-0' : value}`, () =>
        add(Float32Array.of(value), [], onnxTypes.float32),
      ),
    constant: (data, shape, type) =>
      add(data, shape, type ?? onnxTypes[naturalType(data as TensorData)]),
  };
}

/** An emitter of an empty graph. */
export function createEmitter<D>({
  device,
  kernelOf = () => undefined,
}: EmitterOptions<D>): Emitter<D> {
  const nodes: OnnxNode[] = [];
  /** Labels of the values that are outputs. */
  const labels = new Map<string, string>();
  /** Outputs of the nodes so far, by all that makes a node. */
  const written = new Map<string, string[]>();
  let count = 0;
  const labeled = (name: string) => labels.get(name) ?? name;
  const constants = createConstants(() => `${OWN}c${count++}`);
  const emit: Emitter<D> = {
    get nodes() {
      return nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(labeled),
        outputs: node.outputs.map(labeled),
      }));
    },
    ...constants,
    device,
    kernelOf,
    add: (type, inputs, attributes = {}) =>
      emit.addMany(type, inputs, attributes, { outputs: 1 })[0]!,
    addMany(type, inputs, attributes, { outputs, domain = '' }) {
      const key = JSON.stringify([domain, type, inputs, attributes]);
      const before = written.get(key);
      if (before?.length === outputs) return before;
      const made = Array.from({ length: outputs }, () => `${OWN}t${count++}`);
      nodes.push({ type, inputs, outputs: made, attributes, domain });
      written.set(key, made);
      return made;
    },
    output(label, name) {
      // An input, a constant, or a value that is an output already is copied; any other is written
      // where the output is wanted.
      const isMade = !labels.has(name) && nodes.some(({ outputs }) => outputs.includes(name));
      if (isMade) labels.set(name, label);
      else
        nodes.push({
          type: 'Identity',
          inputs: [name],
          outputs: [label],
          attributes: {},
          domain: '',
        });
    },
  };
  return emit;
}
