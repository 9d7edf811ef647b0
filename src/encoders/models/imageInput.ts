/** Images as an imported model takes them, and the files of hubs that describe them. */
import { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { type EvaluationSpec, fits, type ResizeKernel, resizeKernels } from '../../views/index.ts';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(2048);

/** Pixels of an imported model: `(byte · scale - mean) / std` per channel. */
export const imageInput = z.strictObject({
  /** Side of the square images, in pixels. */
  size: side,
  /** Shorter side before cropping, in pixels. */
  resize: side,
  /** `squash` gives both sides `resize` pixels in place of keeping the proportions. */
  fit: z.enum(fits),
  /** Kernel of the resizing; absent for `bilinear`, as in runs of before there were others. */
  kernel: z.enum(resizeKernels).optional(),
  channels: z.enum(['rgb', 'bgr']),
  scale: z.number().positive(),
  mean: triple,
  std: triple.refine((values) => values.every((value) => value > 0), 'expected values above 0'),
});
export type ImageInput = z.output<typeof imageInput>;

/** The evaluation view of an input. */
export function viewOf({ size, resize, fit, kernel }: ImageInput) {
  return { size, resize, fit, ...(kernel && { kernel }) } satisfies EvaluationSpec;
}

/** Mean and deviation of the colors of ImageNet, in 0 to 1, which most models take. */
export const IMAGENET = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies Pick<ImageInput, 'mean' | 'std'>;

const sides = z.looseObject({ height: side.optional(), width: side.optional() });
const sizeOf = z.union([
  side,
  z.tuple([side, side]),
  z.looseObject({ shortest_edge: side }),
  z.looseObject({ height: side, width: side }),
]);

/** `preprocessor_config.json` of hubs; further keys are of other tasks. */
const preprocessor = z.looseObject({
  do_resize: z.boolean().optional(),
  resample: z.int().nullish(),
  size: sizeOf.optional(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([side, sides, z.null()]).optional(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  do_flip_channel_order: z.boolean().nullish(),
});

/** `config.json` of timm's models. */
const timm = z.looseObject({
  pretrained_cfg: z.looseObject({
    input_size: z.tuple([z.int(), side, side]),
    mean: triple,
    std: triple,
    interpolation: z.string().optional(),
    crop_pct: z.number().positive().max(1).optional(),
    crop_mode: z.string().optional(),
  }),
});

/** Kernels by their numbers in Pillow. */
const kernelNumbers: Readonly<Record<number, ResizeKernel>> = {
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};

/** Kernel of an input. Others than these, such as nearest neighbors, are bilinear here. */
function kernelOf(kernel: string | undefined): Pick<ImageInput, 'kernel'> {
  const found = resizeKernels.find((name) => name === kernel);
  return found && found !== 'bilinear' ? { kernel: found } : {};
}

/** Smallest share of the resized side that ConvNeXt crops below this size, from its processor. */
const CROPPED_BELOW = 384;

/**
 * Reads `preprocessor_config.json`.
 *
 * `crop_pct` follows the processor of ConvNeXt: below 384 px the shorter side becomes
 * `size / crop_pct` and the center is cropped, from 384 px on both sides become `size`.
 *
 * @param file path, for errors
 * @throws LikenessError `encoder.preprocessor`
 */
export function readPreprocessor(json: unknown, file: string): ImageInput {
  const found = checked(preprocessor, json, file);
  const { crop_pct: share, do_normalize: normalizes = true, do_rescale: rescales = true } = found;
  const whole = found.size ?? 224;
  const isShort = typeof whole === 'object' && 'shortest_edge' in whole;
  const resized = squareSide(isShort ? (whole.shortest_edge as number) : whole, 'size', file);
  const crop = found.do_center_crop !== false ? found.crop_size : undefined;
  const cropped =
    crop === undefined || crop === null ? undefined : squareSide(crop, 'crop_size', file);
  const colors = {
    ...kernelOf(kernelNumbers[found.resample ?? 2]),
    channels: found.do_flip_channel_order ? ('bgr' as const) : ('rgb' as const),
    scale: rescales === false ? 1 : (found.rescale_factor ?? 1 / 255),
    mean: normalizes === false ? zeros() : (found.image_mean ?? [...IMAGENET.mean]),
    std: normalizes === false ? ones() : (found.image_std ?? [...IMAGENET.std]),
  } satisfies Partial<ImageInput>;
  if (share) {
    return resized < CROPPED_BELOW
      ? { size: resized, resize: Math.trunc(resized / share), fit: 'crop', ...colors }
      : { size: resized, resize: resized, fit: 'squash', ...colors };
  }
  // A number means the shorter side where a crop follows, as the older processors of hubs read it.
  const keeps = isShort || (typeof whole === 'number' && cropped !== undefined);
  const size = Math.min(cropped ?? resized, resized);
  return { size, resize: resized, fit: keeps ? 'crop' : 'squash', ...colors };
}

/** Reads the description of a model of timm in `config.json`; undefined for other models. */
export function readTimm(json: unknown): ImageInput | undefined {
  const result = timm.safeParse(json);
  if (!result.success) return undefined;
  const {
    input_size: shape,
    mean,
    std,
    crop_pct: share = 0.875,
    crop_mode,
    interpolation,
  } = result.data.pretrained_cfg;
  const size = shape[1];
  if (size !== shape[2]) return undefined;
  const fit = crop_mode === 'squash' ? 'squash' : 'crop';
  const resize = Math.floor(size / share);
  const kernel = kernelOf(interpolation);
  return { size, resize, fit, ...kernel, channels: 'rgb', scale: 1 / 255, mean, std };
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

function checked<S extends z.ZodType>(schema: S, json: unknown, file: string): z.output<S> {
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
