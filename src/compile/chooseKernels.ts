/**
 * Choosing kernels, by timing them once per operator, shape and machine.
 *
 * Timings vary and results must not, so a plan is data: it is stored with the run and on the
 * machine, and a run that has one never times again.
 */
import { type Node, nodesOf, type Tensor } from '../tensor/index.ts';
import type { Lowering } from './lower.ts';
import type { OnnxGraph } from './onnx.ts';
import { type Plan, planKey } from './plan.ts';
import type { ValueSpec } from './values.ts';

/** Models that compute the same with different kernels. */
export interface Candidates {
  models: readonly OnnxGraph[];
  inputs: readonly ValueSpec[];
  outputs: readonly ValueSpec[];
}

/** A backend's part in the choice. */
export interface KernelChoice extends Pick<Lowering, 'kernels'> {
  /** The kernel of a node whose weights are frozen. Undefined: plan and timing decide. */
  frozenKernel?(
    node: Node,
    kernels: readonly string[],
    isFrozen: (tensor: Tensor) => boolean,
  ): string | undefined;
  /** A model to time for each kernel, in order. Undefined: the default is taken untimed. */
  candidates?(node: Node, kernels: readonly string[]): Candidates | undefined;
}

/** Times candidates on the same synthetic inputs: milliseconds of the fastest run of each. */
export type TimeCandidates = (candidates: Candidates) => Promise<number[]>;

/** Receives each entry of a plan as it has been timed: milliseconds of its kernels, by name. */
export type OnTimed = (key: string, milliseconds: Readonly<Record<string, number>>) => void;

export interface ChooseOptions {
  choice: KernelChoice;
  /** Choices already made. */
  plan: Plan;
  /** Absent: defaults are taken. */
  time?: TimeCandidates;
  /** Names of inputs that no run replaces. */
  frozen?: ReadonlySet<string>;
  /** Receives the entries that were timed, once. */
  onMeasured?: (added: Plan) => void;
  onTimed?: OnTimed;
}

/** A kernel replaces the default only if it is faster by more than the noise of a timing. */
const MARGIN = 0.9;

/** Plans exactly the nodes of a graph: known choices, then timed ones, then defaults. */
export async function choosePlan(
  outputs: Readonly<Record<string, Tensor>>,
  { choice, plan, time, frozen = new Set(), onMeasured, onTimed }: ChooseOptions,
): Promise<Plan> {
  const full: Record<string, string> = {};
  const added: Record<string, string> = {};
  const isFrozen = ({ node }: Tensor) =>
    node.operator === 'input' && frozen.has(String(node.attributes.name));
  for (const node of nodesOf(Object.values(outputs))) {
    const kernels = choice.kernels(node);
    if (kernels.length < 2) continue;
    const key = planKey(node);
    if (full[key] !== undefined) continue;
    const known = choice.frozenKernel?.(node, kernels, isFrozen) ?? plan[key];
    if (known !== undefined && kernels.includes(known)) {
      full[key] = known;
      continue;
    }
    const candidates = time && choice.candidates?.(node, kernels);
    if (!candidates) {
      full[key] = kernels[0]!;
      continue;
    }
    const times = await time(candidates);
    onTimed?.(key, Object.fromEntries(kernels.map((name, i) => [name, times[i]!])));
    full[key] = fastest(kernels, times);
    added[key] = full[key];
  }
  if (Object.keys(added).length > 0) onMeasured?.(added);
  return full;
}

function fastest(kernels: readonly string[], times: readonly number[]): string {
  const best = times.indexOf(Math.min(...times));
  return times[best]! < MARGIN * times[0]! ? kernels[best]! : kernels[0]!;
}
