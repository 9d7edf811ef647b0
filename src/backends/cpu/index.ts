/** The CPU backend: ONNX Runtime in a worker thread, with its NCHWc kernels. */
export { cpuTarget, openCpu } from './cpu.ts';
export type { Capabilities } from './nchwc.ts';
export { runtimeVersion } from './version.ts';
