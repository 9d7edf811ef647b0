/** A run as other commands see it: its settings, its source, and its newest good state. */
import { LikenessError } from '../core/errors.ts';
import { resolveSettings, type Settings } from '../methods/index.ts';
import { type Checkpoint, type DamagedCheckpoint, loadLatestCheckpoint, stateOf } from './checkpoint.ts';
import { readConfig } from './config.ts';
import type { RunFolder } from './files.ts';
import { openRunFolder } from './folder.ts';

/** What config.json holds besides the settings. */
export interface RunConfig {
  settings: Settings;
  source: { path: string; name: string; kind: string };
  /** Which images were trained on. */
  split: 'train' | 'test' | 'all';
  images: number;
  preset: string;
  /** Why that preset, and what was fitted to the number of images. */
  notes: string[];
  /** Names of settings that a remedy has changed since the run was started. */
  remedied?: string[];
  /** Threads of the runtime: part of what makes results repeatable. */
  threads: number;
  /** How long it was meant to train. */
  budget: { epochs: number } | { minutes: number };
}

export interface TrainedRun {
  folder: RunFolder;
  config: RunConfig;
  checkpoint: Checkpoint;
  /** Values by name. */
  state: Record<string, Float32Array>;
  /** Checkpoints that were passed over because they are torn or changed. */
  damaged: DamagedCheckpoint[];
}

/** Reads config.json with its settings checked. */
export async function readRunConfig(folder: RunFolder): Promise<RunConfig> {
  const stored = (await readConfig(folder)) as unknown as RunConfig;
  return { ...stored, settings: resolveSettings(stored.settings) };
}

/** Opens a run that has at least one good checkpoint. */
export async function openTrainedRun(path: string): Promise<TrainedRun> {
  const folder = await openRunFolder(path);
  const config = await readRunConfig(folder);
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints);
  if (!checkpoint) {
    const why =
      damaged.length > 0 ? `all ${damaged.length} are damaged (${damaged[0]!.reason})` : 'there is none yet';
    throw new LikenessError(
      'run.noCheckpoint',
      `${path} has no usable checkpoint: ${why}. Train first: likeness train <source> --out ${path} --resume`,
    );
  }
  return { folder, config, checkpoint, state: stateOf(checkpoint.tensors), damaged };
}
