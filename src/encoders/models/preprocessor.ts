/** `preprocessor_config.json`: images as a model of the transformers library takes them. */
import { z } from 'zod';
import { displayPath } from '../../core/text.ts';
import {
  type CheckedFile,
  checkedKeys,
  isTold,
  type KeyRule,
  type ToldParts,
} from './checkedKeys.ts';
import { deviations, type ImageInput, MAX_SIDE, side, triple } from './imageInput.ts';
import { type ProcessorKeys, processorDefaults } from './processorDefaults.ts';
import { kernelName, STATED_KERNELS, statedKernel } from './statedKernel.ts';

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

const square = z.union([
  side,
  z.tuple([side, side]).refine(([height, width]) => height === width),
  z.looseObject({ height: side, width: side }).refine(({ height, width }) => height === width),
]);
const sizeOf = z.union([square, z.looseObject({ shortest_edge: side })]);
/** Numbers of the three channels, or one for all. */
const colors = triple.or(z.number().transform((v): ImageInput['mean'] => [v, v, v]));
const flag = z.boolean().nullish();

/** Keys that are read; further ones are of other tasks. */
const preprocessor = z.looseObject({
  image_processor_type: z.string().nullish().catch(undefined),
  feature_extractor_type: z.string().nullish().catch(undefined),
  do_resize: flag,
  resample: z
    .union([z.int(), z.string()])
    .refine((value) => kernelName(value) !== undefined)
    .nullish(),
  size: sizeOf.nullish(),
  do_center_crop: flag,
  crop_size: square.nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_rescale: flag,
  rescale_factor: z.number().positive().nullish(),
  do_normalize: flag,
  image_mean: colors.nullish(),
  image_std: colors.pipe(deviations).nullish(),
  do_flip_channel_order: flag,
});

const SIDES =
  `the side of a square, from 1 to ${MAX_SIDE} px: 224, {"shortest_edge":224} or ` +
  '{"height":224,"width":224}';
const rule = (expected: string, ...parts: KeyRule['parts']): KeyRule => ({ expected, parts });
const rules = {
  do_resize: rule('true or false', 'size'),
  resample: rule(STATED_KERNELS, 'kernel'),
  size: rule(SIDES, 'size'),
  do_center_crop: rule('true or false', 'size'),
  crop_size: rule(`the side of a square, from 1 to ${MAX_SIDE} px`, 'size'),
  crop_pct: rule('a number above 0 and at most 1', 'size'),
  do_rescale: rule('true or false', 'scale'),
  rescale_factor: rule('a number above 0', 'scale'),
  do_normalize: rule('true or false', 'mean', 'std'),
  image_mean: rule('three numbers, or one for all channels', 'mean'),
  image_std: rule('three numbers above 0, or one for all channels', 'std'),
  do_flip_channel_order: rule('true or false', 'channels'),
} as const satisfies Readonly<Record<string, KeyRule>>;

/** Steps of processors that change pixels, and that likeness does not take. */
const STEPS = [
  ...['do_pad', 'do_thumbnail', 'do_align_long_axis', 'do_crop_margin', 'do_image_splitting'],
  ...['do_grayscale', 'do_color_quantize', 'rescale_offset', 'include_top'],
];

/** Side from which ConvNeXt's processor resizes to the whole size and crops nothing. */
const CROPPED_BELOW = 384;

/**
 * Reads `preprocessor_config.json`.
 *
 * A key that the file leaves out has the default of its processor, where that is a known class of
 * the transformers library, and a note says so. The library's `rescale_factor` of 1/255 and RGB
 * hold for all classes. Parts that stay unknown are missing from the result. Notes tell what the
 * file asks for and likeness does not do.
 *
 * `crop_pct` follows the processor of ConvNeXt: below 384 px the shorter side becomes
 * `size / crop_pct` and the center is cropped, from 384 px on both sides become `size`.
 *
 * @throws LikenessError `encoder.preprocessor` for values that no image can have
 */
