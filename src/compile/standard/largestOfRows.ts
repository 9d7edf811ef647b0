/**
 * The largest value of each row: its index, and on request the value and the largest of the others.
 * On a CPU, a search for an index goes value by value, and one for a largest value goes by vectors.
 * So long rows are searched for the group with the largest value, and then in that group.
 */
import type { Emitter } from '../emitter.ts';
import { onnxTypes } from '../onnx.ts';
import { lowerReshape } from './moves.ts';

/** Columns of a group: whole vector registers; with some hundred columns, few groups. */
export const GROUP = 32;
/** Columns from which on they are searched by groups. */
export const WORTH_GROUPS = 4 * GROUP;
/**
 * Bound below any product, for columns that no row may choose and for covering an index already
 * found.
 */
export const NEVER = -1e30;

/**
 * Result of the search in each row: the index of its largest value alone, or the two largest values
 * with it.
 */
export type Wanted = 'place' | 'values';

/** Names of values, each [R]. */
export interface Found {
  /** First place of the largest value, int32. */
  at: string;
  values?: { largest: string; second: string };
}

/**
 * The largest of each of R rows with this many columns, searched by groups where there are enough.
 */
export function largestOfRows(
  emit: Emitter,
  rows: string,
  { R, columns, wanted }: { R: number; columns: number; wanted: Wanted },
): Found {
  if (columns < WORTH_GROUPS || columns % GROUP !== 0) return searched(emit, rows, columns, wanted);
  const groups = columns / GROUP;
  const largest = emit.add(
    'ReduceMax',
    [lowerReshape(emit, rows, [R, groups, GROUP]), emit.integers([2])],
    {
      keepdims: 0,
    },
  ); // [R, groups]
  const group = searched(emit, largest, groups, wanted);
  const firstGroup = emit.constant(
    Int32Array.from({ length: R }, (_, row) => row * groups),
    [R],
  );
  const chosen = emit.add(
    'Gather',
    [lowerReshape(emit, rows, [R * groups, GROUP]), emit.add('Add', [group.at, firstGroup])],
    { axis: 0 },
  ); // [R, GROUP]
  return inGroup(emit, group, searched(emit, chosen, GROUP, wanted), GROUP);
}

/**
 * Combines the search among the largest of groups of `size` neighbors with the search in the group
 * of each row.
 */
export function inGroup(emit: Emitter, group: Found, inner: Found, size: number): Found {
  const first = emit.add('Mul', [group.at, emit.constant(Int32Array.of(size), [])]);
  const at = emit.add('Add', [first, inner.at]);
  if (!group.values || !inner.values) return { at };
  const second = emit.add('Max', [group.values.second, inner.values.second]);
  return { at, values: { largest: inner.values.largest, second } };
}

/** A search value by value, for few columns. */
export function searched(emit: Emitter, rows: string, columns: number, wanted: Wanted): Found {
  const at = emit.add('Cast', [emit.add('ArgMax', [rows], { axis: 1, keepdims: 0 })], {
    to: onnxTypes.int32,
  });
  if (wanted === 'place') return { at };
  const greatest = (of: string) => emit.add('ReduceMax', [of, emit.integers([1])], { keepdims: 0 });
  const places = emit.constant(
    Int32Array.from({ length: columns }, (_, column) => column),
    [1, columns],
  );
  const isFound = emit.add('Equal', [emit.add('Unsqueeze', [at, emit.integers([1])]), places]); // [R, columns]
  const others = emit.add('Where', [isFound, emit.number(NEVER), rows]);
  return { at, values: { largest: greatest(rows), second: greatest(others) } };
}
