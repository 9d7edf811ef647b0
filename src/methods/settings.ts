/**
 * Every setting of a training run: name, meaning, default and bounds, in one strict schema.
 *
 * The schema is the only list of settings: the command line's `--set`, the stored `config.json`, the error messages
 * and the tables of the documentation all come from it.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { type Architecture, architectures, type FrontEnd, frontEnds, type Stem, stems } from '../nn/index.ts';

const positive = () => z.number().int().min(1);
const share = () => z.number().min(0).max(1);
const rate = () => z.number().positive();

export const methodNames = [
  'swav',
  'deepcluster',
  'deepcluster-v2',
  'pcl',
  'hcsc',
  'contrastive-clustering',
  'simclr',
  'moco',
  'byol',
  'simsiam',
  'instdisc',
] as const;
export type MethodName = (typeof methodNames)[number];

export const settingsSchema = z.strictObject({
  method: z.enum(methodNames).default('swav').describe('what is learned'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 48)
    .default(0)
    .describe('seed of every random draw'),

  batchSize: positive().default(256).describe('images per step'),
  epochs: positive().default(100).describe('passes over the images'),
  maxSteps: positive().optional().describe('end after this many steps, also in the middle of an epoch'),

  architecture: z
    .enum(Object.keys(architectures) as [Architecture, ...Architecture[]])
    .default('resnet18')
    .describe('encoder; alexnet takes images from 63 px on, vgg16-bn from 32 px on, both of one size only'),
  width: z
    .number()
    .int()
    .min(4)
    .max(512)
    .default(64)
    .describe('channels of the first stage; each later stage doubles them; 64 are those of the papers'),
  stem: z
    .enum(stems as unknown as [Stem, ...Stem[]])
    .default('cifar')
    .describe('first layers: cifar 3x3 stride 1; small 3x3 stride 2; imagenet 7x7 stride 2 and max pool'),
  hiddenLength: z
    .number()
    .int()
    .min(0)
    .default(512)
    .describe("width of the head's hidden layer; 0: a linear head"),
  headNorm: z
    .enum(['batch', 'none'])
    .default('none')
    .describe("what stands in the head's hidden layer (moco, pcl, hcsc)"),
  embeddingLength: positive().default(128).describe('length D of the embeddings'),

  prototypes: z.number().int().min(2).default(512).describe('number K of prototypes'),
  temperature: rate().default(0.1).describe('tau of the softmax over prototypes'),
  epsilon: z.number().min(0.001).default(0.05).describe('smoothness of the codes in Sinkhorn'),
  sinkhornIterations: z.number().int().min(1).max(100).default(3).describe('iterations of Sinkhorn'),
  queueLength: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('embeddings kept per big crop; 0: no queue; rounded down to whole batches'),
  queueStartEpoch: z
    .number()
    .int()
    .min(0)
    .default(15)
    .describe('epoch from which the queue is filled; used once full'),
  freezePrototypesSteps: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('steps at the start during which prototypes stay fixed'),

  clusters: z
    .string()
    .default('512')
    .describe('clusters per clustering, level or head, as numbers joined by commas: "512,256,128"'),
  clusterIterations: positive().default(20).describe('iterations of k-means between epochs'),
  clusterRestarts: positive().default(1).describe('starts of k-means, of which the best counts'),
  clusterWarmupEpochs: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('epochs before clusters take part in the loss (pcl, hcsc)'),
  negativePrototypes: positive()
    .default(16_000)
    .describe('prototypes drawn as negatives per step (pcl); all others where there are fewer'),
  concentrationSmoothing: z
    .number()
    .min(0)
    .default(10)
    .describe('alpha of the concentration estimate phi (pcl, hcsc)'),
  selection: z
    .enum(['both', 'instances', 'prototypes', 'none'])
    .default('both')
    .describe('which negatives are selected by likelihood (hcsc)'),
  variant: z
    .enum(['principled', 'asReleased'])
    .default('principled')
    .describe("asReleased repeats known slips of the authors' code (deepcluster, pcl, hcsc)"),
  pcaLength: positive().default(256).describe('components kept when features are whitened (deepcluster)'),
  frontEnd: z
    .enum(frontEnds as unknown as [FrontEnd, ...FrontEnd[]])
    .default('none')
    .describe('fixed filters before the encoder: sobel takes edges in place of colours'),
  classifierLearningRate: rate()
    .default(0.05)
    .describe("constant learning rate of the classifier's own SGD (deepcluster)"),
  encoderMomentum: share().default(0.99).describe('momentum of the momentum encoder at the start'),
  finalEncoderMomentum: share()
    .optional()
    .describe('momentum of the momentum encoder at the end, reached by a cosine; absent: constant'),
  predictorLength: positive().default(256).describe("width of the predictor's hidden layer (byol, simsiam)"),
  bankMomentum: share().default(0.5).describe('momentum of the memory bank (instdisc)'),
  negatives: positive().default(4096).describe('negatives drawn from the memory bank per step (instdisc)'),
  clusterTemperature: rate().default(1).describe('tau of the cluster loss (contrastive-clustering)'),
  heads: z
    .enum(['both', 'instance', 'cluster'])
    .default('both')
    .describe('heads that are trained (contrastive-clustering)'),
  augmentedViews: z
    .enum(['both', 'one', 'none'])
    .default('both')
    .describe('views that are augmented; others are the image itself (contrastive-clustering)'),

  optimizer: z.enum(['adam', 'larc', 'lars', 'sgd']).default('adam').describe('how weights are updated'),
  learningRate: rate().default(0.002).describe('highest learning rate'),
  startLearningRate: z.number().min(0).default(0).describe('learning rate at the first step of the warm-up'),
  finalLearningRate: z.number().min(0).default(0).describe('learning rate that the cosine falls towards'),
  warmupEpochs: z.number().min(0).default(0).describe('length of the linear warm-up; may be a fraction'),
  weightDecay: z.number().min(0).default(1e-6).describe('L2 decay of all weights'),
  momentum: share().default(0.9).describe('momentum of sgd, larc and lars'),
  trust: rate().default(0.001).describe('trust coefficient eta of larc and lars'),
  larcMode: z
    .enum(['scale', 'clip'])
    .default('scale')
    .describe('clip: the trust ratio may only lower the rate'),

  crops: z.string().default('2x32').describe('crop groups as count x size, big ones first: "2x96+6x48"'),
  scales: z
    .string()
    .default('0.14-1')
    .describe('share of the image area per crop group, smallest-largest: "0.14-1+0.05-0.14"'),
  flipProbability: share().default(0.5).describe('probability of mirroring left to right'),
  jitterProbability: share().default(0.8).describe('probability of changing colours'),
  brightness: z.number().min(0).default(0.4).describe('strength of brightness changes'),
  contrast: z.number().min(0).default(0.4).describe('strength of contrast changes'),
  saturation: z.number().min(0).default(0.4).describe('strength of saturation changes'),
  hue: z.number().min(0).max(0.5).default(0.1).describe('strength of hue changes, in turns'),
  greyscaleProbability: share().default(0.2).describe('probability of removing colour'),
  blurProbability: share().default(0).describe('probability of Gaussian blur'),
  blurSigma: z
    .string()
    .default('0.1-2')
    .describe('standard deviation of the blur in pixels, smallest-largest'),
  solariseProbability: share().default(0).describe('probability of inverting bright pixels'),
  mean: z.string().default('0.485,0.456,0.406').describe('per channel, subtracted from images in 0..1'),
  std: z.string().default('0.229,0.224,0.225').describe('per channel, divides after the mean is subtracted'),

  imageSize: positive()
    .default(32)
    .describe('side of the image that the trained encoder is given afterwards'),
  workers: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('threads that make views; changes speed, never results'),
  threads: z.number().int().min(0).max(256).default(0).describe('threads of the runtime; 0: all cores'),
  measures: z
    .enum(['epochs', 'none'])
    .default('epochs')
    .describe('epochs: label-free measures after epochs, in events.jsonl; changes time, never results'),
  checkpointSeconds: z.number().min(0).default(60).describe('longest time between two checkpoints'),
  keepCheckpoints: positive().default(3).describe('how many of the latest checkpoints are kept'),
});

/** All settings, resolved. */
export type Settings = z.infer<typeof settingsSchema>;
/** Some settings, as a person or a preset gives them. */
export type SettingsInput = z.input<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** Names of all settings, in the order of the schema. */
export const settingNames = Object.keys(settingsSchema.shape) as SettingName[];

