/** Depth of the weights of an imported graph, for learning rates and freezing by layer. */
import type { OnnxModel, OnnxModelNode } from '../../formats/index.ts';
import { sizeOf } from '../../tensor/index.ts';
import { neededNodes } from './importGraph.ts';

/** Operators that are layers where an input of theirs is a weight. */
const LAYERS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

export interface GraphLayers {
  /** Largest number of layers between the images and the output. */
  readonly depth: number;
  /** Layer of each weight by its name, from 1 to `depth`: that of the first node that reads it. */
  readonly layerOf: ReadonlyMap<string, number>;
  /** Layers between the images and each tensor that depends on them, by name. */
  readonly depthOf: ReadonlyMap<string, number>;
}

/**
 * Numbers the layers of a graph: a convolution or product with a weight is one after the deepest
 * layer that it reads. Other weights, such as those of batch norms, belong to the layer before.
 *
 * @param input name of the images
 * @param output name of the tensor that is trained for
 */
export function graphLayers(
  model: OnnxModel,
  { input, output }: { input: string; output: string },
): GraphLayers {
  /** Layers above each tensor that depends on the images. */
  const depths = new Map<string, number>([[input, 0]]);
  /** Weights that each tensor is made of alone. */
  const weights = new Map<string, string[]>(
    [...model.initializers]
      .filter(([, { kind, shape }]) => kind === 'float' && (sizeOf(shape) > 1 || shape.length > 0))
      .map(([name]) => [name, [name]]),
  );
  const layerOf = new Map<string, number>();
  let deepest = 0;
  for (const node of neededNodes(model, { output, fed: new Set([input]) })) {
    const own = node.inputs.flatMap((name) => weights.get(name) ?? []);
    const reads = node.inputs.flatMap((name) => depths.get(name) ?? []);
    if (reads.length === 0) {
      for (const name of node.outputs) weights.set(name, ownWeight(node) ?? [...new Set(own)]);
      continue;
    }
    const isLayer = LAYERS.has(node.type) && own.length > 0;
    const depth = Math.max(...reads) + (isLayer ? 1 : 0);
    for (const name of own) {
      if (!layerOf.has(name)) layerOf.set(name, Math.max(1, depth));
    }
    for (const name of node.outputs) depths.set(name, depth);
    deepest = Math.max(deepest, depth);
  }
  return { depth: Math.max(1, deepest), layerOf, depthOf: depths };
}

/** Operators whose output is a weight of its own, where it depends on no image. */
export const NAMING = new Set(['Constant', 'Identity', 'DequantizeLinear']);

/** The name of a weight that a node makes: a constant, or another one of a weight. */
function ownWeight({ type, outputs }: OnnxModelNode): string[] | undefined {
  return NAMING.has(type) ? [...outputs] : undefined;
}
