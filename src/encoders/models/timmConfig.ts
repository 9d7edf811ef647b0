/** timm's `config.json`: images as a model of timm takes them. */
import { z } from 'zod';
import { displayPath } from '../../core/text.ts';
import { type CheckedFile, checkedKeys, isTold, type KeyRule } from './checkedKeys.ts';
import { deviations, IMAGENET, MAX_SIDE, side, triple } from './imageInput.ts';
import type { Description } from './preprocessor.ts';
import { kernelName, STATED_KERNELS, statedKernel } from './statedKernel.ts';

const OUTER = 'pretrained_cfg';
const timm = z.looseObject({
  input_size: z
    .tuple([z.int(), side, side])
    .refine(([, height, width]) => height === width)
    .nullish(),
  mean: triple.nullish(),
  std: deviations.nullish(),
  interpolation: z
    .string()
    .refine((name) => kernelName(name) !== undefined)
    .nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  crop_mode: z.enum(['center', 'squash']).nullish(),
});

const rules: Readonly<Record<keyof typeof DEFAULTS, KeyRule>> = {
  input_size: {
    expected: `channels, height and width of a square of at most ${MAX_SIDE} px, as [3,224,224]`,
    parts: ['size'],
  },
  mean: { expected: 'three numbers', parts: ['mean'] },
  std: { expected: 'three numbers above 0', parts: ['std'] },
  interpolation: { expected: STATED_KERNELS, parts: ['kernel'] },
  crop_pct: { expected: 'a number above 0 and at most 1', parts: ['size'] },
  crop_mode: { expected: '"center" or "squash"', parts: ['fit'] },
};

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
 * @throws LikenessError `encoder.preprocessor` for values that likeness cannot follow
 */
export function readTimm(json: unknown, { file, told }: CheckedFile): Description | undefined {
  if (typeof json !== 'object' || json === null || !(OUTER in json)) return undefined;
  const stated = checkedKeys(timm, json[OUTER], { file, told, rules, outer: OUTER });
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
  const taken = names.filter((name) => (stated[name] ?? undefined) === undefined);
  const unknown = taken.filter((name) => !isTold(rules[name], told));
  const [, size] = stated.input_size ?? DEFAULTS.input_size;
  const mode = stated.crop_mode ?? DEFAULTS.crop_mode;
  const [mean, std] = [stated.mean ?? DEFAULTS.mean, stated.std ?? DEFAULTS.std];
  const kernel = statedKernel(stated.interpolation ?? DEFAULTS.interpolation);
  const notes: string[] = [];
  if (unknown.length > 0) {
    notes.push(`leaves out ${unknown.join(', ')}; the defaults of timm are taken.`);
  }
  if (kernel.note !== undefined && !told.has('kernel')) notes.push(kernel.note);
  return {
    file,
    input: {
      size,
      resize: Math.floor(size / (stated.crop_pct ?? DEFAULTS.crop_pct)),
      fit: mode === 'squash' ? 'squash' : 'crop',
      ...kernel.input,
      ...{ channels: 'rgb', scale: 1 / 255, mean: [...mean], std: [...std] },
    },
    keys: {},
    notes: notes.map((note) => `${displayPath(file)} ${note}`),
  };
}
