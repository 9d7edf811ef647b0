/** `likeness compare`: several methods under one protocol. */

import { MAX_MINUTES } from '../core/options.ts';
import { displayPath } from '../core/text.ts';
import {
  type CompareOptions,
  classicalNames,
  compare,
  compareTable,
  defaultHead,
  headNames,
  methodNames,
  parseSettingValues,
  parseSharedSettings,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { modelPath, offlineOption } from './encoderOption.ts';
import { namesOf, positiveNumber, wholeNumber } from './parse.ts';
import { required } from './required.ts';
import { runSourceOptions, type SourceFlags, withGiven } from './sourceOptions.ts';
import { assignments, valueLists } from './text.ts';

export const compareCommand: Command = {
  name: 'compare',
  summary:
    'Trains several methods under the same conditions, measures them alike, and sets them side by side.',
  details: [
    'Encoder, views, batch and budget are the same for every method; everything else is ' +
      'the recipe of each. Figures are of the last step, mean and standard deviation over ' +
      'seeds: weighted kNN and a linear classifier on the test images, NMI, ACC and ARI of ' +
      'clusters of the test images and of train and test images together, beside an ' +
      'untrained encoder, raw pixels and a color histogram. Published figures of the data ' +
      'set, where there are any, are marked as of another budget.',
    'With --encoder one table also has a pretrained model with k-means and with smoothed ' +
      'k-means, heads on its features, and the model trained further. Heads are trained by ' +
      'their own recipes, which count steps; --minutes and --epochs are for networks. NMI, ' +
      'ACC and ARI of a head are of its own clusters, kNN and the linear classifier of the ' +
      "model's features. Settings of --set, --grid and --vary hold for these rows too, but for " +
      'those of a network and its input, which the model decides.',
    'Without labels the table holds the one measure that was found to follow true clusters ' +
      'where there are labels (how often two views of an image fall to the same cluster), ' +
      'and an order of the methods by it: a guess. With labels it stands beside the other ' +
      'figures. Further measures, which do not follow them, are in compare.json.',
    'Each run is an ordinary run folder in the folder runs of --out. The same command goes ' +
      'on after an interruption: what is finished and measured is not done again. Methods, ' +
      'seeds and values may be added later. A method that fails is reported with the reason, ' +
      'and the others go on. The ways of reading the source (--exclude, --classes, --labels, ' +
      '--pages, --range) are stored, and used again where they are not given.',
    'Writes compare.json and compare.html into --out, after every run.',
  ].join('\n'),
  arguments: [{ name: 'source', description: 'folder of images, tar file, or packed data set' }],
  options: [
    {
      flags: '--methods <names>',
      description:
        `methods joined by commas: ${methodNames.join(', ')}; with --encoder also ` +
        `${headNames.join(', ')}, and those that learn clusters train a head on its features`,
      default: `required; with --encoder ${defaultHead}`,
      parse: namesOf('--methods', [...methodNames, ...headNames]),
    },
    {
      flags: '--encoder <path>',
      alias: '--backbone <path>',
      description:
        'put the ways from this pretrained model beside the others: k-means on its features, ' +
        'heads (--methods), and the model trained further (--fine-tune). An ONNX file, a folder ' +
        'as hubs lay them out, or hub:OWNER/NAME',
      parse: modelPath,
    },
    offlineOption,
    {
      flags: '--fine-tune <names>',
      description: 'methods that train the model of --encoder itself further, joined by commas',
      parse: namesOf('--fine-tune', methodNames),
    },
    {
      flags: '--scratch <names>',
      description:
        'methods that train a network from scratch, joined by commas: with --encoder, for names ' +
        'that --methods takes as heads',
      parse: namesOf('--scratch', methodNames),
    },
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters, of heads and of k-means',
      default: 'number of classes; without labels suggested for each head',
      parse: wholeNumber('-k', { least: 2 }),
    },
    {
      flags: '--minutes <m>',
      description: 'train each network for about so long (this or --epochs; heads need neither)',
      parse: positiveNumber('--minutes', { most: MAX_MINUTES }),
    },
    {
      flags: '--epochs <n>',
      description: 'train each network for so many passes over the images',
      parse: wholeNumber('--epochs'),
    },
    {
      flags: '--seeds <n>',
      description: 'runs per method, with seeds 0, 1, 2, …',
      default: '3',
      parse: wholeNumber('--seeds'),
    },
    {
      flags: '-o, --out <dir>',
      description: 'folder of the comparison',
      default: 'runs/<date>-compare-<source>',
    },
    {
      flags: '--preset <name>',
      description: 'encoder, views and batch of all methods',
      default: 'by image size',
    },
    {
      flags: '--set <key=value>',
      description: 'a setting of all runs; may be given several times',
      repeat: 'many',
    },
    {
      flags: '--grid <key=a,b,c>',
      description:
        'one row per value of a setting and method; several: every combination. Values ' +
        'that hold commas are separated by semicolons',
      repeat: 'many',
    },
    {
      flags: '--vary <key=a,b,c>',
      description:
        'as --grid, but one value at a time: one row as all settings are, and one per ' +
        'other value of each; as ablations are done',
      repeat: 'many',
    },
    {
      flags: '--classical <names>',
      description: `classical clusterings of raw pixels, joined by commas: ${classicalNames.join(', ')}`,
      parse: namesOf('--classical', classicalNames),
    },
    ...runSourceOptions,
  ],
  examples: [
    {
      command: 'likeness compare photos --methods swav,moco,byol --minutes 10 --out runs/compare',
      meaning: 'three methods, three seeds each, ten minutes per run',
    },
    {
      command:
        'likeness compare photos --encoder dinov2-small --methods consensus,scan,simclr ' +
        '--fine-tune simclr --minutes 10 --out runs/card',
      meaning:
        'which way wins on these images: k-means on a model, two heads on it, the model trained ' +
        'further, or SimCLR from scratch',
    },
    {
      command:
        'likeness compare cifar10 --methods contrastive-clustering --epochs 20 --seeds 1 ' +
        '--set architecture=resnet34 --vary augmentedViews=one,none --vary ' +
        'heads=instance,cluster --vary architecture=resnet18,resnet50',
      meaning:
        'what parts of a method are worth, the three ablations of its paper: seven rows, ' +
        'the first with all parts',
    },
    {
      command:
        'likeness compare cifar10 --methods swav --minutes 5 --classical kmeans,spectral --json',
      meaning: 'one object for a script, with source, baselines and methods',
    },
  ],
  async run([source], options, terminal) {
    const {
      methods: names,
      set,
      grid,
      vary,
      exclude,
      classes,
      labels,
      pages,
      range,
      clusters: k,
      ...rest
    } = options as CompareFlags;
    const { encoder, fineTune = [], scratch = [] } = rest;
    const isNamed = encoder !== undefined || scratch.length > 0;
    if (!isNamed) required('--methods', names?.join(), `names of ${methodNames.join(', ')}`);
    const others = [...scratch, ...fineTune];
    const methods = [...(names ?? (others.length === 0 ? [defaultHead] : [])), ...others];
    const settings = parseSharedSettings(assignments('--set', set), { methods, ...terminal.watch });
    const request: CompareOptions = {
      ...rest,
      ...(names && { methods: names }),
      ...(k !== undefined && { k }),
      ...{ settings, command: terminal.command },
      grid: valuesOf('--grid', grid, methods),
      vary: valuesOf('--vary', vary, methods),
    };
    const { comparison, files } = await withGiven(
      source!,
      { exclude, classes, labels, pages, range, run: rest.out },
      terminal,
      async (open) => compare(await open(), { ...request, ...terminal.watch }),
    );
    terminal.endProgress();
    terminal.say();
    for (const line of compareTable(comparison)) terminal.say(line);
    terminal.say();
    terminal.say(`written to ${displayPath(files.json)} and ${displayPath(files.html)}`);
    return comparison;
  },
};

interface CompareFlags
  extends Omit<CompareOptions, 'methods' | 'settings' | 'grid' | 'vary' | 'k'>,
    SourceFlags {
  methods?: string[];
  clusters?: number;
  set?: string[];
  grid?: string[];
  vary?: string[];
}

/** Values of `--grid` or `--vary`, typed as the first method that reads them takes them. */
function valuesOf(flag: string, given: readonly string[] | undefined, methods: readonly string[]) {
  return Object.fromEntries(
    Object.entries(valueLists(flag, given)).map(([name, texts]) => [
      name,
      parseSettingValues(name, texts, { methods }),
    ]),
  );
}
