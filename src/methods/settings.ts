/**
 * Settings that all methods share, in groups, each a strict schema with descriptions and defaults.
 *
 * The settings of a method itself are the schema of its definition; a run has both. Flat names,
 * tables of the documentation and error messages come from these schemas.
 */
import { z } from 'zod';
import {
  architectureNames,
  type FrontEnd,
  frontEnds,
  type MomentumForm,
  momentumForms,
  type ResidualInit,
  residualInits,
  type Stem,
  stems,
} from '../nn/index.ts';

/** Most passes over the images. */
export const MAX_EPOCHS = 1_000_000;

/** A whole number from 1. */
export const positive = (most = 2 ** 30) => z.number().int().min(1).max(most);
/** A whole number from 0. */
export const count = (most = 2 ** 30) => z.number().int().min(0).max(most);
/** A number from 0 to 1. */
export const fraction = () => z.number().min(0).max(1);
/** A number above 0. */
export const rate = () => z.number().positive();

/** Largest side of an image or view, in pixels. */
export const MAX_SIDE = 2048;
/** Most images of a step. */
const MAX_BATCH = 2 ** 16;
/** Most crops of a group. */
const MAX_CROPS = 64;

/** The schema with another default, under the same description. */
export function withDefault<S extends z.ZodType>(schema: S, value: z.output<S>) {
  return schema.default(value as never).describe(schema.description ?? '');
}

/** Origins of the first filters of the first convolution. */
export const stemStarts = ['random', 'patches', 'patches-frozen'] as const;

const range = () => z.tuple([z.number().min(0), z.number().min(0)]);
const perChannel = () =>
  z.tuple([z.number(), z.number(), z.number()], {
    error: 'expected three numbers, such as "0.485,0.456,0.406"',
  });

