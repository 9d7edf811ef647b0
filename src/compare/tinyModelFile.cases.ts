/** A small pretrained model as a comparison receives it. For tests only. */
import { createHash } from 'node:crypto';
import type { ModelFile } from '../encoders/index.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';

/** Model of images of 32 px with 8 features. */
export function tinyModelFile({ model = 'tiny' } = {}): ModelFile {
  const data = tinyModel({ size: 32 });
  const input = { size: 32, resize: 32, fit: 'crop', channels: 'rgb', scale: 1 / 255 } as const;
  return {
    settings: {
      ...{ model, sha256: createHash('sha256').update(data).digest('hex'), dimension: 8 },
      input: { ...input, mean: [0, 0, 0], std: [1, 1, 1] },
      output: { name: 'out', pooling: 'none' },
    },
    tensors: { model: { dtype: 'uint8', shape: [data.length], data } },
    notes: [],
    place: { folder: '.', named: { path: 'tiny.onnx', suffix: '', input: {} } },
  };
}
