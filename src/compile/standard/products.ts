/** Products of rows, and `a x + y`, in standard operators. */
import type { Tensor } from '../../tensor/index.ts';
import type { Rule } from '../emitter.ts';
import { lowerTranspose, matchRank } from './moves.ts';

/** `x_r · w_k + offset_k` as a matrix product. */
export const rowProducts: Rule = (emit, _node, [x, w, offset]) => [
  emit.add('Add', [emit.add('MatMul', [x!, lowerTranspose(emit, w!, [1, 0])]), offset!]), // [R, K]
];

/** `a x + y` for a number a, in two passes. */
export const axpy: Rule = (emit, node, [a, x, y]) => {
  const [number, { shape }] = node.inputs as [Tensor, Tensor];
  return [emit.add('Add', [emit.add('Mul', [x!, matchRank(emit, a!, number, shape)]), y!])];
};
