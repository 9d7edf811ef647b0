/**
 * Choosing formulations by measuring: once per operator, shape and machine.
 *
 * Timings vary, results must not: a plan is data, stored with the run and on the machine, and a run that has one
 * never measures again.
 */
import { apply, input, type Node, sizeOf, type Tensor } from '../tensor/index.ts';
import { type Capabilities, type Device, lower, lowerings, type Plan, planKey } from './lowering/index.ts';
import { encodeOnnx } from './onnx.ts';
import type { ValueSpec } from './protocol.ts';

/** Times a model on made-up inputs: milliseconds of the fastest of `repeats` runs. */
export type Measure = (model: Uint8Array, inputs: readonly ValueSpec[], repeats: number) => Promise<number>;

/** A formulation replaces the default only if it is faster by more than the noise of a timing. */
const MARGIN = 0.95;
/** Below this many multiply-adds the choice does not matter. */
const WORTH_MEASURING = 2e6;
const REPEATS = 3;

export interface PlanOptions {
  device: Device;
  capabilities: Capabilities;
  /** Choices already made. */
  plan: Plan;
  /** Absent: defaults are taken. */
  measure?: Measure;
  /** Told of new measurements. */
  onMeasured?: (added: Plan) => void;
}

/** The plan of exactly the given nodes: known choices, then measured ones, then defaults. */
export async function completePlan(
  nodes: readonly Node[],
  { device, capabilities, plan, measure, onMeasured }: PlanOptions,
): Promise<Plan> {
  const full: Record<string, string> = {};
  const added: Record<string, string> = {};
  for (const node of nodes) {
    const valid = lowerings[device].formulations(node, capabilities);
    if (valid.length < 2) continue;
    const key = planKey(node);
    if (full[key] !== undefined) continue;
    const known = plan[key];
    if (known !== undefined && valid.includes(known)) {
      full[key] = known;
    } else if (measure && multiplyAdds(node) >= WORTH_MEASURING) {
      full[key] = await fastest(node, valid, { device, capabilities, measure });
      added[key] = full[key];
    } else {
      full[key] = valid[0]!;
    }
  }
  if (Object.keys(added).length > 0) onMeasured?.(added);
  return full;
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

async function fastest(
  node: Node,
  valid: readonly string[],
  { device, capabilities, measure }: { device: Device; capabilities: Capabilities; measure: Measure },
): Promise<string> {
  const inputs: Tensor[] = node.inputs.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
  const alone = apply(node.operator, inputs, node.attributes)[0]!;
  const key = planKey(alone.node);
  const specs = inputs.map(({ shape, dtype }, i) => ({ name: `x${i}`, shape, dtype }));
  let best = valid[0]!;
  let bestTime = Infinity;
  for (const name of valid) {
    const model = encodeOnnx(lower({ y: alone }, { device, capabilities, plan: { [key]: name }, name }));
    const time = await measure(model, specs, REPEATS);
    if (time < bestTime * (name === valid[0] ? 1 : MARGIN)) {
      best = name;
      bestTime = time;
    }
  }
  return best;
}
