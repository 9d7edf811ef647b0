/** Features from what an imported model returns. */
import { LikenessError } from '../../core/errors.ts';

/**
 * Ways from an output to features [B, D]: the output itself; of tokens [B, T, D] the first (class
 * token) or the mean; of a map the mean over positions, [B, D, H, W] or [B, H, W, D].
 */
export const poolings = ['none', 'class', 'mean', 'map', 'mapLast'] as const;
export type Pooling = (typeof poolings)[number];

export interface ModelOutput {
  /** Name in the model. */
  readonly name: string;
  readonly pooling: Pooling;
}

/** An output with the shape that it has for one batch. */
export interface SeenOutput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Names under which models return pooled features, the best first. */
const POOLED = [
  'image_embeds',
  'image_embeddings',
  'pooler_output',
  'pooled_output',
  'sentence_embedding',
  'features',
  'embeddings',
  'embedding',
];
/** Names under which models return tokens or maps. */
const UNPOOLED = ['last_hidden_state', 'hidden_states', 'feature_map', 'feature_maps'];

/** Tokens beside patches: the class token alone, or with four registers. */
const CLASS_TOKENS = [1, 5];

/**
 * Chooses an output by rule: a pooled one by name, tokens or a map by name, the first with two
 * dimensions, the first of any kind.
 *
 * Tokens are pooled by their class token where there is one more than a square of patches (or five
 * more, with four registers), and by their mean otherwise.
 *
 * @param asked name that was asked for
 * @throws LikenessError `encoder.output` where none has two to four dimensions, or none the name
 */
export function chooseOutput(
  outputs: readonly SeenOutput[],
  { asked, file }: { asked?: string; file: string },
): ModelOutput {
  const usable = outputs.filter(({ shape }) => shape.length >= 2 && shape.length <= 4);
  const listed = outputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  if (asked !== undefined) {
    const found = usable.find(({ name }) => name === asked);
    if (found) return { name: asked, pooling: poolingOf(found.shape) };
    throw new LikenessError(
      'encoder.output',
      `output: received ${JSON.stringify(asked)}; expected one of ${listed}`,
    );
  }
  const named = (names: readonly string[]) =>
    names.map((name) => usable.find((output) => output.name === name)).find(Boolean);
  const isFlat = ({ shape }: SeenOutput) => shape.slice(2).every((size) => size === 1);
  const chosen = named(POOLED) ?? named(UNPOOLED) ?? usable.find(isFlat) ?? usable[0];
  if (chosen) return { name: chosen.name, pooling: poolingOf(chosen.shape) };
  throw new LikenessError(
    'encoder.output',
    `${file}: its outputs are ${listed}; expected one with 2 to 4 dimensions: features, tokens or ` +
      'a map',
  );
}

/** Pooling of an output by its shape. The channels of a map differ from its equal sides. */
export function poolingOf(shape: readonly number[]): Pooling {
  if (shape.length === 2) return 'none';
  if (shape.length === 3) {
    const isSquare = (count: number) => count > 0 && Number.isInteger(Math.sqrt(count));
    return CLASS_TOKENS.some((extra) => isSquare(shape[1]! - extra)) && !isSquare(shape[1]!)
      ? 'class'
      : 'mean';
  }
  const [, first, second, third] = shape as [number, number, number, number];
  return first === second && second !== third ? 'mapLast' : 'map';
}

/** Dimension D of the features of an output. */
export function pooledLength(shape: readonly number[], pooling: Pooling): number {
  return pooling === 'map' ? shape[1]! : shape.at(-1)!;
}

/** Features [B, D] of an output. */
export function pooled(
  data: Float32Array,
  shape: readonly number[],
  pooling: Pooling,
): Float32Array {
  const B = shape[0]!;
  const D = pooledLength(shape, pooling);
  if (pooling === 'none') return data; // [B, D]
  const positions = data.length / (B * D);
  const out = new Float32Array(B * D);
  if (pooling === 'class') {
    for (let b = 0; b < B; b++) {
      out.set(data.subarray(b * positions * D, b * positions * D + D), b * D);
    }
    return out; // [B, D]
  }
  const [stepD, stepP] = pooling === 'map' ? [positions, 1] : [1, D];
  for (let b = 0; b < B; b++) {
    const start = b * positions * D;
    for (let d = 0; d < D; d++) {
      let sum = 0;
      for (let p = 0; p < positions; p++) sum += data[start + d * stepD + p * stepP]!;
      out[b * D + d] = sum / positions;
    }
  }
  return out; // [B, D]
}
