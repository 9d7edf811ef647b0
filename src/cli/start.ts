/** `likeness start`: from a source to groups and a report, by the default road. */
import { join, resolve } from 'node:path';
import { MAX_MINUTES } from '../core/options.ts';
import { displayPath, showDuration } from '../core/text.ts';
import {
  checkClustering,
  type Model,
  type RoadName,
  roads,
  samplePath,
  start,
} from '../likeness.ts';
import { clusterWith } from './cluster.ts';
import type { Command } from './command.ts';
import { evaluateWith } from './evaluate.ts';
import { programWords, shellWord } from './invocation.ts';
import { oneOf, positiveNumber, wholeNumber } from './parse.ts';
import { openOptions, showReport } from './showReport.ts';
import { runSourceOptions, type SourceFlags, sourceWords, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';
import { reportTrained } from './train.ts';

/** Number of classes of the sample, so that clusters can be compared with the labels. */
const SAMPLE_CLUSTERS = 10;

export const startCommand: Command = {
  name: 'start',
  summary: 'Goes from images to groups and a report, in the way that suits their number and size.',
  details: [
    'Learns patch features from the images, or trains a network where there are 10,000 images ' +
      'and --minutes allows a whole recipe, and says why. Then evaluates where there are labels, ' +
      'clusters, and writes report.html. Labels are used for measuring only.',
    'Without a source it takes the sample that comes with likeness, 5,000 images of Fashion-MNIST.',
    'The same command with the same --out continues after an interruption. What is learned is ' +
      'not learned again.',
    'The run folder is one for evaluate, cluster, assign, embed and export.',
  ].join('\n'),
  arguments: [
    {
      name: 'source',
      description: 'folder of images, tar file, or packed data set; without one the sample',
      count: 'optional',
    },
  ],
  options: [
    {
      flags: '-o, --out <dir>',
      description: 'folder of the run',
      default: 'runs/<date>-<way>-<source>',
    },
    {
      flags: '--minutes <m>',
      description: 'time for training, in minutes',
      default: 'as long as patch features take',
      parse: positiveNumber('--minutes', { most: MAX_MINUTES }),
    },
    {
      flags: '--encoder <way>',
      alias: '--backbone <way>',
      description: 'patches for patch features, train for training a network',
      default: 'by number, size and time',
      parse: oneOf('--encoder', roads),
    },
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters',
      default: 'suggested from the data, and 10 for the sample',
      parse: wholeNumber('-k'),
    },
    {
      flags: '--seed <n>',
      description: 'seed of every random draw',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    ...runSourceOptions,
    ...openOptions,
  ],
  examples: [
    { command: 'likeness start', meaning: 'the bundled sample' },
    { command: 'likeness start photos --out runs/photos', meaning: 'groups of your own images' },
    {
      command: 'likeness start photos --encoder train --minutes 60',
      meaning: 'train a network for an hour in place of patch features',
    },
  ],
  async run([given], options, terminal) {
    const source = given ?? samplePath;
    const { open: show, clusters, exclude, labels, range, ...rest } = options as StartFlags;
    const flags = { exclude, labels, range };
    const words = given === undefined ? undefined : sourceWords(given, flags);
    const started = performance.now();
    return withGiven(source, { ...flags, run: rest.out }, terminal, async (open) => {
      printHeadline(terminal, 'Learning features, without labels');
      const images = await open();
      await checkClustering(images, { k: clusters });
      const model = await start(images, { ...rest, ...terminal.watch });
      terminal.endProgress();
      const trained = trainedPart(model, words ?? shellWord(source), terminal);
      if (trained?.outcome === 'interrupted')
        return { run: model.run, encoder: model.method, trained };
      const found = await withHint(model, words, terminal, async () => {
        printHeadline(terminal, 'Evaluating against labels, where there are any, beside baselines');
        const shown = { labelFree: false, colorSentence: 'leave' } as const;
        const evaluated = await evaluateWith(model, images, shown, terminal);
        // After the evaluation, so that the report contains its scores.
        printHeadline(terminal, 'Clustering all images');
        const isSample = resolve(source) === resolve(samplePath);
        const k = clusters ?? (isSample ? SAMPLE_CLUSTERS : undefined);
        return { evaluated, clustered: await clusterWith(model, images, { k }, terminal) };
      });
      printHeadline(terminal, `Done in ${showDuration((performance.now() - started) / 1000)}`);
      const report = join(model.run, 'report.html');
      terminal.say(`The report with your clusters:  ${displayPath(report)}`);
      await showReport(report, { open: show }, terminal);
      printNext(model, words, terminal);
      return { run: model.run, encoder: model.method, ...(trained && { trained }), ...found };
    });
  },
};

interface StartFlags extends SourceFlags {
  out?: string;
  minutes?: number;
  encoder?: RoadName;
  seed?: number;
  clusters?: number;
  open?: boolean;
}

/** Reports a training that this call did; undefined where nothing was trained. */
function trainedPart(model: Model, source: string, terminal: Terminal) {
  if (model.kind !== 'trained' || !model.training) return undefined;
  const resume = `${programWords()} start ${source} --out ${shellWord(displayPath(model.run))}`;
  return reportTrained(model, source, terminal, { resume });
}

/** Tells how to continue where the work is interrupted. */
async function withHint<T>(
  { run }: Model,
  source: string | undefined,
  terminal: Terminal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (terminal.signal.aborted) {
      terminal.warn('stopped, with the encoder saved. Continue with:');
      const out = shellWord(displayPath(run));
      terminal.warn(`  ${programWords()} start ${source ? `${source} ` : ''}--out ${out}`);
    }
    throw error;
  }
}

function printNext({ run }: Model, source: string | undefined, terminal: Terminal): void {
  terminal.say();
  if (source === undefined) {
    terminal.say('Next, your own folder of images (no labels needed, everything runs locally):');
    terminal.say(`  ${programWords()} start <folder> --out runs/mine`);
  } else {
    const where = shellWord(displayPath(run));
    terminal.say('Next:');
    terminal.say(`  ${programWords()} cluster ${source} --run ${where} --into sorted --by link`);
    terminal.say(`  ${programWords()} assign <new images> --run ${where}`);
  }
}

function printHeadline(terminal: Terminal, text: string): void {
  terminal.say();
  terminal.say(text);
  terminal.say('─'.repeat(text.length));
}
