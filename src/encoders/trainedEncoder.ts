/** Encoders made of a method's network and the weights of a run. */
import type { Engine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  encoderOptions,
  featureLength,
  inferenceProgram,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { IMPORTED } from '../nn/index.ts';
import type { EvaluationSpec } from '../views/index.ts';
import { encoderOf, type NetworkEncoder } from './encoder.ts';
import { openHeads } from './heads.ts';

export interface TrainedEncoderOptions {
  engine: Engine;
  settings: Settings;
  /** Parameters and running statistics by name; other values are ignored. */
  state: Values;
  /** Default `trained`. */
  id?: string;
  /** Default `trained encoder`. */
  title?: string;
  protocol?: string;
  /** Side of the views. Default: the setting `imageSize`. */
  size?: number;
  /** Evaluation view, where it is another than the central square. */
  view?: EvaluationSpec | undefined;
  /** Images per run. Features depend on it by rounding alone. */
  batchSize?: number;
}

const BATCH = 128;
/** Images per run of an imported model, whose maps are large. */
const IMPORTED_BATCH = 16;

/** Shapes of the network's parameters and running statistics by name. */
export function networkShapes(settings: Settings): ReadonlyMap<string, readonly number[]> {
  const { variables } = inferenceProgram({
    encoder: encoderOptions(settings),
    normalize: viewsOf(settings).normalize,
    batchSize: 1,
    size: settings.data.imageSize,
  });
  const all = [...variables.parameters(), ...variables.buffers()];
  return new Map(all.map(({ name, tensor }) => [name, tensor.shape]));
}

/**
 * Compiles the encoder in evaluation mode with a run's weights.
 *
 * @throws LikenessError `encoder.incomplete` where the state lacks a weight.
 */
export async function trainedEncoder(options: TrainedEncoderOptions): Promise<NetworkEncoder> {
  const { engine, settings, state, id = 'trained', title = 'trained encoder', protocol } = options;
  const { size = settings.data.imageSize, view } = options;
  const isImported = settings.encoder.architecture === IMPORTED;
  const { batchSize = isImported ? IMPORTED_BATCH : BATCH } = options;
  const encoder = encoderOptions(settings);
  const { normalize } = viewsOf(settings);
  const { program, variables } = inferenceProgram({ encoder, normalize, batchSize, size });
  const weights: Values = {};
  for (const { name } of [...variables.parameters(), ...variables.buffers()]) {
    const value = state[name];
    if (!value) {
      throw new LikenessError(
        'encoder.incomplete',
        `the checkpoint has no "${name}"; expected the weights of ` +
          `${settings.encoder.architecture} of width ${settings.encoder.width}`,
      );
    }
    weights[name] = value;
  }
  const heads = openHeads({ engine, settings, state });
  const executable = await engine.compile(program);
  await executable.writeState(weights);
  return encoderOf({
    id,
    title,
    protocol,
    dimension: featureLength(encoder),
    size,
    ...(view?.size === size && { resize: view.resize, fit: view.fit, kernel: view.kernel }),
    batchSize,
    heads,
    async run(images) {
      const { features } = await executable.run({ images });
      return features as Float32Array; // [B, D]
    },
    resized: (shape) => trainedEncoder({ ...options, ...shape }),
    async close() {
      await Promise.allSettled([heads.close(), executable.dispose()]);
    },
  });
}
