/** The configuration of a run: source, settings, and budget, by the kind of the run. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { MAX_MINUTES } from '../core/options.ts';
import {
  type EncoderSpec,
  encoderSpec,
  type ModelSettings,
  modelSettings,
} from '../encoders/index.ts';
import {
  MAX_EPOCHS,
  type PictureFacts,
  resolveSettings,
  type Settings,
  settingsOfVersion1,
} from '../methods/index.ts';
import { readConfig, writeConfig } from './config.ts';
import type { RunFolder } from './files.ts';
import type { ImageListHash } from './imageList.ts';
import { firstIssue, type JsonObject } from './json.ts';
import { commandText, steps } from './limits.ts';
import { settingsHash, version1Hash } from './settingsHash.ts';
import { type StoredSource, storedSource } from './sourceChoices.ts';

/** Part of config.json that every kind of run has. */
interface SharedConfig {
  source: StoredSource;
  /** Split of the source that was learned from. */
  split: 'train' | 'test' | 'all';
  /** Number of images that were learned from. */
  images: number;
  /** Hashes of their names and contents; absent in runs of before version 4. */
  listing?: ImageListHash;
  /** Reasons for the choices, and changes that were fitted to the number of images. */
  notes: string[];
  /** Threads of the runtime; results repeat with the same number. */
  threads: number;
  /** Command line that started the run; absent where a program did. */
  command?: string;
}

/** Content of config.json of a run that trains a network. */
export interface TrainedConfig extends SharedConfig {
  kind: 'trained';
  settings: Settings;
  /** Pretrained model whose features a head is trained on; absent where a network is trained. */
  base?: ModelSettings;
  /** Pretrained model that is trained further; absent where a network starts anew. */
  origin?: ModelSettings;
  preset: string;
  /** Facts about a sample of the images that the views follow. */
  pictures?: PictureFacts;
  /** Names of settings that a remedy changed after the start. */
  remedied?: string[];
  /** Hash in the checkpoints of a run whose settings version 1 stored. */
  version1?: string;
  /**
   * Hash of the settings as config.json has them, where later versions have added defaults. Read,
   * and never written.
   */
  storedHash?: string;
  /** Set where a finished run was trained longer. */
  longer?: {
    /** Steps of the schedule before the last extension. */
    from: number;
    /** Hashes of the settings in the checkpoints of before. */
    hashes: string[];
  };
  /** Ranks that the run was last trained on; absent for one. */
  ranks?: number;
  /** Planned duration. */
  budget: { epochs: number } | { minutes: number };
}

/** Content of config.json of a run whose encoder needs no training. */
export interface FeaturesConfig extends SharedConfig {
  kind: 'features';
  encoder: EncoderSpec;
  /** Side of the evaluation view, in pixels. */
  imageSize: number;
  seed: number;
  /** Worker threads that make the evaluation views. */
  workers: number;
}

/** Content of config.json. */
export type RunConfig = TrainedConfig | FeaturesConfig;

/** Most threads of the runtime, and most workers, that a stored run may ask for. */
const MAX_THREADS = 1024;
const MAX_WORKERS = 64;
const MAX_RANKS = 2 ** 20;
/** Largest side of an evaluation view, in pixels. */
const MAX_IMAGE_SIZE = 2048;
/** Most images of a run. */
const MAX_IMAGES = 2 ** 32;

const shared = {
  source: storedSource,
  split: z.enum(['train', 'test', 'all']),
  images: z.int().nonnegative().max(MAX_IMAGES),
  listing: z.object({ names: z.string(), contents: z.string(), decoder: z.string() }).optional(),
  notes: z.array(z.string()),
  threads: z.int().min(1).max(MAX_THREADS),
  command: commandText.optional(),
};

const trainedSchema = z.looseObject({
  ...shared,
  // Versions 1 and 2 knew this kind alone.
  kind: z.literal('trained').default('trained'),
  // The methods check their settings themselves.
  settings: z.record(z.string(), z.unknown()),
  base: modelSettings.optional(),
  origin: modelSettings.optional(),
  preset: z.string(),
  pictures: z
    .strictObject({
      images: z.int().nonnegative(),
      colored: z.int().nonnegative(),
      mirrorRatio: z.number().positive().nullable(),
    })
    .optional(),
  remedied: z.array(z.string()).optional(),
  version1: z.string().optional(),
  ranks: z.int().min(1).max(MAX_RANKS).optional(),
  longer: z.object({ from: steps(), hashes: z.array(z.string()) }).optional(),
  budget: z.union(
    [
      z.object({ epochs: z.int().min(1).max(MAX_EPOCHS) }),
      z.object({ minutes: z.number().positive().max(MAX_MINUTES) }),
    ],
    { error: 'expected { "epochs": n } or { "minutes": m }, above 0' },
  ),
});