/** Checks settings and fills in defaults; a misspelt name or a value out of bounds is an error that names it. */
export function resolveSettings(value: unknown): Settings {
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `"${key}" is not a setting${suggestion(key)}`).join('; ');
    }
    const name = String(issue.path[0]);
    const received = (value as Record<string, unknown>)[name];
    return `${name}: received ${JSON.stringify(received)}; ${issue.message}`;
  });
  throw new LikenessError('settings.invalid', `settings: ${lines.join('\n  ')}`);
}

/** The nearest name of a setting, for a misspelt one. */
function suggestion(name: string): string {
  const nearest = settingNames
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]!;
  return nearest.distance <= Math.max(2, name.length / 3)
    ? `; did you mean "${nearest.candidate}"?`
    : '; run "likeness train --help" for the list';
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Reads `key=value` texts, as `--set` takes them, into settings of the right types. */
export function parseAssignments(assignments: readonly string[]): Partial<Record<string, unknown>> {
  return Object.fromEntries(
    assignments.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) {
        throw new LikenessError(
          'settings.invalid',
          `--set: received "${text}"; expected key=value, such as batchSize=128`,
        );
      }
      const [key, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      return [key, typedValue(key, value)];
    }),
  );
}

function typedValue(key: string, value: string): unknown {
  // Names such as "constructor" are inherited by every object and are no settings.
  if (!Object.hasOwn(settingsSchema.shape, key)) return value;
  const field = (settingsSchema.shape as Record<string, z.ZodType>)[key]!;
  const wantsText = field.safeParse(value).success;
  return wantsText || value === '' || Number.isNaN(Number(value)) ? value : Number(value);
}
