/** Compiling programs of tensors to ONNX graphs. */
export {
  type Candidates,
  type ChooseOptions,
  choosePlan,
  type KernelChoice,
  type OnTimed,
  type TimeCandidates,
} from './chooseKernels.ts';
export {
  type Compilation,
  type Compiled,
  compile,
  nameOf,
  nextName,
  type Pass,
  type Program,
  type ProgramState,
  type Target,
} from './compile.ts';
export { createEmitter, type Emitter, type NodeOptions, type Rule } from './emitter.ts';
export { foldConstantState } from './foldConstantState.ts';
export {
  createLowering,
  type Lowering,
  type LowerOptions,
  standardLowering,
  type TensorLayouts,
  type ValueTable,
} from './lower.ts';
export {
  encodeOnnx,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  onnxTypes,
  Writer,
} from './onnx.ts';
export { cutProgram, type Exchange, type Part, type PartedProgram } from './parts.ts';
export { type Plan, planKey } from './plan.ts';
export type { StateSpec, ValueSpec, Values } from './values.ts';
