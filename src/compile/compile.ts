/** The compiler: a list of passes from a program of tensors to ONNX graphs for a device. */
import { LikenessError } from '../core/errors.ts';
import { nodesOf, showShape, simplify as simplifyGraph, type Tensor } from '../tensor/index.ts';
import { type ChooseOptions, choosePlan, type KernelChoice } from './chooseKernels.ts';
import { foldConstantState } from './foldConstantState.ts';
import type { Lowering, TensorLayouts } from './lower.ts';
import type { OnnxGraph } from './onnx.ts';
import type { Plan } from './plan.ts';
import type { StateSpec, ValueSpec } from './values.ts';

export interface ProgramState {
  /** The input node through which the graph reads the value. */
  current: Tensor;
  /** The value that replaces it after each run. Absent: the value is frozen. */
  next?: Tensor;
}

export interface Program {
  outputs: Readonly<Record<string, Tensor>>;
  state?: readonly ProgramState[];
  /** Shown in the saved graph. */
  name?: string;
  /** Number of replicas that run the program together. Default: 1. */
  replicas?: number;
}

/** A program on its way through the passes. */
export interface Compilation {
  readonly program: Program;
  /** Outputs of the program, and next values of its state by `nextName`. */
  readonly graph: Readonly<Record<string, Tensor>>;
  readonly plan: Plan;
  /** Layouts that a pass wants of tensors. State is stored in them. */
  readonly layouts: TensorLayouts;
  /** The whole lowered graph. Absent before lowering. */
  readonly whole?: OnnxGraph;
  /** Work of each run. Absent before lowering. */
  readonly main?: OnnxGraph;
  /** Work that depends on frozen state alone, done once per state write. */
  readonly prelude?: OnnxGraph;
}

export type Pass = (compilation: Compilation) => Compilation | Promise<Compilation>;

/** A device as the compiler sees it. */
export interface Target {
  /** Passes of the device's own, between the choice of kernels and lowering. */
  readonly passes: readonly Pass[];
  readonly lowering: Lowering;
  readonly choice: KernelChoice;
  /** Operators of the device's own whose work on frozen state can be hoisted. */
  readonly hoistable?: readonly string[];
}

export interface Compiled {
  readonly plan: Plan;
  /** Number of operators of the graph, before lowering. */
  readonly nodeCount: number;
  readonly whole: OnnxGraph;
  readonly main: OnnxGraph;
  readonly prelude?: OnnxGraph;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly state: readonly StateSpec[];
}

/** Compiles a program for a device. */
export async function compile(
  program: Program,
  target: Target,
  options: Omit<ChooseOptions, 'choice' | 'frozen'>,
): Promise<Compiled> {
  const passes: Pass[] = [
    simplify,
    chooseKernels({ ...options, choice: target.choice }),
    ...target.passes,
    lower(target.lowering),
    hoistFrozen(target.hoistable),
  ];
  let compilation = begin(program);
  for (const pass of passes) compilation = await pass(compilation);
  return finish(compilation);
}

function begin(program: Program): Compilation {
  const next = replacedState(program).map(
    ({ current, next }) => [nextName(current), next] as const,
  );
  return {
    program,
    graph: { ...program.outputs, ...Object.fromEntries(next) },
    plan: {},
    layouts: new Map(),
  };
}

/** Removes dead nodes and equal ones, folds constants, and fuses passes over large tensors. */
export const simplify: Pass = (compilation) => ({
  ...compilation,
  graph: simplifyGraph({ ...compilation.graph }, { replicas: compilation.program.replicas }),
});

/** Plans a kernel for each node that has a choice. */
export const chooseKernels =
  (options: Omit<ChooseOptions, 'frozen'>): Pass =>
  async (compilation) => ({
    ...compilation,
    plan: await choosePlan(compilation.graph, {
      ...options,
      frozen: frozenNames(compilation.program),
    }),
  });

/** Turns the graph into ONNX operators of the device. */
export const lower =
  (lowering: Lowering): Pass =>
  (compilation) => {
    const { program, graph, plan, layouts } = compilation;
    const boundary = new Map<string, string>();
    for (const { current } of replacedState(program)) {
      const layout = layouts.get(current);
      if (layout === undefined) continue;
      boundary.set(nameOf(current), layout);
      boundary.set(nextName(current), layout);
    }
    const whole = lowering.lower(graph, { plan, name: program.name, layouts, boundary });
    return { ...compilation, whole, main: whole };
  };

/** Moves work that depends on frozen state alone out of the runs. */
export const hoistFrozen =
  (ownOperators?: readonly string[]): Pass =>
  (compilation) => ({
    ...compilation,
    ...foldConstantState(compilation.whole!, frozenNames(compilation.program), ownOperators),
  });

function finish({ program, graph, plan, layouts, whole, main, prelude }: Compilation): Compiled {
  const nodes = nodesOf(Object.values(graph));
  const reads = new Set(main!.inputs.map(({ name }) => name));
  const inputs = new Map<string, Tensor>();
  for (const node of nodes) {
    if (node.operator !== 'input') continue;
    const name = nameOf(node.outputs[0]!);
    if (inputs.has(name)) {
      throw new LikenessError(
        'input.duplicate',
        `two inputs are named "${name}"; expected one tensor per name`,
      );
    }
    inputs.set(name, node.outputs[0]!);
  }
  const taken = Object.keys(program.outputs).find((name) => inputs.has(name));
  const state = (program.state ?? []).map((entry) => stateSpec(entry, { layouts, reads }));
  if (taken !== undefined) {
    throw new LikenessError(
      'output.duplicate',
      `output "${taken}" has the name of an input; expected another name`,
    );
  }
  for (const { name } of state) inputs.delete(name);
  return {
    plan,
    nodeCount: nodes.length,
    whole: whole!,
    main: main!,
    prelude,
    inputs: specsOf(Object.fromEntries(inputs)),
    outputs: specsOf(program.outputs),
    state,
  };
}

function stateSpec(
  { current, next }: ProgramState,
  { layouts, reads }: { layouts: TensorLayouts; reads: ReadonlySet<string> },
): StateSpec {
  const { shape, dtype } = current;
  const name = nameOf(current);
  if (next && showShape(next.shape) !== showShape(shape)) {
    throw new LikenessError(
      'shape.mismatch',
      `state "${name}": received a next value of shape ${showShape(next.shape)}; ` +
        `expected ${showShape(shape)}`,
    );
  }
  if (!next) return { name, shape, dtype, read: reads.has(name) };
  const [output, layout] = [nextName(current), layouts.get(current)];
  return { name, shape, dtype, read: reads.has(name), output, layout };
}

function specsOf(tensors: Readonly<Record<string, Tensor>>): ValueSpec[] {
  return Object.entries(tensors).map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
}

/** State with a next value. */
function replacedState({ state = [] }: Program): { current: Tensor; next: Tensor }[] {
  return state.flatMap(({ current, next }) => (next ? [{ current, next }] : []));
}

/** Names of the state that no run replaces. */
function frozenNames({ state = [] }: Program): Set<string> {
  return new Set(state.filter(({ next }) => !next).map(({ current }) => nameOf(current)));
}

/** Name of an input node's tensor. */
export function nameOf({ node }: Tensor): string {
  return String(node.attributes.name);
}

/** Name of the output that replaces a state value. */
export function nextName(current: Tensor): string {
  return `${nameOf(current)}:next`;
}
