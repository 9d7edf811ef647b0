/** The plan of a program: the kernel that each operator and shape uses. */
import type { Node } from '../tensor/index.ts';

/** Kernel names by key, such as `{"conv2dFilterGradient|[64,…]|…": "rows"}`. */
export type Plan = Readonly<Record<string, string>>;

/** Key of a node in a plan: operator, input shapes and attributes. */
export function planKey(node: Node): string {
  return [
    node.operator,
    ...node.inputs.map(({ shape }) => shape.join('x')),
    Object.entries(node.attributes)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  ].join('|');
}
