/** What lies in a run folder, and what each file is called. The names are part of the contract with scripts. */
import { join } from 'node:path';

export const runFileNames = {
  /** All settings, fully resolved. */
  config: 'config.json',
  /** One JSON object per line: what happened, step by step. */
  events: 'events.jsonl',
  /** Folder of `step-<number>.safetensors`. */
  checkpoints: 'checkpoints',
  /** Folder of encoders at earlier moments, `step-<number>.safetensors`: what curves over training are measured on. */
  snapshots: 'snapshots',
  /** Clusters of the images that were measured last in training: what the next epoch's are compared with. */
  watched: 'watched.safetensors',
  /** Features `[N, D]` of every image. */
  embeddings: 'embeddings.safetensors',
  /** path, cluster, confidence, margin, prototype. */
  clusters: 'clusters.csv',
  /** Centroids `[K, D]`, for assigning further images. */
  clustering: 'clusters.safetensors',
  /** What `likeness evaluate` measured last. */
  evaluation: 'evaluation.json',
  /** What `likeness compare` measured of this run. */
  comparison: 'comparison.json',
  /** Why the run doctor stopped a run of a comparison. */
  failure: 'failure.json',
  /** Images that could not be used, with reasons. */
  skipped: 'skipped.csv',
  reportJson: 'report.json',
  reportHtml: 'report.html',
  /** The trained encoder: image in, feature out. */
  encoder: 'encoder.onnx',
  /** Which formulation each operator uses on this machine; a resumed run uses the same. */
  plan: 'plan.json',
  /** Present while a process writes to the run. */
  lock: 'run.lock',
} as const;

export type RunFile = keyof typeof runFileNames;

/** A run folder: its own path, and the full path of every file that it may hold. */
export interface RunFolder {
  readonly path: string;
  /** Last part of the path, for titles. */
  readonly name: string;
  readonly files: Readonly<Record<RunFile, string>>;
}

/** The paths of a run without touching the disk. */
export function runFolderAt(path: string): RunFolder {
  const files = Object.fromEntries(
    Object.entries(runFileNames).map(([key, name]) => [key, join(path, name)]),
  ) as Record<RunFile, string>;
  const trimmed = path.replace(/[/\\]+$/, '');
  return { path, name: trimmed.split(/[/\\]/).at(-1) || path, files };
}
