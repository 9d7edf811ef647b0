/** Exports a patch encoder as an ONNX model: pixels in, features of length 1 out. */
import { encodeOnnx, standardLowering } from '../../compile/index.ts';
import { constant, input, mul } from '../../tensor/index.ts';
import {
  EXPORT_INPUT,
  EXPORT_OUTPUT,
  type ExportedEncoder,
  type ExportParts,
  exportOutputs,
} from '../exportEncoder.ts';
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
    'likeness.preprocessing':
      `RGB; shorter side resized to ${size} (antialiased bilinear), ` +
      `central square of ${size}; values divided by 255.`,
    'likeness.output': `${EXPORT_OUTPUT}: one row of Euclidean length 1 per image; compare rows by their product`,
  };
  const graph = standardLowering.lower(exportOutputs(raw, clusters), {
    name: 'patches',
    dynamicBatch: 'batch',
    metadata: { ...about, ...metadata },
  });
  return { model: encodeOnnx(graph), dimension: raw.shape[1]!, size };
}
