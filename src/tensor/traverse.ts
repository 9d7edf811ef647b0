/** Walking a graph. */
import type { Node, Tensor } from './tensor.ts';

/** Nodes that tensors depend on, each after those that it depends on itself. */
export function nodesOf(tensors: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // An explicit stack: a training step is thousands of nodes deep.
  const stack = tensors.toReversed().map((tensor) => ({ node: tensor.node, next: 0 }));
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    if (top.next === 0) {
      if (seen.has(top.node)) {
        stack.pop();
        continue;
      }
      seen.add(top.node);
    }
    const input = top.node.inputs[top.next++];
    if (input) {
      if (!seen.has(input.node)) stack.push({ node: input.node, next: 0 });
    } else {
      order.push(top.node);
      stack.pop();
    }
  }
  return order;
}
