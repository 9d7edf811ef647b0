/** `likeness export`: the trained encoder as one file for other programs. */
import { extname } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { displayPath, plural, showCount } from '../core/text.ts';
import { clusterFormatOf, type Model, openModel } from '../likeness.ts';
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
    "The weights are a safetensors file, those of a network with torchvision's names (load them " +
      'with strict=False: there is no classifier).',
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
      flags: '--clustering <name>',
      description: 'clustering that is written, by its name',
      default: "that of the run's own images",
    },
  ],
  examples: [
    { command: 'likeness export --run runs/photos', meaning: 'write runs/photos/encoder.onnx' },
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
    const { run, to, clustering } = options as { run?: string; to?: string; clustering?: string };
    const model = await openModel(required('--run', run, 'the folder of a run'), terminal.watch);
    if (to !== undefined && clusterFormatOf(to)) {
      const written = await model.exportClusters(
        to,
        clustering === undefined ? {} : { clustering },
      );
      const { file, images, k } = written;
      const what = `${plural(images, 'image')} in ${plural(k, 'cluster')}`;
      terminal.say(`wrote ${displayPath(file)}: ${what}`);
      return written;
    }
    if (clustering !== undefined) {
      throw new LikenessError(
        'flag.conflict',
        '--clustering: expected with --to and a file of clusters: .csv, .parquet or .json',
      );
    }
    return exportTo(model, to, terminal);
  },
};

/** Exports in the format of the file's extension and returns what `export --json` prints. */
async function exportTo(model: Model, to: string | undefined, terminal: Terminal): Promise<object> {
  const { step } = model;
  const format = to === undefined ? 'onnx' : formatOf(to);
  if (format === 'safetensors') {
    const { file, tensors, numbers } = await model.exportWeights(to!);
    terminal.say(
      `wrote ${displayPath(file)}: ${plural(tensors, 'tensor')}, ${showCount(numbers)} values` +
        namesOf(model),
    );
    return { file, format, step, tensors, numbers };
  }
  const { file, ...facts } = await model.exportOnnx(to, terminal.watch);
  const { input, output, imageSize: s, dimension, check } = facts;
  const shapes = `${input} [batch, 3, ${s}, ${s}] (float32, 0 to 1) to ${output} [batch, ${dimension}] of length 1`;
  const images = check.on === 'images' ? 'images of the source' : 'images of noise';
  const difference = check.largestDifference.toExponential(1);
  terminal.say(
    `wrote ${displayPath(file)}: ${shapes}, differs from the training engine by at most ` +
      `${difference} on ${check.count} ${images}`,
  );
  return { file, format, step, ...facts };
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
  return model.config.base ? ' of the head' : ", under torchvision's names";
}
