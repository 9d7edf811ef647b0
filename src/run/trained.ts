/** A trained run: its configuration and its newest intact state. */
import { LikenessError } from '../core/errors.ts';
import { resolveSettings, type Settings, settingsOfVersion1 } from '../methods/index.ts';
import { type Checkpoint, type DamagedCheckpoint, loadLatestCheckpoint, stateOf } from './checkpoint.ts';
import { readConfig } from './config.ts';
import type { RunFolder } from './files.ts';
import { openRunFolder } from './folder.ts';
import type { JsonObject } from './json.ts';
import { version1Hash } from './settingsHash.ts';

/** Content of config.json. */
export interface RunConfig {
  settings: Settings;
  source: { path: string; name: string; kind: string };
  /** Split of the source that was trained on. */
  split: 'train' | 'test' | 'all';
  images: number;
  preset: string;
  /** Reasons for the preset, and changes that were fitted to the number of images. */
  notes: string[];
  /** Names of settings that a remedy changed after the start. */
  remedied?: string[];
  /** Threads of the runtime; results repeat with the same number. */
  threads: number;
  /** Hash in the checkpoints of a run whose settings version 1 stored. */
  version1?: string;
  /** Planned duration. */
  budget: { epochs: number } | { minutes: number };
}

export interface TrainedRun {
  folder: RunFolder;
  config: RunConfig;
  checkpoint: Checkpoint;
  /** Values by name. */
  state: Record<string, Float32Array>;
  /** Newer checkpoints that were skipped because they are cut off or changed. */
  damaged: DamagedCheckpoint[];
}

/** Reads config.json with its settings checked. Flat settings of version 1 become typed ones. */
export async function readRunConfig(folder: RunFolder): Promise<RunConfig> {
  const stored = await readConfig(folder);
  const settings = stored.settings as JsonObject;
  const config = stored as unknown as RunConfig;
  return typeof settings.method === 'string'
    ? { ...config, settings: settingsOfVersion1(settings), version1: version1Hash(settings) }
    : { ...config, settings: resolveSettings(config.settings) };
}

/** Opens a run that has at least one intact checkpoint. @throws LikenessError `run.noCheckpoint` */
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
