/**
 * The largest value of each row: its place, and where it is wanted the value there and the largest of the others. A search for a place goes
 * value by value on a CPU, one for a largest value alone goes by vectors: long rows are searched for the group that holds it, and
 * then in that group.
 */
import type { Emitter } from '../emitter.ts';
import { onnxTypes } from '../onnx.ts';
import { lowerReshape } from './moves.ts';

/** Columns of a group: whole vector registers; with some hundred columns, few groups. */
export const GROUP = 32;
/** Columns from which on they are searched by groups. */
export const WORTH_GROUPS = 4 * GROUP;
/** Below any product: what a column has that no row may choose, and what a place already found is covered by. */
export const NEVER = -1e30;

/** What is looked for in each row: the place of its largest value alone, or the two largest values with it. */
export type Wanted = 'place' | 'values';

/** Names of values, each [R]. */
export interface Found {
  /** First place of the largest value, int32. */
  at: string;
  values?: { largest: string; second: string };
}

/** The largest of each of R rows with this many columns; many of them are searched by groups where they can be cut into these. */
export function largestOfRows(
  emit: Emitter,
  rows: string,
  { R, columns, wanted }: { R: number; columns: number; wanted: Wanted },
): Found {
  if (columns < WORTH_GROUPS || columns % GROUP !== 0) return searched(emit, rows, columns, wanted);
  const groups = columns / GROUP;
  const largest = emit.add('ReduceMax', [lowerReshape(emit, rows, [R, groups, GROUP]), emit.integers([2])], {
    keepdims: 0,
  }); // [R, groups]
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

/** What was found among the largest of groups of `size` neighbours, and then in the group of each row, as one. */
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
