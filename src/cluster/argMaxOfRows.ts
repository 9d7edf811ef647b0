/** The position of each row's largest value where rows are wide, in two steps: the group that holds it, then its place there. */
import { add, argMax, constant, gather, max, mul, reshape, scalar, type Tensor } from '../tensor/index.ts';

/** Columns of a group. Whole vector registers; with some hundred columns, few groups. */
export const GROUP = 32;

/**
 * Column of the largest value of each row, int32 [R], the lowest on a tie: what `argMax` gives.
 *
 * A search for a position goes value by value on a CPU, one for a largest value alone goes by vectors. So the largest of
 * each group of `GROUP` columns is found first, and positions are searched among the groups and within one.
 *
 * @param x [R, K]; K a multiple of GROUP, or else searched directly
 */
export function argMaxOfRows(x: Tensor): Tensor {
  const [R, K] = x.shape as [number, number];
  const groups = K / GROUP;
  if (!Number.isInteger(groups) || groups < 2) return argMax(x); // [R]
  const grouped = reshape(x, [R * groups, GROUP]);
  const largest = reshape(max(grouped, { axes: [1] }), [R, groups]);
  const group = argMax(largest); // [R]
  const firstGroup = constant(
    Int32Array.from({ length: R }, (_, row) => row * groups),
    [R],
  );
  const within = argMax(gather(grouped, add(group, firstGroup))); // of [R, GROUP]: [R]
  return add(mul(group, scalar(GROUP, 'int32')), within); // [R]
}
