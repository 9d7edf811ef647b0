/** `likeness train`: from a folder of images to a trained encoder. */
import { methodNames, presets, settingsSchema } from '../methods/index.ts';
import type { Command } from './command.ts';
import { oneOf, positiveNumber, shares, wholeNumber } from './parse.ts';
import { type TrainRequest, trainRun } from './trainRun.ts';

export const trainCommand: Command = {
  name: 'train',
  summary: 'Learns from a folder of images, without labels, and writes a run folder.',
  details: [
    'A preset is chosen from the size and number of the images unless one is named; the choice is printed and stored.',
    'When the source has a train/test split, only the training images are learned from.',
    'Ctrl-C saves and ends; the same command with --resume goes on from there.',
    `Settings for --set: ${Object.keys(settingsSchema.shape).join(', ')}.`,
  ].join('\n'),
  arguments: [
    { name: 'source', description: 'folder of images, tar file, or a packed data set (CIFAR, STL-10, IDX)' },
  ],
  options: [
    { flags: '-o, --out <dir>', description: 'folder of the run', default: 'runs/<date>-<method>-<source>' },
    {
      flags: '--method <name>',
      description: `what to train: ${methodNames.join(', ')}`,
      default: 'swav',
      parse: oneOf('--method', methodNames),
    },
    {
      flags: '--preset <name>',
      description: `recipe: ${Object.keys(presets).join(', ')}`,
      default: 'by image size',
    },
    {
      flags: '--epochs <n>',
      description: 'passes over the images',
      default: "the preset's",
      parse: wholeNumber('--epochs'),
    },
    {
      flags: '--minutes <m>',
      description: 'train for about so long instead',
      parse: positiveNumber('--minutes'),
    },
    {
      flags: '--seed <n>',
      description: 'seed of every random draw',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    {
      flags: '--split <part>',
      description: 'images to learn from: train, test or all',
      default: 'train where the source has a split',
      parse: oneOf('--split', ['train', 'test', 'all'] as const),
    },
    { flags: '--set <key=value>', description: 'any setting; may be given several times', repeat: 'many' },
    { flags: '--resume', description: 'go on from the newest good checkpoint of --out' },
    {
      flags: '--auto-remedy',
      description: 'when the run collapses, restart from the last healthy checkpoint with a remedy',
    },
    {
      flags: '--snapshots <shares>',
      description:
        'keep the encoder after these shares of the training, such as 0.1,0.5; the report of "likeness cluster" draws the features of then',
      parse: shares('--snapshots'),
    },
    {
      flags: '--save-graph',
      description: 'write the compiled step to step.onnx in the run folder, for a graph viewer',
    },
  ],
  examples: [
    { command: 'likeness train photos', meaning: 'choose everything, train, and say where the run is' },
    { command: 'likeness train photos --minutes 30 --out runs/photos', meaning: 'train for half an hour' },
    {
      command: 'likeness train photos --out runs/photos --resume',
      meaning: 'go on with a run that was interrupted',
    },
    {
      command: 'likeness train cifar10 --preset small-32 --set batchSize=128 --set epsilon=0.03',
      meaning: 'change settings of a preset',
    },
  ],
  async run([source], options, terminal) {
    return trainRun({ ...options, source } as TrainRequest, terminal);
  },
};
