/** Exports a patch encoder as an ONNX model: pixels in, features of length 1 out. */
import { encodeOnnx, standardLowering } from '../../compile/index.ts';
import { constant, input, mul } from '../../tensor/index.ts';
import {
  EXPORT_INPUT,
  type ExportedEncoder,
  type ExportParts,
  exportOutputs,
} from '../exportEncoder.ts';
import { outputMetadata, preparationOf } from '../exportMetadata.ts';
import { type PatchTensors, patchFeatures, tensorNamed } from './program.ts';
import type { PatchSettings } from './settings.ts';

export interface ExportPatchesOptions extends ExportParts {
  size: number;
  settings: PatchSettings;
  tensors: PatchTensors;
}

/** Builds the model with all tensors as constants; the batch size is free. */
export function exportPatches({
  size,
  settings,
  tensors,
  metadata,
  clusters,
}: ExportPatchesOptions): ExportedEncoder {
  const named = (name: string) => {
    const { data, shape } = tensorNamed(tensors, name);
    return constant(data, shape);
  };
  const pixels = input(EXPORT_INPUT, [1, 3, size, size]);
  const raw = patchFeatures(mul(pixels, 255), named, settings); // [batch, D]
  const about = {
    'likeness.method': 'patches',
    'likeness.image_size': String(size),
    'likeness.preprocessing': preparationOf({ size }),
    ...outputMetadata,
  };
  const graph = standardLowering.lower(exportOutputs(raw, clusters), {
    name: 'patches',
    dynamicBatch: 'batch',
    metadata: { ...about, ...metadata },
  });
  return { model: encodeOnnx(graph), dimension: raw.shape[1]!, size };
}
