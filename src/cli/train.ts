/** `likeness train`: from a folder of images to a trained encoder. */
import { MAX_MINUTES } from '../core/options.ts';
import { displayPath, plural, showCount, showDuration } from '../core/text.ts';
import {
  defaultHead,
  defaultMethod,
  flatSettings,
  headNames,
  methodNames,
  parseSettings,
  presets,
  settingNames,
  type TrainedModel,
  train,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { modelPath, offlineOption } from './encoderOption.ts';
import { programWords, shellWord } from './invocation.ts';
import { fractions, oneOf, positiveNumber, wholeNumber } from './parse.ts';
import { runSourceOptions, type SourceFlags, sourceWords, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';
import { assignments } from './text.ts';

export const trainCommand: Command = {
  name: 'train',
  ranks: 'all',
  summary: 'Trains an encoder on a folder of images, without labels, and writes a run folder.',
  details: [
    'The preset is chosen by the size and number of the images unless --preset names one.',
    'Of a source with a train/test split, only the training images are used.',
    'With --encoder a pretrained model stays as it is, and a head that learns K clusters is ' +
      'trained on its features (docs/pretrained.md).',
    'Under mpirun, mpiexec or srun all ranks train together (docs/several-machines.md).',
    'Ctrl-C saves and ends. The same command with --resume continues. A finished run ' +
      'of --epochs is trained longer with more of them, and one of --minutes with more minutes.',
    'The last line of a finished run judges it, such as healthy, unlearned or too short (docs/verdicts.md).',
    `Settings for --set: ${settingNames().join(', ')}.`,
  ].join('\n'),
  arguments: [
    {
      name: 'source',
      description: 'folder of images, tar file, or a packed data set (CIFAR, STL-10, IDX)',
    },
  ],
  options: [
    {
      flags: '-o, --out <dir>',
      description: 'folder of the run',
      default: 'runs/<date>-<method>-<source>',
    },
    {
      flags: '--encoder <path>',
      alias: '--backbone <path>',
      description:
        'train a head on the features of this pretrained model (an ONNX file, a folder as hubs ' +
        'lay them out, or hub:OWNER/NAME)',
      parse: modelPath,
    },
    offlineOption,
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters of the head',
      default: 'suggested from the features',
      parse: wholeNumber('-k', { least: 2 }),
    },
    {
      flags: '--method <name>',
      description:
        `method to train: ${methodNames.join(', ')}; ` +
        `with --encoder also ${headNames.join(', ')}`,
      default: `${defaultMethod}, and ${defaultHead} with --encoder`,
      parse: oneOf('--method', [...methodNames, ...headNames]),
    },
    {
      flags: '--fine-tune',
      description:
        'train the model of --encoder itself further, and not a head alone; --set layerDecay and ' +
        'frozenLayers spare its first layers, and operators without a gradient among them',
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
      description: 'approximate duration in minutes, in place of --epochs',
      parse: positiveNumber('--minutes', { most: MAX_MINUTES }),
    },
    {
      flags: '--seed <n>',
      description: 'seed of every random draw',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    {
      flags: '--split <part>',
      description: 'images to train on: train, test or all',
      default: 'train where the source has a split',
      parse: oneOf('--split', ['train', 'test', 'all'] as const),
    },
    {
      flags: '--set <key=value>',
      description: 'change a setting; may be given several times',
      repeat: 'many',
    },
    { flags: '--resume', description: 'resume the run in --out from its newest intact checkpoint' },
    {
      flags: '--auto-remedy',
      description: 'restart a failed run from its last good checkpoint with a remedy',
    },
    {
      flags: '--snapshots <fractions>',
      description:
        'save the encoder at these fractions of training, e.g. 0.1,0.5, so that the report ' +
        'can plot features over time',
      parse: fractions('--snapshots'),
    },
    ...runSourceOptions,
    {
      flags: '--save-graph',
      description: 'write the compiled step to step.onnx in the run folder, for a graph viewer',
    },
  ],
  examples: [
    {
      command: 'likeness train photos',
      meaning: 'choose everything, train, and print the run folder',
    },
    {
      command: 'likeness train photos --minutes 30 --out runs/photos',
      meaning: 'train for half an hour',
    },
    {
      command: 'likeness train photos --out runs/photos --resume',
      meaning: 'continue a run that was interrupted',
    },
    {
      command: 'likeness train photos --encoder dinov2-small -k 20 --out runs/photos',
      meaning: 'train a head with 20 clusters on the features of a pretrained model',
    },
    {
      command:
        'likeness train photos --encoder model.onnx --fine-tune --method simclr --out runs/tuned',
      meaning: 'train a pretrained model itself further on these images',
    },
    {
      command: 'likeness train cifar10 --preset small-32 --set batchSize=128 --set epsilon=0.03',
      meaning: 'change settings of a preset',
    },
  ],
  async run(
    [source],
    { set, exclude, classes, labels, pages, range, clusters: k, ...options },
    terminal,
  ) {
    const flags = { exclude, classes, labels, pages, range } as SourceFlags;
    const { resume, out, encoder, fineTune, method } = options as TrainFlags;
    const isHead = encoder !== undefined && !resume && !fineTune;
    const settings = await parseSettings(assignments('--set', set as string[]), {
      ...options,
      ...(isHead && { method: method ?? defaultHead }),
      ...terminal.watch,
    });
    const given = { ...flags, ...(resume && { run: out }) };
    return withGiven(source!, given, terminal, async (open) => {
      const model = await train(await open(), {
        ...options,
        ...(k !== undefined && { k: k as number }),
        settings,
        command: terminal.command,
        ...terminal.watch,
      });
      return reportTrained(model, sourceWords(source!, flags), terminal);
    });
  },
};

/** Options that are read before training. */
interface TrainFlags {
  resume?: boolean;
  out?: string;
  encoder?: string;
  fineTune?: boolean;
  method?: string;
}

/**
 * Prints the end of a training and returns what `train --json` prints.
 *
 * @param resume command that continues it
 */
export function reportTrained(
  model: TrainedModel,
  source: string,
  terminal: Terminal,
  { resume }: { resume?: string } = {},
) {
  const { run, step, config } = model;
  const { outcome, totalSteps, seconds, loss, verdict, epochs, recipe, skipped } = model.training!;
  const where = displayPath(run);
  const word = shellWord(where);
  if (outcome === 'interrupted') {
    terminal.warn(`stopped at step ${showCount(step)}, with everything saved. Resume with:`);
    terminal.warn(`  ${resume ?? `${programWords()} train ${source} --out ${word} --resume`}`);
  } else {
    terminal.say(`trained ${plural(step, 'step')} in ${showDuration(seconds)}`);
    terminal.say(`run folder: ${where}`);
    if (!resume) terminal.say(`next: ${programWords()} cluster ${source} --run ${word}`);
    const advice = verdict.remedy && `. Remedy: ${verdict.remedy}`;
    terminal.say(`${verdict.message || verdict.health}${advice}`);
  }
  return {
    run,
    outcome,
    preset: config.preset,
    images: config.images,
    skipped,
    steps: step,
    totalSteps,
    loss,
    health: verdict.health,
    verdict: verdict.message,
    remedy: verdict.remedy,
    epochs,
    recipe,
    seconds,
    settings: flatSettings(config.settings),
  };
}
