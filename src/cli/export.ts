/** `likeness export`: the trained encoder as one file for other programs. */
import { extname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { displayPath, plural, showBytes, showCount } from '../core/text.ts';
import {
  clusterFormatOf,
  type ExportedOnnx,
  type Model,
  openModel,
  type Precision,
  precisions,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { required } from './required.ts';
import type { Terminal } from './terminal.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: "Writes a run's encoder as an ONNX model or as weights, or its clusters.",
  details: [
    'The ONNX model takes pixel_values, float32 [batch, 3, s, s], RGB from 0 to 1, and ' +
      'returns features [batch, D] of length 1. Normalization is part of the model, the ' +
      'batch size is free, and the metadata describe how to prepare images. The model is ' +
      'compared with the training engine on images of the source, one by one and together, ' +
      'before the file appears.',
    'For a run with clusters the model has a second output, clusters [batch, K]: probabilities in ' +
      'the order of clusters.csv, as assign gives them. The metadata name the clusters.',
    'fp16 and int8 store the weights with fewer bits, and compute in float32 at the same speed. ' +
      'Features of images of the run are compared before and after, and the loss of kNN accuracy, ' +
      'or of nearest neighbors where there are no labels, is printed and stored in the file.',
    "The weights are a safetensors file, those of a network with torchvision's names (load them " +
      'with strict=False: there is no classifier), those of a model that was trained further with ' +
      'the names of its ONNX file, and of a head on a model those of the head.',
    'Clusters are written as .csv, as .parquet, or as .json in the form of COCO: categories are ' +
      'clusters, annotations are of whole images, and score is the confidence.',
  ].join('\n'),
  arguments: [],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is exported (required)' },
    {
      flags: '--to <file>',
      description:
        'file to write: .onnx or .safetensors for the encoder, .csv, .parquet or .json for the ' +
        'clusters',
      default: 'encoder.onnx in the run',
    },
    {
      flags: '--format <name>',
      description: 'hub writes a folder for the Hugging Face hub, which transformers.js opens',
      default: "by the file's extension",
    },
    {
      flags: '--precision <bits>',
      description: `weights of an ONNX model: ${precisions.join(', ')}`,
      default: 'fp32',
    },
    {
      flags: '--clustering <name>',
      description: 'clustering that is written, by its name',
      default: "that of the run's own images",
    },
  ],
  examples: [
    { command: 'likeness export --run runs/photos', meaning: 'write runs/photos/encoder.onnx' },
    {
      command: 'likeness export --run runs/photos --to small.onnx --precision int8',
      meaning: 'a quarter of the size, with the loss stated',
    },
    {
      command: 'likeness export --run runs/photos --to photos-encoder --format hub',
      meaning: 'a folder with a card, for transformers.js',
    },
    {
      command: 'likeness export --run runs/photos --to encoder.safetensors',
      meaning: 'the weights, for PyTorch',
    },
    {
      command: 'likeness export --run runs/photos --to groups.json',
      meaning: "the clusters, in the form of COCO's annotations",
    },
  ],
  async run(_args, options, terminal) {
    const given = options as ExportFlags;
    const { run, to, clustering } = given;
    const model = await openModel(required('--run', run, 'the folder of a run'), terminal.watch);
    if (given.format !== undefined) return exportFolder(model, given, terminal);
    if (to !== undefined && clusterFormatOf(to)) {
      refusePrecision(given);
      const written = await model.exportClusters(
        to,
        clustering === undefined ? {} : { clustering },
      );
      const { file, images, k } = written;
      const what = `${plural(images, 'image')} in ${plural(k, 'cluster')}`;
      terminal.say(`wrote ${displayPath(file)}: ${what}`);
      return written;
    }
    return exportTo(model, given, terminal);
  },
};

interface ExportFlags {
  run?: string;
  to?: string;
  format?: string;
  clustering?: string;
  precision?: string;
}

function refusePrecision({ precision }: ExportFlags): void {
  if (precision === undefined) return;
  throw new LikenessError('flag.conflict', '--precision: expected with one .onnx file');
}

