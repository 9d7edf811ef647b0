/**
 * Imported networks by the hash of their file, as encoders from normalized images to features.
 *
 * Settings of a run name a network by its hash, and the file is part of the run. A network is
 * registered when its file is read, as methods are.
 */
import { LikenessError } from '../../core/errors.ts';
import type { OnnxModel, OnnxModelNode } from '../../formats/index.ts';
import { concat, mean, slice, type Tensor, transpose } from '../../tensor/index.ts';
import type { Variables } from '../variables.ts';
import { importGraph, untrainableNodes } from './importGraph.ts';
import { type GraphLayers, graphLayers } from './layers.ts';
import type { RuntimeTypes } from './runtime.ts';

/** A model of images, and the way from one of its outputs to features. */
export interface ImportedNetwork {
  readonly model: OnnxModel;
  /** Order of the channels that it takes. */
  readonly channels: 'rgb' | 'bgr';
  readonly output: {
    readonly name: string;
    /** Features themselves; the class token or the mean of tokens; the mean of a map. */
    readonly pooling: 'none' | 'class' | 'mean' | 'map' | 'mapLast';
  };
  /** Types of what operators without a gradient here make of a batch of images of a side. */
  readonly runtimeTypes?: (batch: number, side: number) => RuntimeTypes;
}

export interface ImportedOptions {
  /** Hash of the file. */
  model?: string | undefined;
  /** Fraction of the layers, from the first on, that are not trained. Default: 0. */
  frozenLayers?: number | undefined;
  /** Learning rate of the first layer over that of the last. Default: 1. */
  layerDecay?: number | undefined;
}

/** Prefix of the names of an imported network's variables. */
export const IMPORTED_PREFIX = 'encoder.';

const networks = new Map<string, ImportedNetwork & { layers: GraphLayers }>();

/** Makes a network known under the hash of its file. */
export function registerNetwork(key: string, network: ImportedNetwork): void {
  const { model, output } = network;
  const [input] = model.inputs;
  if (!input || model.inputs.length > 1) {
    throw new LikenessError(
      'graph.input',
      `model: it has ${model.inputs.length} inputs; expected one, the images`,
    );
  }
  const layers = graphLayers(model, { input: input.name, output: output.name });
  networks.set(key, { ...network, layers });
}

/** The network of a hash. @throws LikenessError `graph.missing` for one that is not registered */
function networkOf(key: string | undefined) {
  const network = key === undefined ? undefined : networks.get(key);
  if (network) return network;
  throw new LikenessError(
    'graph.missing',
    `model: received ${key ?? 'none'} with architecture "imported"; expected a model that is open. ` +
      'Name the file of a model as the encoder, or open its run.',
  );
}

/**
 * Features [N, D] of normalized images [N, 3, s, s], in RGB.
 *
 * @throws LikenessError `graph.*`, `shape.mismatch` with the node
 */
export function importedEncoder(variables: Variables, x: Tensor, options: ImportedOptions): Tensor {
  const network = networkOf(options.model);
  const { model, channels, output, layers } = network;
  const [{ name, shape }] = model.inputs as [(typeof model.inputs)[number]];
  const isLast = shape?.[1] !== 3 && shape?.[3] === 3;
  const planes = [2, 1, 0].map((c) => slice(x, { axis: 1, start: c, end: c + 1 }));
  const ordered = channels === 'bgr' ? concat(planes, 1) : x; // [N, 3, s, s]
  const images = isLast ? transpose(ordered, [0, 2, 3, 1]) : ordered; // [N, s, s, 3]
  const { frozenLayers = 0 } = options;
  const limit = frozenLayers * layers.depth;
  const frozen = [...layers.layerOf].flatMap(([weight, layer]) => (layer <= limit ? [weight] : []));
  const runtimeTypes = network.runtimeTypes?.(x.shape[0]!, x.shape[2]!);
  const y = importGraph(model, {
    ...{ variables, feeds: { [name]: images }, output: output.name },
    ...{ prefix: IMPORTED_PREFIX, frozen: new Set(frozen) },
    ...(runtimeTypes && { runtimeTypes }),
    advice: (node) => freezingAdvice(network, node),
  });
  switch (output.pooling) {
    case 'class':
      return mean(slice(y, { axis: 1, start: 0, end: 1 }), { axes: [1] }); // [N, D]
    case 'mean':
      return mean(y, { axes: [1] }); // [N, D]
    case 'map':
      return mean(y, { axes: [2, 3] }); // [N, D]
    case 'mapLast':
      return mean(y, { axes: [1, 2] }); // [N, D]
    default:
      return y; // [N, D]
  }
}

/** The least `frozenLayers` with which all operators without a gradient run as they are. */
function freezingAdvice(
  { model, output, layers }: ImportedNetwork & { layers: GraphLayers },
  node: OnnxModelNode,
) {
  const [{ name: input }] = model.inputs as [(typeof model.inputs)[number]];
  const other = 'Or export the model with other operators.';
  const nodes = untrainableNodes(model, { input, output: output.name });
  if (!nodes.includes(node)) {
    return (
      'It computes weights from weights, whatever the images are, so `frozenLayers` does not ' +
      `help. Train a head on the features, without \`fineTune\`. ${other}`
    );
  }
  const reached = nodes.flatMap(({ inputs }) =>
    inputs.flatMap((name) => layers.depthOf.get(name) ?? []),
  );
  const last = Math.max(1, ...reached);
  if (last >= layers.depth) {
    return (
      `It follows all ${layers.depth} layers, so nothing is left to train above it. Train a head ` +
      `on the features, without \`fineTune\`. ${other}`
    );
  }
  const least = Math.ceil((100 * last) / layers.depth) / 100;
  return (
    `Set frozenLayers=${least} or more (\`settings\`): the first ${last} of ${layers.depth} ` +
    `layers stay as they are, the operator runs as it is, and what follows is trained. ${other}`
  );
}

/**
 * Factor of the learning rate of a variable, by its name.
 *
 * `decay^((depth - layer) / (depth - 1))`: from `layerDecay` at the first layer to 1 at the last.
 * Variables outside the network, such as those of a method's head, have 1. Source of the geometric
 * form: Howard and Ruder 2018 (ULMFiT), section 3.2, and Clark et al. 2020 (ELECTRA), appendix B.
 */
export function importedRates({
  model,
  layerDecay = 1,
}: ImportedOptions): (name: string) => number {
  if (layerDecay === 1) return () => 1;
  const { depth, layerOf } = networkOf(model).layers;
  return (name) => {
    const layer = layerOf.get(name.slice(IMPORTED_PREFIX.length));
    if (!name.startsWith(IMPORTED_PREFIX) || layer === undefined || depth === 1) return 1;
    return layerDecay ** ((depth - layer) / (depth - 1));
  };
}

/** Side in pixels that a network is fixed to; absent where it takes any. */
export function fixedSize(options: ImportedOptions): number | undefined {
  const shape = networkOf(options.model).model.inputs[0]!.shape ?? [];
  const side = shape[1] !== 3 && shape[3] === 3 ? shape[1] : shape[2];
  return typeof side === 'number' ? side : undefined;
}
