/**
 * Encoders whose features need no training of a network, by name.
 *
 * Each learns its tensors from images once, opens as an `ImageEncoder`, and is exported as ONNX. A
 * further kind is an entry in `encoderSpec` and one in `kinds`.
 */
import { z } from 'zod';
import type { Engine } from '../backends/index.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Tensors } from '../formats/index.ts';
import type { EvaluationSpec } from '../views/index.ts';
import type { ImageEncoder, PixelSet } from './encoder.ts';
import type { ExportedEncoder, ExportParts } from './exportEncoder.ts';
import {
  exportJoined,
  JOINED_TITLE,
  joinedEncoder,
  joinedFacts,
  joinedSettings,
} from './joined/index.ts';
import { exportModel } from './models/exportModel.ts';
import { viewOf } from './models/imageInput.ts';
import { modelFacts, modelSettings, onnxModel } from './models/onnxModel.ts';
import { exportPatches, learnPatches, patchEncoder, patchSettings } from './patches/index.ts';

/** Name and settings of an encoder without training; absent settings get their defaults. */
export const encoderSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('patches'), settings: patchSettings.prefault({}) }),
  z.strictObject({ name: z.literal('joined'), settings: joinedSettings }),
  z.strictObject({ name: z.literal('model'), settings: modelSettings }),
]);

/** An encoder without training: its name and all of its settings. */
export type EncoderSpec = z.output<typeof encoderSpec>;
export type FeatureEncoderName = EncoderSpec['name'];

export interface LearnOptions {
  engine: Engine;
  /** Images to learn from. */
  images: PixelSet;
  /** Side of the evaluation view, in pixels. */
  size: number;
  seed: number;
  workers?: number;
  reporter?: Reporter;
}

export interface OpenOptions {
  engine: Engine;
  size: number;
  /** Learned tensors by name. */
  tensors: Tensors;
  /** Images per run. */
  batchSize?: number;
}

export interface ExportOptions extends ExportParts {
  size: number;
  tensors: Tensors;
}

/** An encoder without training, with its settings. */
export interface FeatureEncoder {
  readonly name: FeatureEncoderName;
  /** Name for tables, such as `patch features`. */
  readonly title: string;
  /** Settings in words or numbers, by name in camel case. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** Evaluation view, where it is another than a square of the run's image size. */
  readonly input?: EvaluationSpec;
  /** False where the tensors come from a file and not from images. */
  readonly isLearned: boolean;
  /**
   * Learns the tensors of the encoder; absent where they come from a file, or from a training that
   * is more than a pass over the images. The same images and seed give the same values.
   */
  learn?(options: LearnOptions): Promise<Tensors>;
  open(options: OpenOptions): Promise<ImageEncoder>;
  /** Builds an ONNX model from images [batch, 3, s, s] to features [batch, D] of length 1. */
  exportOnnx(options: ExportOptions): ExportedEncoder;
}

type Settings<Name extends FeatureEncoderName> = Extract<EncoderSpec, { name: Name }>['settings'];

/** Functions of one kind, which receive its settings beside the options. */
interface Kind<S> {
  readonly isLearned: boolean;
  title(settings: S): string;
  facts(settings: S): Readonly<Record<string, string | number>>;
  input?(settings: S): EvaluationSpec;
  learn?(options: LearnOptions & { settings: S }): Promise<Tensors>;
  open(options: OpenOptions & { settings: S }): Promise<ImageEncoder>;
  exportOnnx(options: ExportOptions & { settings: S }): ExportedEncoder;
}

const kinds: { readonly [Name in FeatureEncoderName]: Kind<Settings<Name>> } = {
  patches: {
    isLearned: true,
    title: () => 'patch features',
    facts: (settings) =>
      Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [name, [value].flat().join(', ')]),
      ),
    learn: learnPatches,
    open: patchEncoder,
    exportOnnx: exportPatches,
  },
  joined: {
    isLearned: true,
    title: () => JOINED_TITLE,
    facts: joinedFacts,
    open: joinedEncoder,
    exportOnnx: exportJoined,
  },
  model: {
    isLearned: false,
    title: ({ model }) => model,
    facts: modelFacts,
    input: ({ input }) => viewOf(input),
    open: onnxModel,
    exportOnnx: exportModel,
  },
};

/** Names of the encoders that are learned from images without training a network. */
export const featureEncoderNames = ['patches'] as const satisfies readonly FeatureEncoderName[];
/** Names of all encoders that are learned from images, with a network or without one. */
export const learnedNames = ['patches', 'joined'] as const satisfies readonly FeatureEncoderName[];
export type LearnedEncoderName = (typeof featureEncoderNames)[number];

/** Fills in the default settings of an encoder. */
export function defaultEncoder(name: LearnedEncoderName): EncoderSpec {
  return encoderSpec.parse({ name });
}

/** Binds the functions of an encoder to its settings. */
export function featureEncoder(spec: EncoderSpec): FeatureEncoder {
  return bound(spec.name, spec.settings as never);
}

function bound<Name extends FeatureEncoderName>(
  name: Name,
  settings: Settings<Name>,
): FeatureEncoder {
  const kind = kinds[name] as Kind<Settings<Name>>;
  const { learn, isLearned } = kind;
  return {
    ...{ name, title: kind.title(settings), facts: kind.facts(settings), isLearned },
    ...(kind.input && { input: kind.input(settings) }),
    ...(learn && { learn: (options: LearnOptions) => learn({ ...options, settings }) }),
    open: (options) => kind.open({ ...options, settings }),
    exportOnnx: (options) => kind.exportOnnx({ ...options, settings }),
  };
}

/** An encoder from images, as the run's own or as a baseline. */
export function learnedEncoder(
  name: LearnedEncoderName,
): Required<Pick<FeatureEncoder, 'learn'>> & FeatureEncoder {
  const own = featureEncoder(defaultEncoder(name));
  return { ...own, learn: own.learn! };
}
