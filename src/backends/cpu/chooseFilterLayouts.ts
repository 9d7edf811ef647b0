/**
 * The pass that chooses layouts of filters.
 *
 * Trainable filters and their optimizer state are stored in the layout that their convolutions
 * read: NCHWc, or position-major for small maps. A step passes over them many times, and little
 * else needs another layout. Only the input gradient has to repack NCHWc filters.
 */
import { nextName, type Pass, planKey } from '../../compile/index.ts';
import { type Node, nodesOf, type Tensor } from '../../tensor/index.ts';
import {
  alike,
  type FilterOrder,
  type FilterOrders,
  fitsFilterBlocks,
  orderOfKernel,
} from './filterLayouts.ts';
import type { Capabilities } from './nchwc.ts';

/** A state value: the input that reads it, and its next value. */
export interface Replaced {
  current: Tensor;
  next: Tensor;
}

export const chooseFilterLayouts =
  (capabilities: Capabilities): Pass =>
  (compilation) => {
    const { program, graph, plan } = compilation;
    const replaced = (program.state ?? []).flatMap(({ current, next }) =>
      next ? [{ current, next: graph[nextName(current)]! }] : [],
    );
    const nodes = nodesOf(Object.values(graph));
    const layouts = filterOrders(nodes, replaced, capabilities, (node) => plan[planKey(node)]);
    return { ...compilation, layouts };
  };

/**
 * Layouts of the filters of convolutions and of everything that is combined with them value by
 * value (momentum, moments, weights of a momentum encoder), up to the state that replaces them.
 * Position-major where all readers want it.
 */
export function filterOrders(
  nodes: readonly Node[],
  replaced: readonly Replaced[],
  { block }: Capabilities,
  kernelOf: (node: Node) => string | undefined,
): FilterOrders {
  const found = new Map<Tensor, FilterOrder>();
  for (const node of nodes) {
    const order = node.operator === 'conv2d' ? orderOfKernel(kernelOf(node)) : undefined;
    const filters = node.inputs[1]!;
    if (order && fitsFilterBlocks(filters, block) && found.get(filters) !== 'filters')
      found.set(filters, order);
  }
  const groups = [
    ...nodes.map((node) => [...alike(node), node.outputs[0]!]).filter(({ length }) => length > 1),
    ...replaced.map(({ current, next }) => [current, next]),
  ];
  for (let isSettled = false; !isSettled; ) {
    isSettled = true;
    for (const group of groups) {
      const orders = group.map((tensor) => found.get(tensor));
      const order = orders.includes('filters')
        ? 'filters'
        : orders.includes('positionMajor')
          ? 'positionMajor'
          : undefined;
      if (order === undefined || orders.every((own) => own === order)) continue;
      for (const tensor of group) found.set(tensor, order);
      isSettled = false;
    }
  }
  return found;
}
