/** Files of a run folder. Their names are part of the contract with scripts. */
import { join } from 'node:path';

export const runFileNames = {
  /** All settings, fully resolved. */
  config: 'config.json',
  /** Event log, one JSON object per line. */
  events: 'events.jsonl',
  /** Folder of `step-<number>.safetensors`. */
  checkpoints: 'checkpoints',
  /** Folder of encoders at earlier steps, `step-<number>.safetensors`. */
  snapshots: 'snapshots',
  /** Clusters of the sample that training measured last, for comparison with the next epoch. */
  watched: 'watched.safetensors',
  /** Folder of maps and nearest images at measured epochs, `step-<number>.safetensors`. */
  moments: 'moments',
  /** Features `[N, D]` of every image. */
  embeddings: 'embeddings.safetensors',
  /** path, cluster, confidence, margin, prototype. */
  clusters: 'clusters.csv',
  /** Changes of a person to the clusters. */
  edits: 'edits.json',
  /** Changes to the clusters before the last clustering. */
  editsBefore: 'edits.before.json',
  /** Folder of clusterings with a name, each a folder of the files of a clustering. */
  clusterings: 'clusterings',
  /** Centroids `[K, D]`, for assigning further images. */
  clustering: 'clusters.safetensors',
  /** Tree of prototypes with the place of each image, of methods that learn one. */
  hierarchy: 'hierarchy.safetensors',
  /** Scores of the last `likeness evaluate`. */
  evaluation: 'evaluation.json',
  /** Scores of this run in `likeness compare`. */
  comparison: 'comparison.json',
  /** Reason for which the run doctor stopped a run of a comparison. */
  failure: 'failure.json',
  /** Images that the run learns from, with a hash of the pixels of each. */
  images: 'images.csv',
  /** Images that could not be used, with reasons. */
  skipped: 'skipped.csv',
  /** Two-dimensional layouts of features, before, during and after training. */
  maps: 'maps.safetensors',
  /** Two-dimensional layout of all clustered images, for the page. */
  layout: 'layout.safetensors',
  /** Pairs of images that show the same picture, for the page. */
  duplicates: 'duplicates.safetensors',
  /** Distances of the images to their neighbors, for the page. */
  outliers: 'outliers.safetensors',
  /** Small pictures of the images that the report shows. */
  thumbnails: 'thumbnails.safetensors',
  reportJson: 'report.json',
  reportHtml: 'report.html',
  /** Learned tensors of an encoder without training. */
  weights: 'encoder.safetensors',
  /** First filters of a network whose stem is learned from patches. */
  stem: 'stem.safetensors',
  /** Pretrained model that the run trains further, as it was before. */
  origin: 'model.onnx',
  /** Exported encoder: image in, feature out. */
  encoder: 'encoder.onnx',
  /** Kernel of each operator on this machine; a resumed run uses the same. */
  plan: 'plan.json',
  /** Present while a process writes to the run. */
  lock: 'run.lock',
  /** Present while a process writes the clusters in a folder. */
  clustersLock: 'clusters.lock',
  /** Present while a process measures the scores of the run. */
  evaluationLock: 'evaluation.lock',
} as const;

export type RunFile = keyof typeof runFileNames;

/** Path of a run folder with the full path of every file that it may have. */
export interface RunFolder {
  readonly path: string;
  /** Last part of the path, for titles. */
  readonly name: string;
  readonly files: Readonly<Record<RunFile, string>>;
}

/** Builds the paths of a run without touching the disk. */
export function runFolderAt(path: string): RunFolder {
  const files = Object.fromEntries(
    Object.entries(runFileNames).map(([key, name]) => [key, join(path, name)]),
  ) as Record<RunFile, string>;
  const trimmed = path.replace(/[/\\]+$/, '');
  return { path, name: trimmed.split(/[/\\]/).at(-1) || path, files };
}

/** Files that a clustering has of its own. */
const ofClustering = [
  ...['embeddings', 'clusters', 'clustering', 'edits', 'editsBefore', 'skipped'],
  ...['maps', 'layout', 'thumbnails', 'duplicates', 'outliers'],
  ...['reportJson', 'reportHtml', 'hierarchy', 'clustersLock'],
] as readonly RunFile[];

/** The run folder with the files of a clustering that has a name, in a folder of their own. */
export function clusteringFolderAt(run: RunFolder, name: string): RunFolder {
  const own = ofClustering.map((file) => [
    file,
    join(run.files.clusterings, name, runFileNames[file]),
  ]);
  return {
    ...run,
    files: { ...run.files, ...(Object.fromEntries(own) as Partial<RunFolder['files']>) },
  };
}
