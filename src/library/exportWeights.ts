/** Exporting a run's weights as safetensors. */
import { dirname, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import {
  encoderShapes,
  headShapes,
  type ModelSettings,
  networkMetadata,
  normalizationOf,
  preparationOf,
  viewMetadata,
  viewOf,
} from '../encoders/index.ts';
import { encodeSafetensors, makeFolder, type Tensors, writeFileAtomic } from '../formats/index.ts';
import { IMPORTED_PREFIX } from '../nn/index.ts';
import type { Run, TrainedRun } from '../run/index.ts';

/** Weights in a safetensors file. */
export interface ExportedWeights {
  /** Absolute path. */
  readonly file: string;
  readonly tensors: number;
  /** Values of all tensors together. */
  readonly numbers: number;
}

/**
 * Exports the encoder's weights, those of a trained network under torchvision's names. Those of a
 * model that was trained further have the names of its ONNX file. Of a head on a pretrained model
 * these are the head's weights, with `mean` and `deviation` of the features that it reads.
 */
export async function exportWeights(run: Run, file: string): Promise<ExportedWeights> {
  await makeFolder(dirname(file));
  const { tensors, metadata } = weightsOf(run);
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
  const numbers = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return { file: resolve(file), tensors: Object.keys(tensors).length, numbers };
}

interface WeightsFile {
  tensors: Tensors;
  metadata: Record<string, string>;
}

/** Tensors of the weights file, and its metadata. */
function weightsOf(run: Run): WeightsFile {
  if (run.kind === 'features') {
    const { name, settings } = run.config.encoder;
    const metadata = {
      'likeness.method': name,
      'likeness.settings': JSON.stringify(settings),
      'likeness.image_size': String(run.view.imageSize),
    };
    return { tensors: run.tensors, metadata };
  }
  const { tensors, metadata } = trainedWeights(run);
  return { tensors, metadata: { format: 'pt', ...metadata, 'likeness.step': String(run.step) } };
}

function trainedWeights(run: TrainedRun): WeightsFile {
  const { settings, base, origin } = run.config;
  if (base && run.base) {
    const { mean, deviation } = run.base;
    const shapes = [...headShapes(settings)].map(([name, shape]) => ({ name, shape }));
    const metadata = {
      ...modelMetadata(run, base),
      'likeness.input':
        `features of ${base.model} [batch, ${base.dimension}] as the model gives them; the head ` +
        'reads (features - mean) / deviation, with the tensors of these names',
    };
    const standardization: Tensors = { ...(mean && { mean }), ...(deviation && { deviation }) };
    return { tensors: { ...standardization, ...tensorsOf(run, shapes) }, metadata };
  }
  const tensors = tensorsOf(run, encoderShapes(settings));
  if (origin) return { tensors: ownNames(tensors), metadata: modelMetadata(run, origin) };
  const metadata = {
    ...networkMetadata(settings),
    'likeness.preprocessing': `${preparationOf({ size: run.view.imageSize })} ${normalizing}`,
  };
  return { tensors, metadata };
}

const normalizing = 'The network reads (values - mean) / std.';

/** Metadata of weights that belong to a pretrained model: how the model takes images. */
function modelMetadata(run: TrainedRun, { model, input }: ModelSettings): Record<string, string> {
  const view = viewMetadata(run.view.input ?? viewOf(input));
  const { mean, std } = normalizationOf(input);
  const order = input.channels === 'bgr' ? ' Then its channels are put in the order BGR.' : '';
  return {
    'likeness.method': run.method,
    'likeness.model': model,
    ...view,
    'likeness.channels': input.channels,
    'likeness.mean': mean.join(','),
    'likeness.std': std.join(','),
    'likeness.preprocessing': `${view['likeness.preprocessing']} ${normalizing}${order}`,
  };
}

function tensorsOf(
  { state }: TrainedRun,
  shapes: readonly { name: string; shape: readonly number[] }[],
): Tensors {
  return Object.fromEntries(
    shapes.map(({ name, shape }) => {
      const data = state[name];
      if (!data) throw new LikenessError('encoder.incomplete', `the checkpoint has no "${name}"`);
      return [name, { dtype: 'float32', shape, data }] as const;
    }),
  );
}

/** Tensors of an imported network under the names of its file. */
function ownNames(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name.slice(IMPORTED_PREFIX.length), tensor]),
  );
}
