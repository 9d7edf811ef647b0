/** Operators that choose elements by integer indices, and reductions that compute such indices. */
import {
  apply,
  applyOne,
  defineOperator,
  refuseShape,
  resolveAxis,
  sameShape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { equal } from './compare.ts';
import { cast } from './elementwise.ts';
import { reshape } from './shape.ts';
import { arange } from './source.ts';

function requireIndices(operator: string, indices: Tensor): void {
  if (indices.dtype !== 'int32') refuseShape(operator, `indices of type ${indices.dtype}`, 'int32');
}

defineOperator({
  name: 'gather',
  infer: ([x, indices], { axis }) => {
    requireIndices('gather', indices!);
    const at = axis as number;
    return [
      {
        shape: [...x!.shape.slice(0, at), ...indices!.shape, ...x!.shape.slice(at + 1)],
        dtype: x!.dtype,
      },
    ];
  },
});

/**
 * Slices of `x` along an axis, by indices of any shape: `y[.., i.., ..] = x[.., indices[i..], ..]`.
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return applyOne('gather', [x, indices], { axis: resolveAxis('gather', axis, x.shape.length) });
}

defineOperator({
  name: 'gatherElements',
  infer: ([x, indices]) => {
    requireIndices('gatherElements', indices!);
    if (x!.shape.length !== indices!.shape.length) {
      refuseShape(
        'gatherElements',
        `${showShape(x!.shape)} and ${showShape(indices!.shape)}`,
        'equal ranks',
      );
    }
    return [{ shape: indices!.shape, dtype: x!.dtype }];
  },
});

/**
 * Picks an element per index along an axis: `y[i, j] = x[i, indices[i, j]]` for axis 1 of a matrix.
 */
export function gatherElements(x: Tensor, indices: Tensor, axis = -1): Tensor {
  return applyOne('gatherElements', [x, indices], {
    axis: resolveAxis('gatherElements', axis, x.shape.length),
  });
}

defineOperator({
  name: 'scatterElementsAdd',
  infer: ([x, indices, updates]) => {
    requireIndices('scatterElementsAdd', indices!);
    if (!sameShape(indices!.shape, updates!.shape)) {
      refuseShape(
        'scatterElementsAdd',
        `indices ${showShape(indices!.shape)} and updates ${showShape(updates!.shape)}`,
        'equal shapes',
      );
    }
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
});

/**
 * `x` with `updates` added at indices along an axis; repeated indices add up. The gradient of
 * gatherElements.
 */
export function scatterElementsAdd(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  return applyOne('scatterElementsAdd', [x, indices, updates], {
    axis: resolveAxis('scatterElementsAdd', axis, x.shape.length),
  });
}

defineOperator({
  name: 'scatterAdd',
  infer: ([x, indices, updates]) => {
    requireIndices('scatterAdd', indices!);
    const expected = [...indices!.shape, ...x!.shape.slice(1)];
    if (indices!.shape.length !== 1 || !sameShape(updates!.shape, expected)) {
      refuseShape(
        'scatterAdd',
        `indices ${showShape(indices!.shape)} and updates ${showShape(updates!.shape)} for ` +
          `${showShape(x!.shape)}`,
        `indices [M] and updates ${showShape(expected)}`,
      );
    }
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
});

/** `x` with row `m` of `updates` added to row `indices[m]`; repeated indices add up. */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  return applyOne('scatterAdd', [x, indices, updates]);
}

/** Indices into `depth` classes as rows of 0 and 1, on a new last axis. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  requireIndices('oneHot', indices);
  return cast(equal(reshape(indices, [...indices.shape, 1]), arange(depth)), 'float32');
}

defineOperator({
  name: 'topK',
  infer: ([x], { k, axis }) => {
    const extent = x!.shape[axis as number]!;
    if (!(Number.isInteger(k) && (k as number) >= 1 && (k as number) <= extent)) {
      refuseShape(
        'topK',
        `k = ${k} on axis ${axis} of ${showShape(x!.shape)}`,
        `a whole number from 1 to ${extent}`,
      );
    }
    const shape = x!.shape.with(axis as number, k as number);
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: 'int32' },
    ];
  },
});

/**
 * The k largest values along an axis in descending order, and their indices. Of equal values the
 * earlier comes first.
 */
export function topK(
  x: Tensor,
  { k, axis = -1 }: { k: number; axis?: number },
): { values: Tensor; indices: Tensor } {
  const [values, indices] = apply('topK', [x], {
    k,
    axis: resolveAxis('topK', axis, x.shape.length),
  });
  return { values: values!, indices: indices! };
}

function extremumIndex(name: string): (x: Tensor, axis?: number) => Tensor {
  defineOperator({
    name,
    infer: ([x], { axis }) => [{ shape: x!.shape.filter((_, i) => i !== axis), dtype: 'int32' }],
  });
  return (x, axis = -1) => applyOne(name, [x], { axis: resolveAxis(name, axis, x.shape.length) });
}

/** Index of the largest element along an axis (the first of equals), without that axis. */
export const argMax = extremumIndex('argMax');
/** Index of the smallest element along an axis (the first of equals), without that axis. */
export const argMin = extremumIndex('argMin');
