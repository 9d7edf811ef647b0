/** timm's `config.json`: images as a model of timm takes them. */
import { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { IMAGENET, kernelOf, side, triple } from './imageInput.ts';
import { checkedDescription, type Description } from './preprocessor.ts';

const timm = z.looseObject({
  pretrained_cfg: z.looseObject({
    input_size: z.tuple([z.int(), side, side]).nullish(),
    mean: triple.nullish(),
    std: triple.nullish(),
    interpolation: z.string().nullish(),
    crop_pct: z.number().positive().max(1).nullish(),
    crop_mode: z.enum(['center', 'squash', 'border']).nullish(),
  }),
});

/** Values that timm's `resolve_data_config` takes where its file has none. */
const DEFAULTS = {
  input_size: [3, 224, 224],
  mean: IMAGENET.mean,
  std: IMAGENET.std,
  interpolation: 'bicubic',
  crop_pct: 0.875,
  crop_mode: 'center',
} as const;

/**
 * Reads the description of a model of timm; undefined for a file without `pretrained_cfg`, which is
 * of another program.
 *
 * A key that it leaves out has timm's default, and a note says so.
 *
 * @param file path, for errors
 * @throws LikenessError `encoder.preprocessor` for values that likeness cannot follow
 */
export function readTimm(json: unknown, file: string): Description | undefined {
  if (typeof json !== 'object' || json === null || !('pretrained_cfg' in json)) return undefined;
  const { pretrained_cfg: stated } = checkedDescription(timm, json, file);
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
  const taken = names.filter((name) => (stated[name] ?? undefined) === undefined);
  const [, height, width] = stated.input_size ?? DEFAULTS.input_size;
  const mode = stated.crop_mode ?? DEFAULTS.crop_mode;
  const refuse = (what: string, expected: string): never => {
    throw new LikenessError(
      'encoder.preprocessor',
      `${displayPath(file)}: ${what}; expected ${expected}. Correct the file of the model.`,
    );
  };
  if (height !== width) refuse(`input_size is ${height} x ${width}`, 'a square');
  if (mode === 'border') refuse('crop_mode is "border"', '"center" or "squash"');
  const [mean, std] = [stated.mean ?? DEFAULTS.mean, stated.std ?? DEFAULTS.std];
  return {
    file,
    input: {
      size: height,
      resize: Math.floor(height / (stated.crop_pct ?? DEFAULTS.crop_pct)),
      fit: mode === 'squash' ? 'squash' : 'crop',
      ...kernelOf(stated.interpolation ?? DEFAULTS.interpolation),
      ...{ channels: 'rgb', scale: 1 / 255, mean: [...mean], std: [...std] },
    },
    keys: {},
    notes:
      taken.length === 0
        ? []
        : [`${displayPath(file)} leaves out ${taken.join(', ')}; the defaults of timm are taken.`],
  };
}
