/** Exports a joined encoder as one ONNX model: pixels in, features of length 1 out. */
import { encodeOnnx, standardLowering } from '../../compile/index.ts';
import { constant, input, mul } from '../../tensor/index.ts';
import {
  EXPORT_INPUT,
  type ExportedEncoder,
  type ExportParts,
  exportOutputs,
  frozenVariables,
} from '../exportEncoder.ts';
import { exportMetadata } from '../exportMetadata.ts';
import {
  type JoinedTensors,
  joinedFeatures,
  joinedTensor,
  networkState,
  requireNetwork,
} from './program.ts';
import type { JoinedSettings } from './settings.ts';

export interface ExportJoinedOptions extends ExportParts {
  size: number;
  settings: JoinedSettings;
  tensors: JoinedTensors;
}

/** Builds the model with all tensors as constants; the batch size is free. */
export function exportJoined({
  size,
  settings,
  tensors,
  metadata,
  clusters,
}: ExportJoinedOptions): ExportedEncoder {
  const named = (name: string) => {
    const { data, shape } = joinedTensor(tensors, name);
    return constant(data, shape);
  };
  const variables = frozenVariables(networkState(tensors));
  const pixels = input(EXPORT_INPUT, [1, 3, size, size]);
  const raw = joinedFeatures(mul(pixels, 255), { named, variables }, settings); // [batch, D]
  const about = {
    ...exportMetadata(requireNetwork(settings), size),
    'likeness.method': 'joined',
  };
  const graph = standardLowering.lower(exportOutputs(raw, clusters), {
    name: 'joined',
    dynamicBatch: 'batch',
    metadata: { ...about, ...metadata },
  });
  return { model: encodeOnnx(graph), dimension: raw.shape[1]!, size };
}
