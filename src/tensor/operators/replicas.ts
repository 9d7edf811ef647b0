/**
 * Operators that join replicas: copies of a program that run together, each on its part of a batch.
 *
 * In a program of one replica they are identities, which simplification removes. A program of
 * several is cut at them: replicas compute the operands, exchange them, and continue.
 *
 * Gradients are those of the mean of all replicas' losses once the gradient of each parameter has
 * been averaged by `crossReplicaMean`. The mean is its own adjoint then, and the adjoint of
 * gathering rows is the sum over replicas of each replica's own rows (reduce-scatter).
 */
import {
  applyOne,
  defineOperator,
  isFloat,
  refuseShape,
  showShape,
  type Tensor,
} from '../tensor.ts';

/** Names of the operators at which a program of several replicas is cut. */
export const crossReplicaOperators: readonly string[] = [
  'crossReplicaMean',
  'crossReplicaMax',
  'crossReplicaConcat',
  'crossReplicaScatter',
];

/** An operator of equal shapes on all replicas. */
function reduction(name: string): (x: Tensor) => Tensor {
  defineOperator({
    name,
    infer: ([x]) => {
      if (!isFloat(x!.dtype))
        refuseShape(name, `a tensor of type ${x!.dtype}`, 'float32 or float64');
      return [{ shape: x!.shape, dtype: x!.dtype }];
    },
  });
  return (x) => applyOne(name, [x]);
}

/** Mean of x over all replicas, the same on each. */
export const crossReplicaMean = reduction('crossReplicaMean');
/** Largest value over all replicas, element by element; not differentiable. */
export const crossReplicaMax = reduction('crossReplicaMax');

defineOperator({
  name: 'crossReplicaConcat',
  infer: ([x], { replicas }) => {
    const [rows, ...rest] = x!.shape;
    if (rows === undefined) refuseShape('crossReplicaConcat', 'a tensor of rank 0', 'rows');
    return [{ shape: [rows * (replicas as number), ...rest], dtype: x!.dtype }];
  },
});

/**
 * Rows of all replicas, [R n, ...] of x [n, ...], in the order of their ranks and the same on each.
 *
 * @param replicas R
 */
export function crossReplicaConcat(x: Tensor, replicas: number): Tensor {
  return applyOne('crossReplicaConcat', [x], { replicas });
}

defineOperator({
  name: 'crossReplicaScatter',
  infer: ([x], { replicas }) => {
    const [rows = 0, ...rest] = x!.shape;
    const own = rows / (replicas as number);
    if (rows === 0 || !Number.isInteger(own)) {
      refuseShape('crossReplicaScatter', showShape(x!.shape), `a multiple of ${replicas} rows`);
    }
    return [{ shape: [own, ...rest], dtype: x!.dtype }];
  },
});

/**
 * A replica's own rows [n, ...] of the sum over replicas of x [R n, ...].
 *
 * @param replicas R
 */
export function crossReplicaScatter(x: Tensor, replicas: number): Tensor {
  return applyOne('crossReplicaScatter', [x], { replicas });
}
