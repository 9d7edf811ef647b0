/** Exchanges of one round between ranks, joined into few calls. */
import type { CollectiveArray, Communicator, Reduction } from '../collectives/index.ts';
import type { Exchange, Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { TensorData } from '../tensor/index.ts';

/** Smaller values are exchanged in one array: a call costs about as much as so many bytes. */
const JOINED_BYTES = 2 ** 16;

/** Operators whose results have the shape of their operands, and how they join values. */
const reductions: Readonly<Record<string, Reduction>> = {
  crossReplicaMean: 'sum',
  crossReplicaMax: 'max',
};

/** A mean or a maximum in progress: values that are the rank's own first and the result at last. */
interface Reduced {
  readonly operator: string;
  readonly values: CollectiveArray;
}

/**
 * Exchanges values between all ranks.
 *
 * All ranks receive equal bytes of a mean, a maximum and a concatenation.
 *
 * @param exchanges exchanges of one round, equal on all ranks
 * @param operands the rank's own values by name, which a mean or a maximum overwrites
 * @returns values by the names of the exchanges' results
 * @throws LikenessError `replicas.type` for values that collectives do not move
 */
export async function exchange(
  communicator: Communicator,
  exchanges: readonly Exchange[],
  operands: Values,
): Promise<Values> {
  const results: Values = {};
  const reduced: Reduced[] = [];
  const overwritten = new Set<string>();
  // Operands are gathered before a mean or a maximum overwrites them.
  for (const { operator, operand, result } of exchanges) {
    const values = movable(operands[operand]!, operator);
    if (operator === 'crossReplicaConcat') results[result] = await communicator.allGather(values);
    else if (operator in reductions) {
      const own = overwritten.has(operand) ? values.slice() : values;
      overwritten.add(operand);
      reduced.push({ operator, values: own });
      results[result] = own;
    } else results[result] = await communicator.reduceScatter(values);
  }
  for (const group of groupsOf(reduced)) await reduce(communicator, group);
  return results;
}

/** Groups small values of one operator and type; each large one is a group of its own. */
function groupsOf(reduced: readonly Reduced[]): Reduced[][] {
  const groups = new Map<unknown, Reduced[]>();
  for (const one of reduced) {
    const { operator, values } = one;
    const isSmall = values.byteLength < JOINED_BYTES;
    const key = isSmall ? `${operator} ${values.constructor.name}` : values;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Replaces values of one group by their mean or maximum over all ranks. */
async function reduce(communicator: Communicator, group: readonly Reduced[]): Promise<void> {
  const [{ operator, values: first }] = group as [Reduced];
  const isAlone = group.length === 1;
  const joined = isAlone ? first : joinedOf(group.map(({ values }) => values));
  await communicator.allReduce(joined, { reduction: reductions[operator]! });
  if (operator === 'crossReplicaMean') {
    for (let i = 0; i < joined.length; i++) joined[i] = joined[i]! / communicator.size;
  }
  if (isAlone) return;
  let start = 0;
  for (const { values } of group) {
    values.set(joined.subarray(start, start + values.length));
    start += values.length;
  }
}

/** Arrays of one type as one array. */
function joinedOf(arrays: readonly CollectiveArray[]): CollectiveArray {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const joined = new (arrays[0]!.constructor as new (length: number) => CollectiveArray)(length);
  let start = 0;
  for (const array of arrays) {
    joined.set(array, start);
    start += array.length;
  }
  return joined;
}

function movable(values: TensorData, operator: string): CollectiveArray {
  if (!(values instanceof Uint8Array)) return values;
  throw new LikenessError(
    'replicas.type',
    `${operator}: received bytes; expected float32, float64 or int32. Cast them before.`,
  );
}
