/**
 * Builds an imported ONNX graph with the operators of symbolic tensors, so that it can be trained.
 *
 * Weights become variables under their names. Shapes are static: what a graph computes from the
 * shape of its input is known here and folded. The nodes are those of the ONNX standard, and a few
 * of ONNX Runtime's own that exporters write.
 */
import { LikenessError } from '../../core/errors.ts';
import type { OnnxModel, OnnxModelNode } from '../../formats/index.ts';
import { showShape, sizeOf, type Tensor } from '../../tensor/index.ts';
import type { Variables } from '../variables.ts';
import type { Constant } from './constants.ts';
import { dequantized } from './dequantize.ts';
import { foldShape, folds } from './fold.ts';
import {
  type Computed,
  graphNode,
  type NodeRule,
  type Scope,
  showNode,
  type Value,
} from './node.ts';
import { elementwiseRules } from './rules/elementwise.ts';
import { layerRules } from './rules/layers.ts';
import { moveRules } from './rules/moves.ts';
import { reductionRules } from './rules/reductions.ts';
import { type RuntimeTypes, runtimeOutputs } from './runtime.ts';

const rules: Readonly<Record<string, NodeRule>> = {
  ...layerRules,
  ...elementwiseRules,
  ...moveRules,
  ...reductionRules,
};

/** Operators that pass their first input on. */
const PASSING = new Set(['Identity', 'Dropout']);
/** Operators that scale pixels before the first layer. */
const SCALING = new Set(['Add', 'Sub', 'Mul', 'Div']);
/** Domains whose operators are known. */
const DOMAINS = new Set(['', 'com.microsoft', 'ai.onnx.contrib']);
/** Most elements of a tensor. */
const MAX_ELEMENTS = 2 ** 31;

export interface ImportOptions {
  variables: Variables;
  /** Tensors by their names in the graph: its images, or what a frozen part has computed. */
  feeds: Readonly<Record<string, Tensor>>;
  /** Name of the tensor that is wanted. */
  output: string;
  /** Prefix of the names of variables. Default: none. */
  prefix?: string;
  /** Weights that are not trained, by their names in the file. Default: none. */
  frozen?: ReadonlySet<string>;
  /**
   * Statistics of batch norms in training: those of the batch, or always the stored ones. Frozen
   * batch norms use the stored ones. Default: those of the batch.
   */
  batchNorm?: Scope['batchNorm'];
  /**
   * Types of what operators without a gradient here make. With them such a node runs as it is,
   * where nothing that it depends on is trained. Default: none is known.
   */
  runtimeTypes?: RuntimeTypes;
  /** Next step in the error of such a node. Default: to freeze the graph below it. */
  advice?(node: OnnxModelNode): string;
}

/** Names of the operators that can be trained. */
export function trainableOperators(): string[] {
  return [...new Set([...Object.keys(rules), ...PASSING, 'Constant', 'Shape', 'Size'])].sort();
}

/**
 * The output of an imported graph for the fed tensors.
 *
 * Floats of the file are parameters, but for single numbers that no layer reads as a weight, and
 * for numbers that scale pixels before the first layer. Running statistics are buffers.
 *
 * @throws LikenessError `graph.operator` for a node that has no gradient here, with what feeds it;
 * `graph.unknown` for a tensor that no node makes; `shape.mismatch` with the node
 */
export function importGraph(model: OnnxModel, options: ImportOptions): Tensor {
  const { variables, feeds, output, prefix = '', frozen, batchNorm = 'batch' } = options;
  const scope: Scope = {
    ...{ variables, batchNorm },
    isFrozen: (weight) => frozen?.has(weight) ?? false,
    nameOf: (weight) => prefix + weight,
  };
  const values = new Map<string, Value>();
  for (const [name, stored] of model.initializers) {
    const { shape, kind } = stored;
    if (kind === 'float' && (sizeOf(shape) > 1 || shape.length > 1)) {
      values.set(name, { is: 'weight', name, shape, stored });
    } else if (kind) values.set(name, { is: 'constant', kind, shape, data: stored.values(), name });
  }
  for (const [name, tensor] of Object.entries(feeds)) {
    const { shape } = tensor;
    const arePixels = model.inputs.some((input) => input.name === name);
    values.set(name, { is: 'computed', shape, tensor, arePixels });
  }
  const needed = neededNodes(model, { output, fed: new Set(Object.keys(feeds)) });
  const isFed = needed.some(({ inputs }) => inputs.some((name) => Object.hasOwn(feeds, name)));
  for (const node of needed) {
    for (const [name, value] of outputsOf(node, { model, values, scope, options }))
      values.set(name, value);
  }
  const found = values.get(output);
  if (found?.is === 'computed' && (isFed || Object.hasOwn(feeds, output))) return found.tensor;
  throw new LikenessError(
    'graph.unknown',
    `output "${output}": it does not depend on ${Object.keys(feeds).join(', ')}; expected a ` +
      'tensor that does',
  );
}

