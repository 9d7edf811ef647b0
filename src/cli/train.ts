/** `likeness train`: from a folder of images to a trained encoder. */
import { LikenessError } from '../core/errors.ts';
import { MAX_MINUTES } from '../core/options.ts';
import { displayPath, plural, showCount, showDuration } from '../core/text.ts';
import {
  flatSettings,
  methodNames,
  parseSettings,
  presets,
  settingNames,
  type TrainedModel,
  train,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { programWords, shellWord } from './invocation.ts';
import { fractions, oneOf, positiveNumber, wholeNumber } from './parse.ts';
import { runSourceOptions, type SourceFlags, sourceWords, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';
import { assignments } from './text.ts';

export const trainCommand: Command = {
  name: 'train',
  summary: 'Trains an encoder on a folder of images, without labels, and writes a run folder.',
  details: [
    'The preset is chosen by the size and number of the images unless --preset names one.',
    'Of a source with a train/test split, only the training images are used.',
    'Ctrl-C saves and ends. The same command with --resume continues. More --epochs or ' +
      '--minutes than a finished run was started with train it longer.',
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
      flags: '--method <name>',
      description: `method to train: ${methodNames.join(', ')}`,
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
    {
      flags: '--encoder <name>',
      alias: '--backbone <name>',
      hidden: true,
      description: 'refused, because encoders without training are not trained',
      parse(name) {
        throw new LikenessError(
          'flag.invalid',
          `--encoder: received "${name}"; expected none, because train trains a network. Use: ` +
            `${programWords()} start <source> --encoder patches`,
        );
      },
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
      command: 'likeness train cifar10 --preset small-32 --set batchSize=128 --set epsilon=0.03',
      meaning: 'change settings of a preset',
    },
  ],
  async run([source], { set, exclude, labels, pages, range, ...options }, terminal) {
    const flags = { exclude, labels, pages, range } as SourceFlags;
    const settings = await parseSettings(assignments('--set', set as string[]), {
      ...options,
      ...terminal.watch,
    });
    const { resume, out } = options as { resume?: boolean; out?: string };
    const given = { ...flags, ...(resume && { run: out }) };
    return withGiven(source!, given, terminal, async (open) => {
      const model = await train(await open(), {
        ...options,
        settings,
        command: terminal.command,
        ...terminal.watch,
      });
      return reportTrained(model, sourceWords(source!, flags), terminal);
    });
  },
};

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
