/**
 * `argmax_k (x_r · w_k + offset_k)` for each row r in standard operators: the index of its largest
 * product, and for `twoLargestProducts` the two largest values.
 */
import type { Node } from '../../tensor/index.ts';
import type { Emitter, Rule } from '../emitter.ts';
import {
  type Found,
  GROUP,
  largestOfRows,
  NEVER,
  type Wanted,
  WORTH_GROUPS,
} from './largestOfRows.ts';
import { lowerPad, lowerTranspose, roundUp } from './moves.ts';

/** A product of x [R, D] with w [K, D], plus an offset [K]. */
export interface Product {
  x: string;
  w: string;
  offset: string;
  R: number;
  D: number;
  K: number;
  wanted: Wanted;
}

/** The product of a node with its lowered inputs. */
export function productOf(node: Node, [x, w, offset]: readonly string[], wanted: Wanted): Product {
  const [R, D] = node.inputs[0]!.shape as [number, number];
  const K = node.inputs[1]!.shape[0]!;
  return { x: x!, w: w!, offset: offset!, R, D, K, wanted };
}

export const argMaxProduct: Rule = (emit, node, inputs) => [
  searchRows(emit, productOf(node, inputs, 'place')).at,
];

export const twoLargestProducts: Rule = (emit, node, inputs) => {
  const { at, values } = searchRows(emit, productOf(node, inputs, 'values'));
  return [at, values!.largest, values!.second];
};

/** A product in plain order; many columns are filled up to whole groups. */
export function searchRows(emit: Emitter, { x, w, offset, R, K, wanted }: Product): Found {
  const columns = K < WORTH_GROUPS ? K : roundUp(K, GROUP);
  const wt = lowerTranspose(emit, lowerPad(emit, w, [0, 0], [columns - K, 0]), [1, 0]); // [D, columns]
  const scores = emit.add('Add', [
    emit.add('MatMul', [x, wt]),
    padOffset(emit, offset, columns - K),
  ]);
  return largestOfRows(emit, scores, { R, columns, wanted }); // [R]
}

/** Offsets of added columns are below any product. */
export function padOffset(emit: Emitter, offset: string, columns: number): string {
  return lowerPad(emit, offset, [0], [columns], NEVER);
}
