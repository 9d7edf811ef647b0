/** `likeness import`: a checkpoint of PyTorch as a run. */
import { displayPath, plural } from '../core/text.ts';
import { importModel } from '../likeness.ts';
import type { Command } from './command.ts';
import { programWords, shellWord } from './invocation.ts';
import { numbers, oneOf, wholeNumber } from './parse.ts';

export const importCommand: Command = {
  name: 'import',
  summary: 'Makes a run of a checkpoint of PyTorch.',
  details: [
    'Reads the official files of SwAV, DeepCluster, DeepCluster-v2, PCL, HCSC, MoCo and ' +
      'Contrastive Clustering, and ResNets of torchvision and timm: PyTorch files of both kinds ' +
      '(.pth, .pt, .tar) and .safetensors. The run is one for cluster, evaluate, embed, assign ' +
      'and export.',
    'Nothing that a file names is run, so a file of strangers does no harm. Tensors that are ' +
      'not used, such as heads and prototypes, are listed. Where weights are missing nothing is ' +
      'written.',
  ].join('\n'),
  arguments: [{ name: 'file', description: 'checkpoint to read' }],
  options: [
    {
      flags: '-o, --out <dir>',
      description: 'folder of the run',
      default: 'runs/<date>-model-<file>',
    },
    {
      flags: '--size <px>',
      description: 'side of the images',
      default: '224, or 32 where the first convolution is 3 x 3',
      parse: wholeNumber('--size'),
    },
    {
      flags: '--resize <px>',
      description: 'shorter side before cropping',
      default: 'the size divided by 0.875, from 128 px on',
      parse: wholeNumber('--resize'),
    },
    {
      flags: '--stem <name>',
      description: 'stride of a first convolution of 3 x 3: cifar is 1, small is 2',
      default: 'cifar',
      parse: oneOf('--stem', ['cifar', 'small'] as const),
    },
    {
      flags: '--mean <r,g,b>',
      description: 'mean of the colors, from 0 to 1',
      default: 'as such checkpoints are trained',
      parse: numbers('--mean', 3),
    },
    {
      flags: '--std <r,g,b>',
      description: 'deviation of the colors',
      default: 'as such checkpoints are trained',
      parse: numbers('--std', 3),
    },
  ],
  examples: [
    {
      command: 'likeness import swav_800ep_pretrain.pth.tar --out runs/swav',
      meaning: 'a ResNet-50 that SwAV trained on ImageNet',
    },
    {
      command: 'likeness import checkpoint_1000.tar --size 224 --out runs/cc',
      meaning: 'a checkpoint of Contrastive Clustering',
    },
  ],
  async run([file], options, terminal) {
    const { model, ...facts } = await importModel(file!, {
      ...(options as ImportFlags),
      command: terminal.command,
      ...terminal.watch,
    });
    terminal.endProgress();
    const { network, used, dimension, imageSize } = facts;
    const run = displayPath(model.run);
    terminal.say(
      `wrote ${run}: ${network}, ${plural(used, 'tensor')}, ${dimension} features of images of ` +
        `${imageSize} px`,
    );
    terminal.say('Next:');
    terminal.say(`  ${programWords()} cluster <images> --run ${shellWord(run)}`);
    return { run: model.run, ...facts };
  },
};

interface ImportFlags {
  out?: string;
  size?: number;
  resize?: number;
  stem?: 'cifar' | 'small';
  mean?: [number, number, number];
  std?: [number, number, number];
}
