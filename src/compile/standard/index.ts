/** Standard ONNX kernels and the node helpers that backends build their own kernels from. */
export * from './argMaxProduct.ts';
export * from './convolution.ts';
export * from './filterGradient.ts';
export * from './geometry.ts';
export * from './largestOfRows.ts';
export * from './moves.ts';
export { poolAttributes } from './pool.ts';
export { axpy, rowProducts } from './products.ts';
export { standardRules } from './rules.ts';
