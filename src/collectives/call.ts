/** Descriptions of calls, by which ranks find out that one of them makes another call. */
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import type { CollectiveArray, Reduction } from './communicator.ts';

export const kinds = [
  'barrier',
  'broadcast',
  'allReduce',
  'allGather',
  'reduceScatter',
  'close',
] as const;
export type Kind = (typeof kinds)[number];

const types = ['float32', 'float64', 'int32'] as const;
export type ValueType = (typeof types)[number];
const reductions: readonly Reduction[] = ['sum', 'max'];

/** Call of one rank. */
export interface Call {
  readonly kind: Kind;
  readonly values?: CollectiveArray;
  readonly reduction?: Reduction;
  readonly root?: number;
}

/** Numbers of an encoded call: kind, type, reduction, length, root, and 1 if it is invalid. */
export const CALL_FIELDS = 6;
const NONE = -1;

/** Type of an array's values; undefined for arrays that collectives do not move. */
export function typeOf(values: unknown): ValueType | undefined {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  return values instanceof Int32Array ? 'int32' : undefined;
}

/** Encodes a call as {@link CALL_FIELDS} numbers. */
export function encodeCall(call: Call, size: number): Float64Array {
  const { kind, values, reduction, root = NONE } = call;
  return Float64Array.of(
    kinds.indexOf(kind),
    types.indexOf(typeOf(values)!),
    reduction === undefined ? NONE : reductions.indexOf(reduction),
    values?.length ?? NONE,
    Number.isInteger(root) ? root : NONE,
    Number(faultOf(call, size) !== undefined),
  );
}

/** Fault of a call that its own rank can find, as an error. */
export function faultOf(
  { kind, values, reduction, root }: Call,
  size: number,
): LikenessError | undefined {
  const refuse = (received: string, expected: string) =>
    new LikenessError('collective.invalid', `${kind}: received ${received}; expected ${expected}`);
  if (kind === 'barrier' || kind === 'close') return undefined;
  if (typeOf(values) === undefined) {
    return refuse(
      `values of type ${(values as object | undefined)?.constructor?.name ?? typeof values}`,
      'a Float32Array, Float64Array or Int32Array',
    );
  }
  if (reduction !== undefined && !reductions.includes(reduction)) {
    return refuse(`the reduction "${reduction}"`, reductions.join(' or '));
  }
  if (root !== undefined && !(Number.isInteger(root) && root >= 0 && root < size)) {
    return refuse(`the root ${root}`, `a rank from 0 to ${size - 1}`);
  }
  if (kind === 'reduceScatter' && values!.length % size !== 0) {
    return refuse(plural(values!.length, 'value'), `a multiple of ${plural(size, 'rank')}`);
  }
  return undefined;
}

function describe([kind, type, reduction, length, root]: ArrayLike<number> & Iterable<number>) {
  const words: string[] = [kinds[kind!]!];
  if (reduction !== NONE) words.push(`(${reductions[reduction!]})`);
  if (length !== NONE) {
    words.push(`of ${plural(length!, `${types[type!] ?? 'other'} value`)}`);
  }
  if (root !== NONE) words.push(`from rank ${root}`);
  return words.join(' ');
}

/**
 * Error that names the first rank whose call differs from that of rank 0, or that refuses its own
 * call; undefined if all ranks make the same valid call.
 */
export function differenceOf(
  calls: readonly Float64Array[],
  hosts: readonly string[],
): LikenessError | undefined {
  const [first] = calls as [Float64Array];
  const isLikeFirst = (call: Float64Array) => call.every((value, i) => value === first[i]);
  const other = calls.findIndex((call) => !isLikeFirst(call));
  if (other === -1) return undefined;
  const [expected, received] = [describe(first), describe(calls[other]!)];
  const place = (rank: number) => `rank ${rank} (${hosts[rank]})`;
  if (expected === received) {
    const refused = calls.findIndex((call) => call[CALL_FIELDS - 1] === 1);
    return new LikenessError(
      'collective.differs',
      `collective: received an invalid call of ${describe(calls[refused]!)} on ${place(refused)}; ` +
        'expected a valid one as on the other ranks',
    );
  }
  return new LikenessError(
    'collective.differs',
    `collective: received ${received} on ${place(other)}; expected ${expected} as on ${place(0)}. ` +
      'Make the same calls in the same order on all ranks',
  );
}
