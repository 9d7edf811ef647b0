/** Devices that run compiled programs, and the engine on one of them. */
export type { Backend, Session, SessionSettings } from './backend.ts';
export { type Capabilities, runtimeVersion } from './cpu/index.ts';
export {
  type CompileOptions,
  type Device,
  type Engine,
  type EngineOptions,
  openEngine,
} from './engine.ts';
export type { Executable } from './executable.ts';
