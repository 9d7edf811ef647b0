/** Imported ONNX graphs as networks that can be trained. */
export {
  IMPORTED_PREFIX,
  type ImportedNetwork,
  type ImportedOptions,
  importedRates,
  registerNetwork,
} from './imported.ts';
export {
  type ImportOptions,
  importGraph,
  trainableOperators,
  untrainableNodes,
} from './importGraph.ts';
export { NAMING } from './layers.ts';
export type { RuntimeTypes } from './runtime.ts';
