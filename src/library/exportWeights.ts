/** Exporting a run's weights as safetensors. */
import { dirname, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { encoderShapes, exportMetadata, headShapes } from '../encoders/index.ts';
import { encodeSafetensors, makeFolder, type Tensors, writeFileAtomic } from '../formats/index.ts';
import type { Run } from '../run/index.ts';

/** Weights in a safetensors file. */
export interface ExportedWeights {
  /** Absolute path. */
  readonly file: string;
  readonly tensors: number;
  /** Values of all tensors together. */
  readonly numbers: number;
}

/**
 * Exports the encoder's weights, those of a trained network under torchvision's names. Of a head on
 * a pretrained model these are the head's weights, with `mean` and `deviation` of the features that
 * it reads.
 */
export async function exportWeights(run: Run, file: string): Promise<ExportedWeights> {
  await makeFolder(dirname(file));
  const { tensors, metadata } = weightsOf(run);
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
  const numbers = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return { file: resolve(file), tensors: Object.keys(tensors).length, numbers };
}

/** Tensors of the weights file, and its metadata. */
function weightsOf(run: Run): { tensors: Tensors; metadata: Record<string, string> } {
  if (run.kind === 'features') {
    const { name, settings } = run.config.encoder;
    const metadata = {
      'likeness.method': name,
      'likeness.settings': JSON.stringify(settings),
      'likeness.image_size': String(run.view.imageSize),
    };
    return { tensors: run.tensors, metadata };
  }
  const { settings } = run.config;
  const tensors: Tensors = {};
  if (run.base) {
    const { mean, deviation } = run.base;
    Object.assign(tensors, { mean, deviation });
  }
  const shapes = run.config.base
    ? [...headShapes(settings)].map(([name, shape]) => ({ name, shape }))
    : encoderShapes(settings);
  for (const { name, shape } of shapes) {
    const data = run.state[name];
    if (!data) throw new LikenessError('encoder.incomplete', `the checkpoint has no "${name}"`);
    tensors[name] = { dtype: 'float32', shape, data };
  }
  const own = { ...exportMetadata(settings), 'likeness.step': String(run.step) };
  return { tensors, metadata: { format: 'pt', ...own } };
}
