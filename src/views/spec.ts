/**
 * Describes the views of a method as data: groups of crops, and the augmentation steps of each.
 *
 * A `ViewsSpec` is plain JSON with one strict schema, so no method needs augmentation code of its
 * own.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';

const probability = z.number().min(0).max(1);

/** Makes the schema of a `[low, high]` pair with `low <= high`. */
function rangeOf(value: z.ZodNumber) {
  return z.tuple([value, value]).refine(([low, high]) => low <= high, {
    message: 'the first number must not be larger than the second',
  });
}

const flip = z.strictObject({
  kind: z.literal('flip'),
  p: probability.default(0.5).describe('probability of mirroring left to right'),
});
const colorJitter = z.strictObject({
  kind: z.literal('colorJitter'),
  p: probability.default(0.8).describe('probability of color jitter'),
  brightness: z.number().min(0).describe('factor in [max(0, 1 - b), 1 + b]').default(0),
  contrast: z.number().min(0).describe('factor in [max(0, 1 - c), 1 + c]').default(0),
  saturation: z.number().min(0).describe('factor in [max(0, 1 - s), 1 + s]').default(0),
  hue: z.number().min(0).max(0.5).describe('shift in [-h, h] turns of the color wheel').default(0),
});
const grayscale = z.strictObject({
  kind: z.literal('grayscale'),
  p: probability.default(0.2).describe('probability of converting to grayscale'),
});
const gaussianBlur = z.strictObject({
  kind: z.literal('gaussianBlur'),
  p: probability.default(0.5).describe('probability of blurring'),
  sigma: rangeOf(z.number().positive().max(100))
    .default([0.1, 2])
    .describe('standard deviation in pixels'),
  algorithm: z
    .enum(['box', 'gaussian'])
    .default('box')
    .describe('box: three box passes, as in Pillow. gaussian: a sampled kernel of 23 pixels'),
});
const solarize = z.strictObject({
  kind: z.literal('solarize'),
  p: probability.default(0.2).describe('probability of solarizing'),
  threshold: z
    .number()
    .int()
    .min(0)
    .max(256)
    .default(128)
    .describe('smallest value that is inverted'),
});

const affine = z.strictObject({
  kind: z.literal('affine'),
  p: probability.default(1).describe('probability of an affine map'),
  rotation: z.number().min(0).max(180).default(0).describe('angle in [-r, r] degrees'),
  shift: z.number().min(0).max(1).default(0).describe('shift per axis in [-s, s] of the side'),
  zoom: rangeOf(z.number().positive().max(10))
    .default([1, 1])
    .describe('zoom per axis, smallest and largest; below 1 enlarges'),
  shear: z.number().min(0).max(60).default(0).describe('angle of the shear in [-h, h] degrees'),
});
const channelShift = z.strictObject({
  kind: z.literal('channelShift'),
  p: probability.default(1).describe('probability of a channel shift'),
  by: z.number().min(0).max(1).describe('amount per channel in [-b, b] of the range of values'),
});
const noise = z.strictObject({
  kind: z.literal('noise'),
  p: probability.default(1).describe('probability of noise'),
  deviation: z.number().min(0).max(1).describe('standard deviation, of the range of values'),
});

const step = z.discriminatedUnion('kind', [
  flip,
  affine,
  colorJitter,
  grayscale,
  channelShift,
  gaussianBlur,
  solarize,
  noise,
]);

const crop = z.strictObject({
  count: z.number().int().min(1).max(64).describe('views of this group per image'),
  size: z.number().int().min(4).max(1024).describe('side of the square view in pixels'),
  scale: rangeOf(z.number().positive().max(1)).describe(
    'smallest and largest fraction of the area',
  ),
  ratio: rangeOf(z.number().positive())
    .default([3 / 4, 4 / 3])
    .describe('smallest and largest width divided by height'),
  steps: z.array(step).describe('augmentation steps of the resized crop, in order'),
});

const triple = z.tuple([z.number(), z.number(), z.number()]);
const normalize = z.strictObject({
  mean: triple.describe('subtracted from red, green and blue in 0..1'),
  std: z
    .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
    .describe('divides red, green and blue after the mean is subtracted'),
});

/** Strict schema of a `ViewsSpec`. It rejects unknown names and fills in defaults. */
export const viewsSchema = z.strictObject({
  crops: z.array(crop).min(1).max(16).describe('groups of crops, global crops first'),
  normalize,
});

/** Augmentation step with its parameters. */
export type Step = z.infer<typeof step>;
/** A group of `count` crops of one size. */
export type CropSpec = z.infer<typeof crop>;
/** Normalization `(v / 255 - mean) / std` per channel, which the compiled graph applies. */
export type Normalization = z.infer<typeof normalize>;
/** All views of a method. */
export type ViewsSpec = z.infer<typeof viewsSchema>;
/** The input of `parseViews`, in which fields with defaults are optional. */
export type ViewsInput = z.input<typeof viewsSchema>;

/**
 * Checks a value against the schema and fills in defaults.
 *
 * @throws LikenessError `views.invalid` with the path of each invalid value, such as
 * `crops[0].scale[1]`.
 */
export function parseViews(value: unknown): ViewsSpec {
  const result = viewsSchema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.map((issue) => `  ${placeOf(issue.path)}: ${issue.message}`);
  throw new LikenessError(
    'views.invalid',
    `The views are not valid:\n${places.join('\n')}\nCorrect these settings.`,
  );
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text === '' ? 'views' : text.replace(/^\./, '');
}

/** Counts the views per image over all groups. */
export function viewCount(views: ViewsSpec): number {
  return views.crops.reduce((sum, { count }) => sum + count, 0);
}
