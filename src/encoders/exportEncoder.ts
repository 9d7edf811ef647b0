/**
 * Exports the trained encoder as an ONNX model that runs anywhere: pixels in, features of length 1
 * out.
 *
 * Weights, running statistics and the normalization of colors are constants of the graph. The batch
 * size is free.
 */
import { encodeOnnx, standardLowering, type Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  encoderOptions,
  featureLength,
  methodHead,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { createVariables, encode, type Variables } from '../nn/index.ts';
import { constant, input, l2Normalize, mul, sub, type Tensor } from '../tensor/index.ts';
import { type ClusterGraph, EXPORT_CLUSTERS, type HeadGraph } from './exportClusters.ts';
import { EXPORT_OUTPUT, exportMetadata } from './exportMetadata.ts';

/** Name of the model's input: float32 [batch, 3, s, s], RGB planes, values from 0 to 1. */
export const EXPORT_INPUT = 'pixel_values';

export interface ExportedEncoder {
  /** The ONNX file. */
  readonly model: Uint8Array;
  /** Dimension D of the features. */
  readonly dimension: number;
  /** Side s of the input images, in pixels. */
  readonly size: number;
}

/** Further parts of an exported encoder. */
export interface ExportParts {
  /** Metadata beside those of every exported encoder. */
  metadata?: Readonly<Record<string, string>>;
  /** Builds the output `clusters`. Default: features alone. */
  clusters?: ClusterGraph;
}

/**
 * Builds the encoder in evaluation mode with a run's weights as constants and encodes it as an ONNX
 * model.
 */
export function exportEncoder(
  settings: Settings,
  state: Values,
  { metadata, clusters }: ExportParts = {},
): ExportedEncoder {
  const size = settings.data.imageSize;
  const { mean, std } = viewsOf(settings).normalize;
  const perChannel = (values: number[]) => constant(Float32Array.from(values), [3, 1, 1]);
  const pixels = input(EXPORT_INPUT, [1, 3, size, size]);
  const normalized = sub(
    mul(pixels, perChannel(std.map((s) => 1 / s))),
    perChannel(mean.map((m, c) => m / std[c]!)),
  );
  const options = encoderOptions(settings);
  const raw = encode(frozenVariables(state), normalized, options); // [batch, D]
  const graph = standardLowering.lower(exportOutputs(raw, clusters), {
    name: 'encoder',
    dynamicBatch: 'batch',
    metadata: { ...exportMetadata(settings), ...metadata },
  });
  return { model: encodeOnnx(graph), dimension: featureLength(options), size };
}

/** Outputs of an exported encoder by name, of features [batch, D]. */
export function exportOutputs(raw: Tensor, clusters?: ClusterGraph): Record<string, Tensor> {
  const unit = l2Normalize(raw); // [batch, D]
  return {
    [EXPORT_OUTPUT]: unit,
    ...(clusters && { [EXPORT_CLUSTERS]: clusters({ raw, unit }) }), // [batch, K]
  };
}

/** The method's own clusters from features [batch, D]; undefined where it learns none. */
export function methodClusters(settings: Settings, state: Values): HeadGraph | undefined {
  const { assign } = methodHead(settings);
  return assign && ((features) => assign(frozenVariables(state), features)); // [batch, M]
}

/** Names and shapes of the encoder's parameters and running statistics: torchvision's. */
export function encoderShapes(settings: Settings): { name: string; shape: readonly number[] }[] {
  const variables = createVariables({ mode: 'evaluate' });
  encode(
    variables,
    input('x', [1, 3, settings.data.imageSize, settings.data.imageSize]),
    encoderOptions(settings),
  );
  return [...variables.parameters(), ...variables.buffers()].map(({ name, tensor }) => ({
    name,
    shape: tensor.shape,
  }));
}

/** Variables with known values: each is a constant of the graph. */
export function frozenVariables(state: Values): Variables {
  const known = new Map<string, Tensor>();
  const value = (name: string, shape: readonly number[]): Tensor => {
    const data = state[name];
    if (!data) {
      throw new LikenessError(
        'encoder.incomplete',
        `the checkpoint has no "${name}"; expected the weights of the run's encoder`,
      );
    }
    const tensor = known.get(name) ?? constant(data, shape);
    known.set(name, tensor);
    return tensor;
  };
  return {
    mode: 'evaluate',
    batchNormReplicas: 1,
    first: {},
    parameter: value,
    buffer: value,
    setBuffer() {},
    parameters: () => [],
    buffers: () => [],
    initialValues: () => ({}),
  };
}
