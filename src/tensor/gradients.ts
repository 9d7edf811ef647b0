/** Reverse-mode differentiation as a transformation of the graph. */
import { LikenessError } from '../core/errors.ts';
import { gradientRules } from './gradientRules.ts';
import { add } from './operators/binary.ts';
import { broadcastTo } from './operators/shape.ts';
import { scalar } from './operators/source.ts';
import { type Node, showShape, sizeOf, type Tensor } from './tensor.ts';
import { nodesOf } from './traverse.ts';

/**
 * Gradients of a scalar by each of some tensors, as tensors of the same shapes.
 *
 * The graph is walked from the loss towards its inputs. The rule of each node turns the gradients
 * by its outputs into those by its inputs, and contributions to one tensor are added. A tensor on
 * which the loss does not depend has gradient 0.
 *
 * @throws LikenessError for a loss of several numbers, or a path through an operator that is not
 * differentiable.
 */
export function gradients(loss: Tensor, by: readonly Tensor[]): Tensor[] {
  if (sizeOf(loss.shape) !== 1) {
    throw new LikenessError(
      'gradient.notScalar',
      `gradients: received a loss of shape ${showShape(loss.shape)}; expected one number. ` +
        'Take its mean or sum first.',
    );
  }
  const order = nodesOf([loss]);
  const needed = nodesTowards(order, by);
  const accumulated = new Map<Node, (Tensor | undefined)[]>();
  accumulate(accumulated, loss, broadcastTo(scalar(1), loss.shape));

  for (const node of order.toReversed()) {
    const upstream = accumulated.get(node);
    if (!upstream || !needed.has(node) || node.inputs.length === 0) continue;
    const rule = gradientRules[node.operator];
    if (!rule) {
      throw new LikenessError(
        'gradient.missing',
        `gradients: operator "${node.operator}" is not differentiable; use stopGradient on its result`,
      );
    }
    const { inputs, outputs, attributes } = node;
    const dy = upstream[0];
    if (!dy) continue;
    const downstream = rule({ inputs, outputs, attributes, dy });
    inputs.forEach((tensor, i) => {
      const gradient = downstream[i];
      if (gradient && needed.has(tensor.node)) accumulate(accumulated, tensor, gradient);
    });
  }
  return by.map(
    (tensor) =>
      accumulated.get(tensor.node)?.[tensor.index] ?? broadcastTo(scalar(0), tensor.shape),
  );
}

function accumulate(
  all: Map<Node, (Tensor | undefined)[]>,
  tensor: Tensor,
  gradient: Tensor,
): void {
  const slots = all.get(tensor.node) ?? tensor.node.outputs.map(() => undefined);
  const before = slots[tensor.index];
  slots[tensor.index] = before ? add(before, gradient) : gradient;
  all.set(tensor.node, slots);
}

/** Nodes through which a gradient must pass to reach one of the targets. */
function nodesTowards(order: readonly Node[], targets: readonly Tensor[]): Set<Node> {
  const needed = new Set(targets.map((tensor) => tensor.node));
  for (const node of order) {
    if (node.operator !== 'stopGradient' && node.inputs.some((tensor) => needed.has(tensor.node))) {
      needed.add(node);
    }
  }
  return needed;
}
