/**
 * Lowered tensors in their layouts: plain, and for NCHWc convolutions maps and filters in blocks.
 *
 * The rule of an operator writes a tensor in one layout. Another layout is made once, where an
 * operator reads it. So maps stay in NCHWc from layer to layer, and filters from step to step.
 */
import type { Node, Tensor } from '../../tensor/index.ts';
import {
  blockedFilters,
  type FilterOrder,
  type FilterOrders,
  fromPositionMajor,
  plainFilters,
  toPositionMajor,
} from './filterLayouts.ts';
import {
  type BlockedConvolution,
  blockedConv,
  type CpuEmitter,
  channelsOf,
  reorderInput,
  reorderOutput,
} from './nchwc.ts';

/** Layouts of lowered tensors, by the name under which `Lowered` has them. */
export type LayoutName = 'plain' | 'blocked' | FilterOrder;

/** Lowers a node where maps may be in either layout. Undefined: the plain rule applies. */
export type LayoutRule = (
  emit: CpuEmitter,
  layouts: Layouts,
  node: Node,
) => readonly Lowered[] | undefined;

/**
 * An NCHWc convolution that is not written yet, so that the operators after it can become part of
 * it.
 */
export interface Pending extends Omit<BlockedConvolution, 'filters'> {
  /**
   * Writes the filters and returns their name; `factor`: multiplier of each result channel, [O].
   */
  filters(factor?: string): string;
}

/** Names of a lowered tensor by layout, or the convolution that will compute it. */
export interface Lowered {
  plain?: string;
  /** Maps [N, C, H, W] as [N, C/b, H, W, b]. */
  blocked?: string;
  /** Filters [O, C, kh, kw] in NCHWc layout. */
  filters?: string;
  /** Filters in position-major layout. */
  positionMajor?: string;
  pending?: Pending;
}

export interface Layouts {
  /** Name of a lowered tensor in plain layout. */
  plain(tensor: Tensor): string;
  /** Name of a lowered tensor in NCHWc layout; its channels are a multiple of the block. */
  blocked(tensor: Tensor): string;
  /** Name of lowered filters in NCHWc layout. */
  filters(tensor: Tensor): string;
  /** Name of lowered filters in position-major layout. */
  positionMajor(tensor: Tensor): string;
  /**
   * Layout for a result that is combined with these tensors value by value: the one wanted of it,
   * else that of the first. Undefined where none of them was written in a layout of filters.
   */
  orderOf(result: Tensor, same: readonly Tensor[]): FilterOrder | undefined;
  /** True for a result of the graph, which is written where the caller wants it. */
  isResult(tensor: Tensor): boolean;
  /** True for a tensor that is in NCHWc layout, or will be. */
  isBlocked(tensor: Tensor): boolean;
  /** The unwritten convolution of a tensor that only the asking node reads. */
  pending(tensor: Tensor): Pending | undefined;
  set(node: Node, values: readonly Lowered[]): void;
}

/** Conversions of lowered tensors between layouts, each made once. */
function createConversions(
  emit: CpuEmitter,
  of: (tensor: Tensor) => Lowered,
): Pick<Layouts, 'plain' | 'blocked' | 'filters' | 'positionMajor'> {
  /** True for maps of one position, whose values have the same order in both layouts. */
  const isOne = ({ shape }: Tensor) => shape[2] === 1 && shape[3] === 1;
  function written(value: Lowered): Lowered {
    if (value.pending) {
      value.blocked = blockedConv(emit, { ...value.pending, filters: value.pending.filters() });
      value.pending = undefined;
    }
    return value;
  }
  function plainOf(tensor: Tensor): string {
    const { blocked, filters, positionMajor } = written(of(tensor));
    if (filters !== undefined || positionMajor !== undefined)
      return plainFilters(emit, conversions.filters(tensor), tensor.shape);
    return isOne(tensor) ? blocked! : reorderOutput(emit, blocked!, channelsOf(tensor)!);
  }
  const conversions: ReturnType<typeof createConversions> = {
    plain(tensor) {
      const value = written(of(tensor));
      value.plain ??= plainOf(tensor);
      return value.plain;
    },
    blocked(tensor) {
      const value = written(of(tensor));
      value.blocked ??= isOne(tensor)
        ? conversions.plain(tensor)
        : reorderInput(emit, conversions.plain(tensor));
      return value.blocked;
    },
    filters(tensor) {
      const value = written(of(tensor));
      value.filters ??=
        value.positionMajor === undefined
          ? blockedFilters(emit, conversions.plain(tensor), tensor.shape)
          : fromPositionMajor(emit, value.positionMajor, tensor.shape);
      return value.filters;
    },
    positionMajor(tensor) {
      const value = written(of(tensor));
      value.positionMajor ??= toPositionMajor(emit, conversions.filters(tensor), tensor.shape);
      return value.positionMajor;
    },
  };
  return conversions;
}

/**
 * Table of lowered tensors, for a graph of these nodes and results; `wanted`: layouts of filters.
 */
export function createLayouts(
  emit: CpuEmitter,
  nodes: readonly Node[],
  { results, wanted }: { results: readonly Tensor[]; wanted: FilterOrders },
): Layouts {
  const uses = countUses(nodes, results);
  const table = new Map<Node, readonly Lowered[]>();
  /** Values whose rule wrote them in a layout of filters, not converted to it. */
  const given = new Map<Lowered, FilterOrder>();
  const of = (tensor: Tensor) => table.get(tensor.node)![tensor.index]!;
  return {
    ...createConversions(emit, of),
    orderOf(result, same) {
      const first = same
        .map((tensor) => given.get(of(tensor)))
        .find((order) => order !== undefined);
      return first && (wanted.get(result) ?? first);
    },
    isResult: ({ node, index }) =>
      results.some((result) => result.node === node && result.index === index),
    isBlocked(tensor) {
      const { blocked, pending } = of(tensor);
      return blocked !== undefined || pending !== undefined;
    },
    pending(tensor) {
      const { pending } = of(tensor);
      return pending && uses(tensor) === 1 ? pending : undefined;
    },
    set(node, values) {
      table.set(node, values);
      for (const value of values) {
        for (const order of ['filters', 'positionMajor'] as const)
          if (value[order] !== undefined) given.set(value, order);
      }
    },
  };
}

/** Counts the readers of each tensor among nodes and outputs. */
function countUses(nodes: readonly Node[], outputs: readonly Tensor[]): (tensor: Tensor) => number {
  const counts = new Map<Node, number[]>();
  for (const { node, index } of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
    const own = counts.get(node) ?? [];
    own[index] = (own[index] ?? 0) + 1;
    counts.set(node, own);
  }
  return ({ node, index }) => counts.get(node)?.[index] ?? 0;
}
