/**
 * Choosing formulations by measuring: once per operator, shape and machine.
 *
 * Timings vary, results must not: a plan is data, stored with the run and on the machine, and a run that has one
 * never measures again.
 */
import { apply, input, type Node, nodesOf, type Shape, sizeOf, type Tensor } from '../tensor/index.ts';
import { type Capabilities, type Device, lower, lowerings, type Plan, planKey } from './lowering/index.ts';
import { meetWholly } from './lowering/wholeMaps.ts';
import { encodeOnnx } from './onnx.ts';
import type { Compared } from './protocol.ts';

/** Times models on the same made-up inputs, in turns: milliseconds of the fastest run of each. */
export type Measure = (models: readonly Uint8Array[], values: Compared, rounds: number) => Promise<number[]>;

/** Operators whose fastest formulation depends on the shape; of others the default is the fastest wherever it is valid. */
const measurable: ReadonlySet<string> = new Set(['conv2d', 'conv2dInputGradient', 'conv2dFilterGradient']);
/** A formulation replaces the default only if it is faster by more than the noise of a timing. */
const MARGIN = 0.9;
/** Below this many multiply-adds the choice does not matter. */
const WORTH_MEASURING = 2e6;
const ROUNDS = 5;
/** Values of filters from which on those of 2 x 2 maps are faster as products: 128 x 128 x 9. */
const LARGE_FILTERS = 128 * 128 * 9;
/** Images that formulations are compared on: times grow with the batch alike, so a part of a large one will do. */
const MEASURED_BATCH = 128;

export interface PlanOptions {
  device: Device;
  capabilities: Capabilities;
  /** Choices already made. */
  plan: Plan;
  /** Absent: defaults are taken. */
  measure?: Measure;
  /** Names of inputs that no run replaces. */
  held?: ReadonlySet<string>;
  /** Told of new measurements. */
  onMeasured?: (added: Plan) => void;
  onTimed?: OnTimed;
}

/** Told of each entry of a plan as it has been measured: milliseconds of its formulations, by name. */
export type OnTimed = (key: string, milliseconds: Readonly<Record<string, number>>) => void;

/** The plan of exactly the given nodes: known choices, then measured ones, then defaults. */
export async function completePlan(
  nodes: readonly Node[],
  { device, capabilities, plan, measure, held = new Set(), onMeasured, onTimed }: PlanOptions,
): Promise<Plan> {
  const full: Record<string, string> = {};
  const added: Record<string, string> = {};
  for (const node of nodes) {
    const valid = lowerings[device].formulations(node, capabilities);
    if (valid.length < 2) continue;
    const key = planKey(node);
    if (full[key] !== undefined) continue;
    const known = plan[key];
    if (hasHeldFilters(node, held)) {
      full[key] = ofHeldFilters(node, valid);
    } else if (known !== undefined && valid.includes(known)) {
      full[key] = known;
    } else if (measure && measurable.has(node.operator) && multiplyAdds(node) >= WORTH_MEASURING) {
      const times = await timesOf(node, valid, { device, capabilities, measure });
      onTimed?.(key, Object.fromEntries(valid.map((name, i) => [name, times[i]!])));
      full[key] = fastest(valid, times);
      added[key] = full[key];
    } else {
      full[key] = valid[0]!;
    }
  }
  if (Object.keys(added).length > 0) onMeasured?.(added);
  return full;
}

/**
 * Whether a convolution's filters are put in order before the runs. What was measured counts that in, and with few images it counts most:
 * without it the choice is another.
 */
function hasHeldFilters({ operator, inputs }: Node, held: ReadonlySet<string>): boolean {
  const filters = inputs[1]?.node;
  return operator === 'conv2d' && filters?.operator === 'input' && held.has(String(filters.attributes.name));
}

/** Products of positions read filters in order once per batch, which pays where they are more than a core's cache holds. */
function ofHeldFilters(node: Node, valid: readonly string[]): string {
  const isLarge = sizeOf(node.inputs[1]!.shape) >= LARGE_FILTERS;
  return isLarge && valid.includes('wholeMaps') && meetWholly(node) ? 'wholeMaps' : valid[0]!;
}

/** Multiply-adds of one of the convolution operators. */
function multiplyAdds(node: Node): number {
  const filter = node.operator === 'conv2dFilterGradient' ? node.outputs[0]! : node.inputs[1]!;
  // The map that is convolved to: a result of the convolution, an argument of its adjoints.
  const output =
    { conv2d: node.outputs[0]!, conv2dFilterGradient: node.inputs[1]! }[node.operator] ?? node.inputs[0]!;
  const [N, , H, W] = output.shape as [number, number, number, number];
  return N * H * W * sizeOf(filter.shape);
}

/** Timed as in the middle of a network whose maps are blocked: what turns them into another layout counts. */
async function timesOf(
  node: Node,
  valid: readonly string[],
  { device, capabilities, measure }: { device: Device; capabilities: Capabilities; measure: Measure },
): Promise<number[]> {
  const alone = withSmallerBatch(node);
  const adjoint = valid.includes(SHARING) ? adjointOf(alone.node) : undefined;
  const results = adjoint ? [alone, adjoint] : [alone];
  const outputs = Object.fromEntries(results.map((result, i) => [`y${i}`, result]));
  const inputs = nodesOf(results).filter(({ operator }) => operator === 'input');
  const values = {
    inputs: inputs.map(({ attributes, outputs: [made] }) => specOf(String(attributes.name), made!)),
    outputs: results.map((result, i) => specOf(`y${i}`, result)),
  };
  const models = valid.map((name) => {
    const plan = Object.fromEntries(results.map((result) => [planKey(result.node), name]));
    return encodeOnnx(lower(outputs, { device, capabilities, plan, name, insideBlocks: true }));
  });
  return measure(models, values, ROUNDS);
}

const specOf = (name: string, { shape, dtype }: Tensor) => ({ name, shape, dtype });

/** The formulation that shares much of its work with that of the adjoint: the two are timed together. */
const SHARING = 'wholeMaps';

/** The adjoint of a convolution in the image, by the same filters; for that adjoint, the convolution. The filter gradient shares with neither. */
function adjointOf({ operator, inputs: [x, w], outputs: [y], attributes }: Node): Tensor | undefined {
  if (operator === 'conv2dFilterGradient') return undefined;
  const from = input('from', operator === 'conv2d' ? y!.shape : (attributes.shape as Shape));
  const { shape: _, ...geometry } = attributes;
  return operator === 'conv2d'
    ? apply('conv2dInputGradient', [from, w!], { ...attributes, shape: x!.shape })[0]!
    : apply('conv2d', [from, w!], geometry)[0]!;
}

function fastest(valid: readonly string[], times: readonly number[]): string {
  const best = times.indexOf(Math.min(...times));
  return times[best]! < MARGIN * times[0]! ? valid[best]! : valid[0]!;
}

/** The result of the node on inputs of its own, with at most `MEASURED_BATCH` images. */
function withSmallerBatch(node: Node): Tensor {
  const N = node.inputs[0]!.shape[0]!;
  const smaller = (shape: readonly number[]) => [Math.min(N, MEASURED_BATCH), ...shape.slice(1)];
  // Filters have no batch: the second input, but for the filter gradient, whose inputs are both maps.
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
