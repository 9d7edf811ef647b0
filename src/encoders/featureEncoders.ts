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
import type { ImageEncoder, PixelSet } from './encoder.ts';
import type { ExportedEncoder } from './exportEncoder.ts';
import { exportPatches, learnPatches, patchEncoder, patchSettings } from './patches/index.ts';

/** Name and settings of an encoder without training; absent settings get their defaults. */
export const encoderSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('patches'), settings: patchSettings.prefault({}) }),
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

export interface ExportOptions {
  size: number;
  tensors: Tensors;
  metadata?: Record<string, string>;
}

/** An encoder without training, with its settings. */
export interface FeatureEncoder {
  readonly name: FeatureEncoderName;
  /** Name for tables, such as `patch features`. */
  readonly title: string;
  /** Learns the tensors of the encoder. The same images and seed give the same values. */
  learn(options: LearnOptions): Promise<Tensors>;
  open(options: OpenOptions): Promise<ImageEncoder>;
  /** Builds an ONNX model from images [batch, 3, s, s] to features [batch, D] of length 1. */
  exportOnnx(options: ExportOptions): ExportedEncoder;
}

type Settings<Name extends FeatureEncoderName> = Extract<EncoderSpec, { name: Name }>['settings'];

/** Functions of one kind, which receive its settings beside the options. */
interface Kind<S> {
  title: string;
  learn(options: LearnOptions & { settings: S }): Promise<Tensors>;
  open(options: OpenOptions & { settings: S }): Promise<ImageEncoder>;
  exportOnnx(options: ExportOptions & { settings: S }): ExportedEncoder;
}

const kinds: { readonly [Name in FeatureEncoderName]: Kind<Settings<Name>> } = {
  patches: {
    title: 'patch features',
    learn: learnPatches,
    open: patchEncoder,
    exportOnnx: exportPatches,
  },
};

/** Names of all encoders without training. */
export const featureEncoderNames = Object.keys(kinds) as FeatureEncoderName[];

/** Fills in the default settings of an encoder. */
export function defaultEncoder(name: FeatureEncoderName): EncoderSpec {
  return encoderSpec.parse({ name });
}

/** Binds the functions of an encoder to its settings. */
export function featureEncoder({ name, settings }: EncoderSpec): FeatureEncoder {
  const kind = kinds[name];
  return {
    name,
    title: kind.title,
    learn: (options) => kind.learn({ ...options, settings }),
    open: (options) => kind.open({ ...options, settings }),
    exportOnnx: (options) => kind.exportOnnx({ ...options, settings }),
  };
}
