/** Compiling graphs of tensors and running them. */
export {
  type CompileOptions,
  type Engine,
  type EngineOptions,
  type Executable,
  openEngine,
  type Program,
  type ProgramState,
} from './engine.ts';
export { type Capabilities, type Device, type LowerOptions, lower, type Plan } from './lowering/index.ts';
export { encodeOnnx } from './onnx.ts';
export type { SessionSettings, Values } from './protocol.ts';
export { runtimeVersion } from './version.ts';
