/**
 * Lowered tensors in their layouts: plain, and for the convolutions of `blocked.ts` blocked maps and blocked filters. A tensor is written in
 * the layout that its operator gives; another is made where something asks for it, once. So maps stay blocked from layer to layer, and
 * filters from step to step.
 */
import type { Node, Tensor } from '../../tensor/index.ts';
import {
  blockedFilters,
  type FilterOrder,
  type FilterOrders,
  filtersOfTaps,
  plainFilters,
  tapsOfFilters,
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
export type LayoutRule = (emit: CpuEmitter, layouts: Layouts, node: Node) => readonly Lowered[] | undefined;

/** A blocked convolution that is not written yet, so that what follows it can become part of it. */
export interface Pending extends Omit<BlockedConvolution, 'filters'> {
  /** Writes the filters and gives their name; `factor`: what the results of each channel are to be multiplied by, [O]. */
  filters(factor?: string): string;
}

/** A lowered tensor: the name of its value in one of the layouts, or in several; or the convolution that will give it. */
export interface Lowered {
  plain?: string;
  /** Maps [N, C, H, W] as [N, C/b, H, W, b]. */
  blocked?: string;
  /** Filters [O, C, kh, kw] in blocks, as `filterOrders.ts` has them. */
  filters?: string;
  /** Filters by tap. */
  taps?: string;
  pending?: Pending;
}

export interface Layouts {
  /** Name of a lowered tensor in plain layout. */
  plain(tensor: Tensor): string;
  /** Name of a lowered tensor in blocked layout; its channels are a multiple of the block. */
  blocked(tensor: Tensor): string;
  /** Name of lowered filters in the order of the blocked convolutions. */
  filters(tensor: Tensor): string;
  /** Name of lowered filters by tap. */
  taps(tensor: Tensor): string;
  /**
   * The order for a result of what meets these tensors value by value: the one that is wanted of it, else that of the first; undefined
   * where none of them was given in an order of filters.
   */
  orderOf(result: Tensor, same: readonly Tensor[]): FilterOrder | undefined;
  /** Whether a tensor is a result of the graph, which is written where the caller wants it. */
  isResult(tensor: Tensor): boolean;
  /** Whether a tensor is there in blocked layout, or will be. */
  isBlocked(tensor: Tensor): boolean;
  /** The convolution that will give a tensor, where it is not written and nothing but the asking node needs it. */
  pending(tensor: Tensor): Pending | undefined;
  set(node: Node, values: readonly Lowered[]): void;
}

/** The table of what has been lowered, for a graph of these nodes and results; `wanted`: orders of filters. */
export function createLayouts(
  emit: CpuEmitter,
  nodes: readonly Node[],
  { results, wanted }: { results: readonly Tensor[]; wanted: FilterOrders },
): Layouts {
  const uses = countUses(nodes, results);
  const table = new Map<Node, readonly Lowered[]>();
  /** What was given in an order of filters, not put into it. */
  const given = new Map<Lowered, FilterOrder>();
  const of = (tensor: Tensor) => table.get(tensor.node)![tensor.index]!;
  /** Maps of one position: their values stand in the same order in both layouts. */
  const isOne = ({ shape }: Tensor) => shape[2] === 1 && shape[3] === 1;
  function written(value: Lowered): Lowered {
    if (value.pending) {
      value.blocked = blockedConv(emit, { ...value.pending, filters: value.pending.filters() });
      value.pending = undefined;
    }
    return value;
  }
  function plainOf(tensor: Tensor): string {
    const { blocked, filters, taps } = written(of(tensor));
    if (filters !== undefined || taps !== undefined)
      return plainFilters(emit, layouts.filters(tensor), tensor.shape);
    return isOne(tensor) ? blocked! : reorderOutput(emit, blocked!, channelsOf(tensor)!);
  }
  const layouts: Layouts = {
    plain(tensor) {
      const value = written(of(tensor));
      value.plain ??= plainOf(tensor);
      return value.plain;
    },
    blocked(tensor) {
      const value = written(of(tensor));
      value.blocked ??= isOne(tensor) ? layouts.plain(tensor) : reorderInput(emit, layouts.plain(tensor));
      return value.blocked;
    },
    filters(tensor) {
      const value = written(of(tensor));
      value.filters ??=
        value.taps === undefined
          ? blockedFilters(emit, layouts.plain(tensor), tensor.shape)
          : filtersOfTaps(emit, value.taps, tensor.shape);
      return value.filters;
    },
    taps(tensor) {
      const value = written(of(tensor));
      value.taps ??= tapsOfFilters(emit, layouts.filters(tensor), tensor.shape);
      return value.taps;
    },
    orderOf(result, same) {
      const first = same.map((tensor) => given.get(of(tensor))).find((order) => order !== undefined);
      return first && (wanted.get(result) ?? first);
    },
    isResult: ({ node, index }) => results.some((result) => result.node === node && result.index === index),
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
        for (const order of ['filters', 'taps'] as const)
          if (value[order] !== undefined) given.set(value, order);
      }
    },
  };
  return layouts;
}

/** How often nodes and outputs read each tensor. */
function countUses(nodes: readonly Node[], outputs: readonly Tensor[]): (tensor: Tensor) => number {
  const counts = new Map<Node, number[]>();
  for (const { node, index } of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
    const own = counts.get(node) ?? [];
    own[index] = (own[index] ?? 0) + 1;
    counts.set(node, own);
  }
  return ({ node, index }) => counts.get(node)?.[index] ?? 0;
}
