/** Commands of the kill campaign, on small images and with one thread. For tests only. */

/** A command whose results are compared after a kill. */
export interface Subject {
  readonly command: string;
  readonly method: string;
  /** Folder of a finished run that the command starts from, copied to `run`. */
  readonly from?: string;
  readonly args: readonly string[];
}

const settings = [
  ...['architecture=resnet10', 'width=4', 'scales=0.3-1', 'imageSize=16', 'batchSize=16'],
  ...['hiddenDim=16', 'embeddingDim=8', 'prototypes=12', 'threads=1', 'workers=1'],
];
const cropsOf = (method: string) =>
  ['instdisc', 'deepcluster'].includes(method) ? '1x16' : '2x16';
/** Settings that a method reads and the others refuse or ignore. */
const own: Readonly<Record<string, readonly string[]>> = {
  swav: ['queueLength=16', 'queueStartEpoch=3'],
  pcl: ['clusters=12', 'clusterWarmupEpochs=2'],
  hcsc: ['clusters=12,6', 'clusterWarmupEpochs=2'],
  deepcluster: ['clusters=12'],
  'deepcluster-v2': ['clusters=12'],
  'contrastive-clustering': ['clusters=6'],
};
const set = (values: readonly string[]) => values.flatMap((value) => ['--set', value]);
const settingsOf = (method: string) =>
  set([...settings, `crops=${cropsOf(method)}`, ...(own[method] ?? [])]);

/** Steps take a few milliseconds, so that checkpoints are written after every few of them. */
const EPOCHS = 8;

/** The command that trains a method into a folder. */
export function trainingOf(method: string, out: string): string[] {
  return [
    ...['train', 'pictures', '--method', method, '--out', out, '--epochs', String(EPOCHS)],
    ...['--snapshots', '0.5', ...settingsOf(method), ...set(['checkpointSeconds=0.2'])],
  ];
}

const training = (method: string): Subject => ({
  command: 'train',
  method,
  args: trainingOf(method, 'run'),
});
const after = (command: string, method: string, ...args: string[]): Subject => ({
  command,
  method,
  from: `trained/${method}`,
  args: [command, ...args],
});
const clustering = (method: string, ...args: string[]) =>
  after('cluster', method, 'pictures', '--run', 'run', ...args);
const embedding = (method: string, format: string) =>
  after('embed', method, 'pictures', '--run', 'run', '--out', `features.${format}`);
const exporting = (method: string, file: string) =>
  after('export', method, '--run', 'run', '--to', file);
const comparing = (methods: string): Subject => ({
  command: 'compare',
  method: methods,
  args: [
    ...['compare', 'pictures', '--methods', methods, '--seeds', '1', '--epochs', '3'],
    ...['--out', 'comparison', ...set([...settings, 'crops=2x16'])],
  ],
});

/** All commands, in the order in which kills take turns. */
export const subjects: readonly Subject[] = [
  training('swav'),
  clustering('swav', '-k', '3'),
  training('pcl'),
  embedding('swav', 'npy'),
  training('contrastive-clustering'),
  exporting('swav', 'encoder.onnx'),
  training('deepcluster-v2'),
  clustering('pcl', '-k', '3', '--into', 'sorted', '--by', 'copy'),
  training('moco'),
  comparing('simclr'),
  training('instdisc'),
  embedding('pcl', 'parquet'),
  training('byol'),
  clustering('contrastive-clustering'),
  training('hcsc'),
  exporting('patches', 'encoder.onnx'),
  { command: 'start', method: 'patches', args: ['start', 'pictures', '--out', 'run', '-k', '3'] },
  embedding('contrastive-clustering', 'safetensors'),
  clustering('patches', '--into', 'sorted', '--by', 'link'),
  training('deepcluster'),
  exporting('pcl', 'weights.safetensors'),
  embedding('patches', 'csv'),
  comparing('swav'),
  training('simsiam'),
];
