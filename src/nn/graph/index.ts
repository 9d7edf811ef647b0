/** Imported ONNX graphs as networks that can be trained. */
export { type ImportOptions, importGraph, trainableOperators } from './importGraph.ts';
