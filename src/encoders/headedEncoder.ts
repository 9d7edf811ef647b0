/** A pretrained model with a head that was trained on its features. */
import type { Engine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Tensors } from '../formats/index.ts';
import type { Settings } from '../methods/index.ts';
import type { EncoderHeads, ImageEncoder } from './encoder.ts';
import { openHeads } from './heads.ts';
import { type ModelSettings, onnxModel } from './models/onnxModel.ts';
import { type Standardization, standardizationIn, standardizedRows } from './standardization.ts';
import { trainingName } from './trainingName.ts';

export interface HeadedEncoderOptions {
  engine: Engine;
  /** Settings of the head's training. */
  settings: Settings;
  /** Parameters of the head by name; other values are ignored. */
  state: Values;
  model: ModelSettings;
  /** Bytes of the model, and the standardization of its features. */
  tensors: Tensors;
  /** Images per run of the model. */
  batchSize?: number;
}

/** A pretrained model with a head; the size of its images is fixed. */
export interface HeadedEncoder extends ImageEncoder {
  readonly heads: EncoderHeads;
}

/**
 * Opens the model, whose features stay as they are, with the head on standardized features.
 *
 * @throws LikenessError `encoder.*`, `head.incomplete`
 */
export async function headedEncoder(options: HeadedEncoderOptions): Promise<HeadedEncoder> {
  const { engine, settings, state, model, tensors, batchSize } = options;
  const standardization = requireStandardization(tensors, model);
  const encoder = await onnxModel({ engine, settings: model, tensors, batchSize });
  const own = openHeads({ engine, settings, state });
  const heads: EncoderHeads = {
    get prototypes() {
      return own.prototypes;
    },
    ...(own.clusters !== undefined && { clusters: own.clusters }),
    project: (features) => own.project(standardizedRows(features, standardization)),
    ...(own.assign && {
      assign: (features) => own.assign!(standardizedRows(features, standardization)),
    }),
  };
  return {
    ...encoder,
    title: trainingName(settings.method.name, { base: model }),
    heads,
    async close() {
      await Promise.allSettled([own.close(), encoder.close()]);
    },
  };
}

/** The standardization that a run has stored beside its model. */
export function requireStandardization(
  tensors: Tensors,
  { dimension, model }: ModelSettings,
): Standardization {
  const found = standardizationIn(tensors, dimension);
  if (found) return found;
  throw new LikenessError(
    'encoder.incomplete',
    `the run holds no mean and deviation of the ${dimension} features of ${model}; expected ` +
      '"mean" and "deviation" beside the model. Restore encoder.safetensors, or make the run ' +
      'again.',
  );
}