export function readPreprocessor(json: unknown, { file, told }: CheckedFile): Description {
  const stated = checkedKeys(preprocessor, json, { file, told, rules });
  const className = stated.image_processor_type ?? stated.feature_extractor_type ?? undefined;
  const defaults = processorDefaults(className) ?? {};
  const taken = new Set<string>();
  const value = <K extends keyof ProcessorKeys>(key: K) => {
    const own = stated[key] ?? undefined;
    if (own === undefined && defaults[key] !== undefined && !isTold(rules[key], told)) {
      taken.add(key);
    }
    return own ?? defaults[key];
  };
  const geometry = geometryOf(value, stated.do_resize !== false);
  const normalizes = (stated.do_normalize ?? defaults.do_normalize) !== false;
  const [mean, std] = normalizes ? [value('image_mean'), value('image_std')] : [zeros(), ones()];
  const kernel = statedKernel(value('resample'));
  const flips = value('do_flip_channel_order') === true;
  const input: Partial<ImageInput> = {
    ...geometry,
    ...kernel.input,
    channels: flips ? 'bgr' : 'rgb',
    scale: stated.do_rescale === false ? 1 : (stated.rescale_factor ?? 1 / 255),
    ...(mean && { mean }),
    ...(std && { std }),
  };
  const notes: string[] = [];
  if (taken.size > 0) {
    notes.push(`leaves out ${[...taken].join(', ')}; the defaults of ${className} are taken.`);
  }
  if (kernel.note !== undefined && !told.has('kernel')) notes.push(kernel.note);
  notes.push(...notesOnSteps(stated, told));
  return {
    ...{ file, input, notes: notes.map((note) => `${displayPath(file)} ${note}`) },
    keys: { size: sizeKey(geometry), resize: 'size', mean: 'image_mean', std: 'image_std' },
  };
}

/** Tells of steps and bounds of a file that likeness does not follow. */
function notesOnSteps(stated: Readonly<Record<string, unknown>>, told: ToldParts): string[] {
  const { size } = stated;
  const notes: string[] = [];
  if (isShorter(size) && 'longest_edge' in size && !told.has('size')) {
    notes.push(
      `bounds the longer side by ${JSON.stringify(size.longest_edge)}; it is cropped instead.`,
    );
  }
  const steps = STEPS.filter((key) => stated[key] === true);
  if (steps.length > 0) {
    notes.push(`asks for ${steps.join(', ')}, which likeness does not do; images go without.`);
  }
  return notes;
}

type ValueOf = <K extends keyof ProcessorKeys>(
  key: K,
) => z.output<typeof preprocessor>[K] | ProcessorKeys[K];

/** Key of the side that is missing: of the crop where the size before it is known. */
const sizeKey = ({ resize }: Partial<ImageInput>) => (resize === undefined ? 'size' : 'crop_size');

/** Side, resizing and cropping, as far as they are known. */
function geometryOf(
  value: ValueOf,
  resizes: boolean,
): Pick<Partial<ImageInput>, 'size' | 'resize' | 'fit'> {
  const crops = value('do_center_crop') ?? undefined;
  const crop = crops === false ? undefined : (value('crop_size') ?? undefined);
  const size = crop === undefined ? undefined : squareSide(crop);
  if (!resizes && size !== undefined) return { size, resize: size, fit: 'crop' };
  const whole = value('size') ?? undefined;
  if (whole === undefined) return size === undefined ? {} : { size };
  const isShort = isShorter(whole);
  const resize = isShort ? whole.shortest_edge : squareSide(whole);
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

/** Tells if a size is that of the shorter side. */
function isShorter(size: unknown): size is { shortest_edge: number } {
  return typeof size === 'object' && size !== null && 'shortest_edge' in size;
}

/** Side of a square as a number, [h, w] or { height, width }. */
function squareSide(size: z.output<typeof square>): number {
  if (typeof size === 'number') return size;
  return Array.isArray(size) ? size[0] : size.height;
}

const zeros = (): ImageInput['mean'] => [0, 0, 0];
const ones = (): ImageInput['std'] => [1, 1, 1];