/**
 * Nodes that an output depends on, in the order of the file, which is one of computation by the
 * standard.
 *
 * @param fed names at which the walk ends
 */
export function neededNodes(
  { nodes }: Pick<OnnxModel, 'nodes'>,
  { output, fed }: { output: string; fed: ReadonlySet<string> },
): OnnxModelNode[] {
  const wanted = new Set([output]);
  const needed = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name) && !fed.has(name))) return false;
    for (const name of node.inputs) wanted.add(name);
    return true;
  });
  return needed.toReversed();
}

interface Graph {
  model: OnnxModel;
  values: ReadonlyMap<string, Value>;
  scope: Scope;
  options: ImportOptions;
}

/** Values of a node's outputs by their names. */
function outputsOf(node: OnnxModelNode, graph: Graph): [string, Value][] {
  const { model, values, scope } = graph;
  const inputs = node.inputs.map((name) => {
    if (name === '') return undefined;
    const value = values.get(name);
    if (value) return value;
    const reason = model.initializers.has(name)
      ? 'a weight of a type that is not known here, such as 4-bit integers. Take a file with ' +
        'floats or 8-bit integers, or train a head on the features, without `fineTune`'
      : 'which no node before it makes';
    throw new LikenessError('graph.unknown', `${showNode(node)}: it reads "${name}", ${reason}`);
  });
  const [output = ''] = node.outputs;
  if (PASSING.has(node.type)) return [[output, renamed(inputs[0]!, output, node)]];
  if (node.type === 'Constant') return [[output, constantOfNode(node, output)]];
  const version = model.opsets.get('') ?? 1;
  const ends = graphNode(node, { inputs, version, scope });
  const shape = foldShape(ends);
  if (shape) return [[output, shape]];
  const known = inputs.filter((value): value is Constant => value?.is === 'constant');
  const isKnown = known.length === inputs.filter(Boolean).length;
  const fold = DOMAINS.has(node.domain) && isKnown ? folds[node.type] : undefined;
  try {
    if (fold) return named(node, [fold(known, ends)].flat() as Constant[]);
    const weight = DOMAINS.has(node.domain) ? dequantized(ends, output) : undefined;
    if (weight) return [[output, weight]];
    const rule = ruleOf(node);
    if (!rule) {
      // Weights that the node reads stay as they are, too.
      const read = graphNode(node, { inputs: inputs.map(asConstant), version, scope });
      const isBelow = !inputs.some((value) => value?.is === 'computed' && value.isTrained);
      const { runtimeTypes } = graph.options;
      const made = isBelow ? runtimeOutputs(node, read, runtimeTypes) : undefined;
      if (!made) throw untrainable(node, graph);
      return named(
        node,
        made.map((tensor) => computed(tensor)),
      );
    }
    const isTrained = inputs.some((value) => value && dependsOnTrained(value, scope));
    const [x, other] = inputs;
    const arePixels = SCALING.has(node.type) && [x, other].some((v) => v && isPixels(v));
    const scaled = arePixels
      ? graphNode(node, { inputs: inputs.map(asConstant), version, scope })
      : ends;
    const tensors = [rule(scaled)].flat() as Tensor[];
    return named(
      node,
      tensors.map((tensor) =>
        computed(tensor, {
          arePixels: arePixels || isMovedPixels(node, x),
          isTrained: isTrained && !arePixels,
        }),
      ),
    );
  } catch (error) {
    throw atNode(error, node);
  }
}

function named(node: OnnxModelNode, found: readonly Value[]): [string, Value][] {
  return node.outputs.flatMap((name, i) => (found[i] && name !== '' ? [[name, found[i]]] : []));
}

function computed(tensor: Tensor, flags: Pick<Computed, 'arePixels' | 'isTrained'> = {}): Computed {
  const { shape } = tensor;
  if (sizeOf(shape) > MAX_ELEMENTS) {
    throw new LikenessError(
      'graph.operator',
      `it makes a tensor ${showShape(shape)}; expected at most ${MAX_ELEMENTS} elements`,
    );
  }
  return { is: 'computed', shape, tensor, ...flags };
}

