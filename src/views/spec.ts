/**
 * Views as data: which crops a method looks at, and what is done to each.
 *
 * A `ViewsSpec` is plain JSON. It is stored with a run, checked by one strict schema, and a preset is only a value
 * of it, so a method never needs code of its own for its augmentation.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';

const probability = z.number().min(0).max(1);

/** A `[low, high]` pair of numbers with `low <= high`. */
function rangeOf(value: z.ZodNumber) {
  return z.tuple([value, value]).refine(([low, high]) => low <= high, {
    message: 'the first number must not be larger than the second',
  });
}

const flip = z.strictObject({
  kind: z.literal('flip'),
  p: probability.default(0.5).describe('probability of mirroring left to right'),
});
const colourJitter = z.strictObject({
  kind: z.literal('colourJitter'),
  p: probability.default(0.8).describe('probability of changing colours at all'),
  brightness: z.number().min(0).describe('factor in [max(0, 1 - b), 1 + b]').default(0),
  contrast: z.number().min(0).describe('factor in [max(0, 1 - c), 1 + c]').default(0),
  saturation: z.number().min(0).describe('factor in [max(0, 1 - s), 1 + s]').default(0),
  hue: z.number().min(0).max(0.5).describe('shift in [-h, h] turns of the colour circle').default(0),
});
const greyscale = z.strictObject({
  kind: z.literal('greyscale'),
  p: probability.default(0.2).describe('probability of removing colour'),
});
const gaussianBlur = z.strictObject({
  kind: z.literal('gaussianBlur'),
  p: probability.default(0.5).describe('probability of blurring'),
  sigma: rangeOf(z.number().positive().max(100)).default([0.1, 2]).describe('standard deviation in pixels'),
  algorithm: z
    .enum(['box', 'gaussian'])
    .default('box')
    .describe('box: three box passes as in Pillow; gaussian: sampled, 23 taps'),
});
const solarise = z.strictObject({
  kind: z.literal('solarise'),
  p: probability.default(0.2).describe('probability of solarising'),
  threshold: z.number().int().min(0).max(256).default(128).describe('values from here upwards are inverted'),
});

const step = z.discriminatedUnion('kind', [flip, colourJitter, greyscale, gaussianBlur, solarise]);

const crop = z.strictObject({
  count: z.number().int().min(1).max(64).describe('how many views of this kind per image'),
  size: z.number().int().min(4).max(1024).describe('side of the square view in pixels'),
  scale: rangeOf(z.number().positive().max(1)).describe("smallest and largest share of the image's area"),
  ratio: rangeOf(z.number().positive())
    .default([3 / 4, 4 / 3])
    .describe('smallest and largest width divided by height'),
  steps: z.array(step).describe('what is done to the resized crop, in this order'),
});

const triple = z.tuple([z.number(), z.number(), z.number()]);
const normalise = z.strictObject({
  mean: triple.describe('subtracted from red, green and blue in 0..1'),
  std: z
    .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
    .describe('divides red, green and blue after the mean is subtracted'),
});

/** The strict schema of a `ViewsSpec`: unknown names are refused, defaults are filled in. */
export const viewsSchema = z.strictObject({
  crops: z.array(crop).min(1).max(16).describe('groups of crops, big ones first'),
  normalise,
});

/** One augmentation step with its parameters. */
export type Step = z.infer<typeof step>;
/** `count` views of one size. */
export type CropSpec = z.infer<typeof crop>;
/** `(v / 255 - mean) / std` per channel; applied inside the compiled graph. */
export type Normalisation = z.infer<typeof normalise>;
/** Everything a method looks at. */
export type ViewsSpec = z.infer<typeof viewsSchema>;
/** The same before defaults are filled in: what a person may write. */
export type ViewsInput = z.input<typeof viewsSchema>;

/**
 * Checks a value against the schema and fills in defaults.
 *
 * @throws LikenessError `views.invalid`, naming each wrong place, for example `crops[0].scale[1]`.
 */
export function parseViews(value: unknown): ViewsSpec {
  const result = viewsSchema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.map((issue) => `  ${placeOf(issue.path)}: ${issue.message}`);
  throw new LikenessError(
    'views.invalid',
    `The views are not valid:\n${places.join('\n')}\nCorrect these settings, or name a preset instead.`,
  );
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'views' : text.replace(/^\./, '');
}

/** Number of views per image, over all groups. */
export function viewCount(views: ViewsSpec): number {
  return views.crops.reduce((sum, { count }) => sum + count, 0);
}