const featuresSchema = z.strictObject({
  ...shared,
  kind: z.literal('features'),
  encoder: encoderSpec,
  imageSize: z.int().min(1).max(MAX_IMAGE_SIZE),
  seed: z.int().nonnegative(),
  workers: z.int().min(1).max(MAX_WORKERS),
});

/** Writes config.json. @throws LikenessError `write.*` */
export function writeRunConfig(folder: RunFolder, config: RunConfig): Promise<void> {
  const { storedHash: _, ...written } = config as TrainedConfig;
  return writeConfig(folder, written as unknown as JsonObject);
}

/**
 * Reads config.json with its settings checked. Flat settings of version 1 become typed ones.
 *
 * @throws LikenessError `config.*`, `settings.*`
 */
export async function readRunConfig(folder: RunFolder): Promise<RunConfig> {
  const stored = await readConfig(folder);
  if (stored.kind === 'features') return parsed(featuresSchema, stored, folder);
  const { settings, ...config } = parsed(trainedSchema, stored, folder);
  if (typeof settings.method !== 'string') {
    const resolved = inConfig(folder, () => resolveSettings(settings as Settings));
    const storedHash = settingsHash(settings as Settings);
    return {
      ...config,
      settings: resolved,
      ...(storedHash !== settingsHash(resolved) && { storedHash }),
    };
  }
  const flat = settings as JsonObject;
  const resolved = inConfig(folder, () => settingsOfVersion1(flat));
  return { ...config, settings: resolved, version1: version1Hash(flat) };
}

/** Tells if a stored state, by the hash in it, belongs to the settings of a configuration. */
export function belongsTo(
  { settings, version1, storedHash, longer }: TrainedConfig,
  hash: string,
): boolean {
  return [settingsHash(settings), version1, storedHash, ...(longer?.hashes ?? [])].includes(hash);
}

/** Tells if a checkpoint is the end of a run, which was not made longer since. */
export function isEndOf(
  { longer }: TrainedConfig,
  { step, final }: { readonly step: number; readonly final?: boolean },
): boolean {
  return final === true && step !== longer?.from;
}

/** Names config.json in errors of settings that were read from it. */
export function inConfig<T>({ files }: Pick<RunFolder, 'files'>, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LikenessError)) throw error;
    const reason = error.message.replace(/\n\s*/g, ', ');
    throw new LikenessError(
      'config.malformed',
      `${files.config}: ${reason}. Restore the file, or start a new run.`,
    );
  }
}

/**
 * Reads config.json of a run that trains a network.
 *
 * @param purpose names what needs such a run, for the error, such as `resume`
 * @throws LikenessError `run.untrained` for a run of another kind; else as {@link readRunConfig}
 */
export async function readTrainedConfig(
  folder: RunFolder,
  purpose: string,
): Promise<TrainedConfig> {
  const config = await readRunConfig(folder);
  if (config.kind === 'trained') return config;
  throw new LikenessError(
    'run.untrained',
    `${purpose}: received the run ${folder.path}, whose encoder "${config.encoder.name}" is not ` +
      'trained; expected the run of a trained network. Its features are complete. Cluster, ' +
      'evaluate, embed, assign or export with it.',
  );
}

function parsed<S extends z.ZodType>(
  schema: S,
  value: JsonObject,
  { files }: RunFolder,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LikenessError(
    'config.malformed',
    `${files.config}: ${firstIssue(result.error)}. Restore the file, or start a new run.`,
  );
}

/** The pretrained model behind a run: as it is, below a head, or trained further. */
export function storedModel(config: RunConfig): ModelSettings | undefined {
  if (config.kind === 'trained') return config.base ?? config.origin;
  return config.encoder.name === 'model' ? config.encoder.settings : undefined;
}