/** The rule of a node; undefined for an operator without a gradient here. */
function ruleOf({ domain, type }: OnnxModelNode): NodeRule | undefined {
  return DOMAINS.has(domain) ? rules[type] : undefined;
}

/** True for a weight that is trained, and for what depends on one. */
function dependsOnTrained(value: Value, { isFrozen }: Scope): boolean {
  if (value.is === 'computed') return value.isTrained ?? false;
  if (value.is === 'weight') return !isFrozen(value.name);
  const { kind, shape, name } = value;
  return kind === 'float' && shape.length > 0 && name !== undefined && !isFrozen(name);
}

/** Nodes that an output depends on, whose operators cannot be trained. */
export function untrainableNodes(
  model: OnnxModel,
  { input, output }: { input: string; output: string },
): OnnxModelNode[] {
  const known = new Set(trainableOperators());
  const depends = new Set([input]);
  return neededNodes(model, { output, fed: new Set([input]) }).filter((node) => {
    if (!node.inputs.some((name) => depends.has(name))) return false;
    for (const name of node.outputs) depends.add(name);
    return !ruleOf(node) && !(DOMAINS.has(node.domain) && known.has(node.type));
  });
}

const isPixels = (value: Value) => value.is === 'computed' && value.arePixels === true;

/** True for pixels that only change their order or type. */
function isMovedPixels({ type }: OnnxModelNode, x: Value | undefined): boolean {
  return ['Cast', 'Transpose'].includes(type) && x !== undefined && isPixels(x);
}

/** A weight that scales pixels as a constant. */
function asConstant(value: Value | undefined): Value | undefined {
  if (value?.is !== 'weight') return value;
  return { is: 'constant', kind: 'float', shape: value.shape, data: value.stored.values() };
}

/**
 * The input of an Identity. Exporters write weights of equal numbers once, and each further one as
 * an Identity of it, so a weight that is passed on is another weight.
 */
function renamed(value: Value, name: string, { type }: OnnxModelNode): Value {
  return type === 'Identity' && value.is !== 'computed' ? { ...value, name } : value;
}

/** A constant, or a weight where it has several unlike floats. */
function constantOfNode(node: OnnxModelNode, name: string): Value {
  const { attributes } = node;
  const stored = attributes.get('value')?.tensor;
  if (stored?.kind) {
    const { shape, kind } = stored;
    const data = stored.values();
    const isWeight = kind === 'float' && data.some((value) => value !== data[0]);
    return isWeight
      ? { is: 'weight', name, shape, stored }
      : { is: 'constant', kind, shape, data, ...(kind === 'float' && { name }) };
  }
  const single = (kind: 'float' | 'integer', value: number): Value => ({
    ...{ is: 'constant', kind, shape: [], data: [value] },
  });
  const { float } = attributes.get('value_float') ?? {};
  if (float !== undefined) return single('float', float);
  const { integer } = attributes.get('value_int') ?? {};
  if (integer !== undefined) return single('integer', integer);
  const integers = attributes.get('value_ints')?.integers;
  const list = integers ?? attributes.get('value_floats')?.floats;
  if (list) {
    const kind = integers ? 'integer' : 'float';
    return { is: 'constant', kind, shape: [list.length], data: list };
  }
  throw new LikenessError('graph.operator', `${showNode(node)}: its value has no numbers`);
}

/** The error of an operator without a gradient here: what feeds it, and what can be done. */
function untrainable(node: OnnxModelNode, { model, values, options }: Graph): LikenessError {
  const fed = node.inputs
    .filter((name) => name !== '')
    .map((name) => {
      const from = model.nodes.find(({ outputs }) => outputs.includes(name));
      const shape = values.get(name)?.shape;
      const source = from
        ? ` of ${showNode(from)}`
        : model.initializers.has(name)
          ? ' (a weight)'
          : '';
      return `"${name}"${shape ? ` ${showShape(shape)}` : ''}${source}`;
    });
  const reads = fed.length > 0 ? ` It reads ${fed.join(', ')}.` : '';
  const advice =
    options.advice?.(node) ??
    `Freeze the graph below "${node.outputs[0] ?? ''}" and train what follows, or export the ` +
      'model with other operators.';
  return new LikenessError(
    'graph.operator',
    `${showNode(node)}: the operator cannot be trained.${reads} ${advice}`,
  );
}

/** The error with the node that it comes from. */
function atNode(error: unknown, node: OnnxModelNode): unknown {
  if (!(error instanceof LikenessError) || error.message.includes(showNode(node))) return error;
  return new LikenessError(error.code, `${showNode(node)}: ${error.message}`, { cause: error });
}
