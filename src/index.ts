/**
 * The library: one namespace per folder.
 *
 * @example
 * import { data, methods, train } from 'likeness';
 * const source = await data.openSource('photos');
 */
export * as backends from './backends/index.ts';
export * as cluster from './cluster/index.ts';
export * as compare from './compare/index.ts';
export * as compile from './compile/index.ts';
export { LikenessError } from './core/errors.ts';
export { randomAt } from './core/random.ts';
export * as data from './data/index.ts';
export * as encoders from './encoders/index.ts';
export * as evaluate from './evaluate/index.ts';
export * as formats from './formats/index.ts';
export * as methods from './methods/index.ts';
export * as metrics from './metrics/index.ts';
export * as nn from './nn/index.ts';
export * as report from './report/index.ts';
export * as run from './run/index.ts';

export * as tensor from './tensor/index.ts';
export * as train from './train/index.ts';
export * as views from './views/index.ts';