/** Exports a folder of the hub's layout. */
async function exportFolder(model: Model, given: ExportFlags, terminal: Terminal): Promise<object> {
  const { format, to, clustering } = given;
  if (format !== 'hub') {
    throw new LikenessError('export.format', `--format: received "${format}"; expected hub`);
  }
  refusePrecision(given);
  const folder = required('--to', to, 'the folder to write');
  const written = await model.exportHub(folder, {
    ...terminal.watch,
    ...(clustering !== undefined && { clustering }),
  });
  for (const { file, ...facts } of written.models) {
    terminal.say(`wrote ${displayPath(file)}: ${describeModel(facts)}`);
    if (facts.loss) terminal.say(describeLoss(facts));
  }
  terminal.say(`wrote ${displayPath(written.folder)}: ${written.files.join(', ')}`);
  return { format, step: model.step, ...written };
}

/** Exports in the format of the file's extension and returns what `export --json` prints. */
async function exportTo(model: Model, given: ExportFlags, terminal: Terminal): Promise<object> {
  const { to, clustering } = given;
  const { step } = model;
  const format = to === undefined ? 'onnx' : formatOf(to);
  if (format === 'safetensors') {
    refusePrecision(given);
    if (clustering !== undefined) {
      throw new LikenessError(
        'flag.conflict',
        '--clustering: expected with a file of clusters (.csv, .parquet, .json) or a .onnx file',
      );
    }
    const { file, tensors, numbers } = await model.exportWeights(to!);
    terminal.say(
      `wrote ${displayPath(file)}: ${plural(tensors, 'tensor')}, ${showCount(numbers)} values` +
        namesOf(model),
    );
    return { file, format, step, tensors, numbers };
  }
  const { file, ...facts } = await model.exportOnnx(to, {
    ...terminal.watch,
    ...(given.precision !== undefined && { precision: given.precision as Precision }),
    ...(clustering !== undefined && { clustering }),
  });
  terminal.say(`wrote ${displayPath(file)}: ${describeModel(facts)}`);
  if (facts.loss) terminal.say(describeLoss(facts));
  return { file, format, step, ...facts };
}

/** Interface of a model and its difference from the engine. */
function describeModel(facts: Omit<ExportedOnnx, 'file'>): string {
  const { input, output, imageSize: s, dimension, check, clusters, bytes } = facts;
  const second = clusters ? ` and ${clusters.output} [batch, ${clusters.k}]` : '';
  const images = check.on === 'images' ? 'images of the source' : 'images of noise';
  return (
    `${input} [batch, 3, ${s}, ${s}] (float32, 0 to 1) to ${output} [batch, ${dimension}] of ` +
    `length 1${second}, ${showBytes(bytes)}, differs from the training engine by at ` +
    `most ${check.largestDifference.toExponential(1)} on ${check.count} ${images}`
  );
}

/** Loss of a model with fewer bits per weight. */
function describeLoss({ loss, precision }: Pick<ExportedOnnx, 'loss' | 'precision'>): string {
  const { images, knn, neighbors, meanCosine } = loss!;
  const accuracy = knn
    ? `kNN accuracy ${knn.after.toFixed(3)} in place of ${knn.before.toFixed(3)}, `
    : '';
  return (
    `${precision} on ${plural(images, 'image')}: ${accuracy}` +
    `${(100 * neighbors.agreement).toFixed(1)}% of the ${neighbors.k} nearest neighbors stay, ` +
    `mean cosine ${meanCosine.toFixed(5)}`
  );
}

function formatOf(file: string): 'onnx' | 'safetensors' {
  const extension = extname(file).toLowerCase();
  if (extension === '.onnx') return 'onnx';
  if (extension === '.safetensors') return 'safetensors';
  throw new LikenessError(
    'export.format',
    `--to: received "${file}"; expected a name that ends in .onnx, .safetensors, .csv, .parquet ` +
      'or .json',
  );
}

/** Origin of the names of the exported weights, in words. */
function namesOf(model: Model): string {
  if (model.kind !== 'trained') return '';
  const { base, origin } = model.config;
  if (base) return ' of the head';
  return origin
    ? `, under the names of the ONNX file of ${origin.model}`
    : ", under torchvision's names";
}
