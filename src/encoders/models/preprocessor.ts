/** `preprocessor_config.json`: images as a model of the transformers library takes them. */
import { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import type { ResizeKernel } from '../../views/index.ts';
import { type ImageInput, kernelOf, side, triple } from './imageInput.ts';
import { type ProcessorKeys, processorDefaults } from './processorDefaults.ts';

/** Parts of an input that a file beside the model describes. */
export interface Description {
  /** Path of the file. */
  readonly file: string;
  /** Parts that it states, or that its format has a default for. */
  readonly input: Partial<ImageInput>;
  /** Keys that would state the parts which are missing. */
  readonly keys: Readonly<Partial<Record<keyof ImageInput, string>>>;
  /** Sentences on the defaults that were taken. */
  readonly notes: readonly string[];
}

const sides = z.looseObject({ height: side.optional(), width: side.optional() });
const sizeOf = z.union([
  side,
  z.tuple([side, side]),
  z.looseObject({ shortest_edge: side }),
  z.looseObject({ height: side, width: side }),
]);
/** Numbers of the three channels, or one for all. */
const colors = triple.or(z.number().transform((v): ImageInput['mean'] => [v, v, v]));

/** Keys that are read; further ones are of other tasks. */
const preprocessor = z.looseObject({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: z.boolean().nullish(),
  resample: z.int().nullish(),
  size: sizeOf.nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([side, z.tuple([side, side]), sides]).nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: colors.nullish(),
  image_std: colors.nullish(),
  do_flip_channel_order: z.boolean().nullish(),
});

/** Kernels by their numbers in Pillow. */
const kernelNumbers: Readonly<Record<number, ResizeKernel>> = {
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};

/** Side from which ConvNeXt's processor resizes to the whole size and crops nothing. */
const CROPPED_BELOW = 384;

/**
 * Reads `preprocessor_config.json`.
 *
 * A key that the file leaves out has the default of its processor, where that is a known class of
 * the transformers library, and a note says so. The library's `rescale_factor` of 1/255 and RGB
 * hold for all classes. Parts that stay unknown are missing from the result.
 *
 * `crop_pct` follows the processor of ConvNeXt: below 384 px the shorter side becomes
 * `size / crop_pct` and the center is cropped, from 384 px on both sides become `size`.
 *
 * @param file path, for errors
 * @throws LikenessError `encoder.preprocessor` for values that no image can have
 */
export function readPreprocessor(json: unknown, file: string): Description {
  const stated = checkedDescription(preprocessor, json, file);
  const className = stated.image_processor_type ?? stated.feature_extractor_type ?? undefined;
  const defaults = processorDefaults(className) ?? {};
  const taken = new Set<string>();
  const value = <K extends keyof ProcessorKeys>(key: K) => {
    const own = stated[key] ?? undefined;
    if (own === undefined && defaults[key] !== undefined) taken.add(key);
    return own ?? defaults[key];
  };
  const geometry = geometryOf(value, { file, resizes: stated.do_resize !== false });
  const normalizes = (stated.do_normalize ?? defaults.do_normalize) !== false;
  const [mean, std] = normalizes ? [value('image_mean'), value('image_std')] : [zeros(), ones()];
  const resample = value('resample');
  const flips = value('do_flip_channel_order') === true;
  const input: Partial<ImageInput> = {
    ...geometry,
    ...kernelOf(resample === undefined ? undefined : kernelNumbers[resample]),
    channels: flips ? 'bgr' : 'rgb',
    scale: stated.do_rescale === false ? 1 : (stated.rescale_factor ?? 1 / 255),
    ...(mean && { mean }),
    ...(std && { std }),
  };
  const named = [...taken].join(', ');
  const notes =
    taken.size === 0
      ? []
      : [`${displayPath(file)} leaves out ${named}; the defaults of ${className} are taken.`];
  return {
    ...{ file, input, notes },
    keys: { size: sizeKey(geometry), resize: 'size', mean: 'image_mean', std: 'image_std' },
  };
}

type ValueOf = <K extends keyof ProcessorKeys>(
  key: K,
) => z.output<typeof preprocessor>[K] | ProcessorKeys[K];

/** Key of the side that is missing: of the crop where the size before it is known. */
const sizeKey = ({ resize }: Partial<ImageInput>) => (resize === undefined ? 'size' : 'crop_size');

/** Side, resizing and cropping, as far as they are known. */
function geometryOf(
  value: ValueOf,
  { file, resizes }: { file: string; resizes: boolean },
): Pick<Partial<ImageInput>, 'size' | 'resize' | 'fit'> {
  const crops = value('do_center_crop') ?? undefined;
  const crop = crops === false ? undefined : (value('crop_size') ?? undefined);
  const size = crop === undefined ? undefined : squareSide(crop, 'crop_size', file);
  if (!resizes && size !== undefined) return { size, resize: size, fit: 'crop' };
  const whole = value('size') ?? undefined;
  if (whole === undefined) return size === undefined ? {} : { size };
  const isShort = typeof whole === 'object' && 'shortest_edge' in whole;
  const resize = squareSide(isShort ? (whole.shortest_edge as number) : whole, 'size', file);
  const share = value('crop_pct');
  if (share) {
    return resize < CROPPED_BELOW
      ? { size: resize, resize: Math.trunc(resize / share), fit: 'crop' }
      : { size: resize, resize, fit: 'squash' };
  }
  // A number means the shorter side where a crop follows, as the older processors of hubs read it.
  const keeps = isShort || (typeof whole === 'number' && (size !== undefined || crops === true));
  const fit = keeps ? 'crop' : 'squash';
  if (size === undefined && crops === true) return { resize, fit };
  return { size: Math.min(size ?? resize, resize), resize, fit };
}

/** Sizes as a number, [h, w] or { height, width }, which must be square. */
function squareSide(value: unknown, key: string, file: string): number {
  if (typeof value === 'number') return value;
  const [height, width] = Array.isArray(value)
    ? (value as number[])
    : [(value as { height?: number }).height, (value as { width?: number }).width];
  if (height !== undefined && height === width) return height;
  throw new LikenessError(
    'encoder.preprocessor',
    `${displayPath(file)}: ${key} is ${height} x ${width}; expected a square, which is what ` +
      'likeness cuts from images',
  );
}

/** Checks a file by a schema. @throws LikenessError `encoder.preprocessor` */
export function checkedDescription<S extends z.ZodType>(
  schema: S,
  json: unknown,
  file: string,
): z.output<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new LikenessError(
    'encoder.preprocessor',
    `${displayPath(file)}: "${path.join('.')}": ${message}. Restore the file of the model.`,
  );
}

const zeros = (): ImageInput['mean'] => [0, 0, 0];
const ones = (): ImageInput['std'] => [1, 1, 1];