/** Schemas of the groups, in the order of tables. */
export const sharedGroups = {
  data: z.strictObject({
    batchSize: positive().max(MAX_BATCH).default(256).describe('images per step'),
    imageSize: positive()
      .max(MAX_SIDE)
      .default(32)
      .describe('side of the image in evaluation and afterwards, in pixels'),
    mean: perChannel()
      .default([0.485, 0.456, 0.406])
      .describe('per channel, subtracted from images in 0..1'),
    std: perChannel()
      .default([0.229, 0.224, 0.225])
      .describe('per channel, divides after the mean is subtracted'),
  }),
  views: z.strictObject({
    crops: z
      .array(z.strictObject({ count: positive().max(MAX_CROPS), size: positive().max(MAX_SIDE) }), {
        error: 'expected groups of count x size joined by +, such as "2x96+6x48"',
      })
      .min(1)
      .default([{ count: 2, size: 32 }])
      .describe('crop groups as count x size, global crops first: "2x96+6x48"'),
    scales: z
      .array(range(), { error: 'expected smallest-largest, such as "0.14-1"' })
      .min(1)
      .default([[0.14, 1]])
      .describe('fraction of the image area per crop group, smallest-largest: "0.14-1+0.05-0.14"'),
    flipProbability: fraction()
      .default(0.5)
      .describe(
        'probability of mirroring left to right; lowered to 0 for digits, letters and pages',
      ),
    jitterProbability: fraction().default(0.8).describe('probability of changing colors'),
    brightness: z.number().min(0).default(0.4).describe('strength of brightness changes'),
    contrast: z.number().min(0).default(0.4).describe('strength of contrast changes'),
    saturation: z
      .number()
      .min(0)
      .default(0.4)
      .describe('strength of saturation changes; 0 for gray'),
    hue: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.1)
      .describe('strength of hue changes, in turns; 0 for gray'),
    grayscaleProbability: fraction()
      .default(0.2)
      .describe('probability of removing color; 0 for gray'),
    grayscaleOrder: z
      .enum(['after', 'before'])
      .default('after')
      .describe('place of the removal of color, after or before the changes of color'),
    blurProbability: fraction().default(0).describe('probability of Gaussian blur'),
    blurSigma: z
      .tuple([z.number().min(0), z.number().min(0)], {
        error: 'expected smallest-largest, such as "0.1-2"',
      })
      .default([0.1, 2])
      .describe('standard deviation of the blur in pixels, smallest-largest'),
    solarizeProbability: fraction().default(0).describe('probability of inverting bright pixels'),
    affineRotation: z
      .number()
      .min(0)
      .max(180)
      .optional()
      .describe('rotation by up to this angle in degrees; absent: none'),
    affineShift: fraction()
      .optional()
      .describe('shift per axis by up to this fraction of the side; absent: none'),
    affineZoom: z
      .tuple([rate().max(10), rate().max(10)], {
        error: 'expected smallest-largest, such as "0.95-1.05"',
      })
      .refine(([low, high]) => low <= high, { error: 'expected the smaller number first' })
      .optional()
      .describe('zoom per axis, smallest-largest; below 1 enlarges; absent: none'),
    affineShear: z
      .number()
      .min(0)
      .max(60)
      .optional()
      .describe('shear by up to this angle in degrees; absent: none'),
    channelShift: fraction()
      .optional()
      .describe(
        'amount, as a fraction of 255, up to which each channel is shifted; 0 for gray; ' +
          'absent: none',
      ),
    noise: fraction()
      .optional()
      .describe('standard deviation of noise per pixel, as a fraction of 255; absent: none'),
    storedViews: positive(MAX_CROPS)
      .optional()
      .describe(
        'random views per image whose features are stored; of architecture pretrained only',
      ),
  }),
  encoder: z.strictObject({
    architecture: z
      .enum(architectureNames)
      .default('resnet18')
      .describe(
        'network; alexnet takes images from 63 px, vgg16-bn from 32 px, dcgan from 25 px, vae from ' +
          '9 px, mlp any, all of one size only; dac takes images from 22 px, ' +
          'dccm from 20 px, decnn from 7 px; ' +
          'pretrained: the stored features of a model, on which a head is trained; imported: a ' +
          'model that is trained further',
      ),
    dimension: positive(2 ** 20)
      .optional()
      .describe(
        'features per image; of architecture pretrained and imported only, taken from the model',
      ),
    model: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: 'expected the SHA-256 of the file, in hexadecimal' })
      .optional()
      .describe('SHA-256 of the imported model; of architecture imported only'),
    layerDecay: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        'learning rate of the first layer of an imported model over that of the last; between ' +
          'them it rises geometrically',
      ),
    frozenLayers: fraction()
      .optional()
      .describe(
        'fraction of the layers of an imported model, from the first on, that stay as they are',
      ),
    layerWidths: z
      .array(positive(2 ** 16), {
        error: 'expected whole numbers from 1, joined by commas, such as "500,500,2000,10"',
      })
      .min(1)
      .max(16)
      .optional()
      .describe(
        'values of each layer of architecture mlp, of which the last are the features; in ' +
          'proportion to width by default, and 10 features',
      ),
    width: z
      .number()
      .int()
      .min(4)
      .max(512)
      .default(64)
      .describe('channels of the first stage; each later stage doubles them; 64 as in the papers'),
    stem: z
      .enum(stems as unknown as [Stem, ...Stem[]])
      .default('cifar')
      .describe(
        'first layers: cifar 3x3 stride 1; small 3x3 stride 2; pooled 3x3 stride 1, max pool 2x2; ' +
          'imagenet 7x7 stride 2, max pool 3x3',
      ),
    frontEnd: z
      .enum(frontEnds as unknown as [FrontEnd, ...FrontEnd[]])
      .default('none')
      .describe('fixed filters before the encoder: sobel replaces colors by edges'),
    residualInit: z
      .enum(residualInits as unknown as [ResidualInit, ...ResidualInit[]])
      .default('one')
      .describe(
        'first scale of the last batch norm in each residual block; zero: blocks start as shortcuts',
      ),
    batchNorm: z
      .enum(['own', 'joined'])
      .default('own')
      .describe(
        'statistics of batch norms on several ranks: own: of each rank; joined: of the whole batch',
      ),
    stemStart: z
      .enum(stemStarts)
      .default('random')
      .describe(
        'first filters of the first convolution: random; patches: learned from the images; ' +
          'patches-frozen: the same, never trained',
      ),
  }),
  optimizer: z.strictObject({
    name: z
      .enum(['adam', 'larc', 'lars', 'rmsprop', 'sgd'])
      .default('adam')
      .describe('optimizer of the weights'),
    learningRate: rate().default(0.002).describe('highest learning rate'),
    weightDecay: z.number().min(0).default(1e-6).describe('L2 decay of all weights'),
    momentum: fraction().default(0.9).describe('momentum of sgd, larc and lars'),
    momentumForm: z
      .enum(momentumForms as unknown as [MomentumForm, ...MomentumForm[]])
      .default('popular')
      .describe('place of the learning rate: popular times the velocity, classic in the velocity'),
    trust: rate().default(0.001).describe('trust coefficient eta of larc and lars'),
    larcMode: z
      .enum(['scale', 'clip'])
      .default('scale')
      .describe('clip: the trust ratio may only lower the rate'),
  }),
  schedule: z.strictObject({
    epochs: positive(MAX_EPOCHS).default(100).describe('passes over the images'),
    maxSteps: positive(2 ** 40)
      .optional()
      .describe('end after this many steps, also within an epoch'),
    warmupEpochs: z
      .number()
      .min(0)
      .default(0)
      .describe('length of the linear warm-up; may be a fraction'),
    startLearningRate: z
      .number()
      .min(0)
      .default(0)
      .describe('learning rate at the first warm-up step'),
    finalLearningRate: z
      .number()
      .min(0)
      .default(0)
      .describe('learning rate that the cosine falls towards'),
    learningRatePer: z
      .enum(['step', 'epoch'])
      .default('step')
      .describe(
        'time for which a learning rate holds; epoch: each epoch keeps that of its first step',
      ),
  }),
  run: z.strictObject({
    seed: z
      .number()
      .int()
      .min(0)
      .max(2 ** 48)
      .default(0)
      .describe('seed of every random draw'),
    threads: z
      .number()
      .int()
      .min(0)
      .max(256)
      .default(0)
      .describe('threads of the runtime; 0: all cores'),
    workers: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('threads that make views; changes speed, never results'),
    measures: z
      .enum(['epochs', 'none'])
      .default('epochs')
      .describe(
        'epochs: label-free measures after epochs, in events.jsonl; changes time, never results',
      ),
    checkpointSeconds: z
      .number()
      .min(0)
      .default(60)
      .describe('longest time between two checkpoints'),
    keepCheckpoints: positive().default(3).describe('number of latest checkpoints that are stored'),
  }),
} as const;

export type GroupName = keyof typeof sharedGroups;

type Groups = { -readonly [G in GroupName]: z.infer<(typeof sharedGroups)[G]> };
type GroupPatches = { -readonly [G in GroupName]?: Partial<z.input<(typeof sharedGroups)[G]>> };

/** Settings of a method itself, by name. */
export type OwnSettings = Readonly<Record<string, unknown>>;

/** All settings of a run, resolved. */
export type Settings<Own = OwnSettings> = Groups & { method: { name: string } & Own };

/** Some settings, as a person, a preset or a remedy gives them. */
export type SettingsPatch<Own = OwnSettings> = GroupPatches & {
  method?: { name?: string } & Partial<Own>;
};

/** Settings that change speed or files, never results: a run may be resumed with others. */
export const freeSettings = [
  'workers',
  'measures',
  'checkpointSeconds',
  'keepCheckpoints',
] as const;

/** Settings with later patches over earlier ones, group by group. */
export function mergeSettings(...patches: readonly SettingsPatch[]): SettingsPatch {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const patch of patches) {
    for (const [group, values] of Object.entries(patch)) {
      merged[group] = { ...merged[group], ...values };
    }
  }
  return merged as SettingsPatch;
}
