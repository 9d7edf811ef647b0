/** `likeness start`: from a source to groups and a report, by the default road. */
import { join, resolve } from 'node:path';
import { MAX_MINUTES } from '../core/options.ts';
import { displayPath, plural, showDuration } from '../core/text.ts';
import {
  checkClustering,
  type FinishedSteps,
  type Model,
  mainScores,
  type StoredEvaluation,
  samplePath,
  start,
} from '../likeness.ts';
import { clusterWith, printGroups } from './cluster.ts';
import type { Command } from './command.ts';
import { offlineOption } from './encoderOption.ts';
import { type Measured, measureWith } from './evaluate.ts';
import { programWords, shellWord } from './invocation.ts';
import { positiveNumber, wholeNumber } from './parse.ts';
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
    'Learns patch features from the images. Where --minutes leaves time, a network is trained ' +
      'beside them and joined with them, or alone where there are 10,000 images and the time ' +
      'allows a whole recipe. The command says what it does and why. Then it evaluates where ' +
      'there are labels, clusters, and writes report.html. Labels are used for measuring only.',
    'Without a source it takes the sample that comes with likeness, 5,000 images of Fashion-MNIST.',
    'The same command with the same --out continues after an interruption. What is learned is ' +
      'not learned again, and an evaluation or clustering that still fits is not repeated. With ' +
      'more --minutes than before the network of a finished run is trained longer.',
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
      description: 'time for everything together, in minutes',
      default: 'as long as patch features take',
      parse: positiveNumber('--minutes', { most: MAX_MINUTES }),
    },
    {
      flags: '--encoder <way>',
      alias: '--backbone <way>',
      description:
        'patches for patch features, joined for a network beside them, train for training a ' +
        'network alone, or the path of a pretrained model (an ONNX file, or a folder as hubs lay ' +
        'them out), or hub:OWNER/NAME, which is downloaded once',
      default: 'patches, joined or train, by number, size and time',
    },
    offlineOption,
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
      command: 'likeness start photos --minutes 5 --out runs/photos',
      meaning: 'train a network in the time that patch features leave, and join both',
    },
    {
      command: 'likeness start photos --encoder hub:Xenova/dinov2-small',
      meaning: 'use a pretrained model, which is downloaded at its first use (88.5 MB)',
    },
    {
      command: 'likeness start photos --encoder train --minutes 60',
      meaning: 'train a network for an hour in place of patch features',
    },
  ],
  async run([given], options, terminal) {
    const source = given ?? samplePath;
    const {
      open: show,
      clusters,
      exclude,
      classes,
      labels,
      pages,
      range,
      ...rest
    } = options as StartFlags;
    const flags = { exclude, classes, labels, pages, range };
    const words = given === undefined ? undefined : sourceWords(given, flags);
    const started = performance.now();
    return withGiven(source, { ...flags, run: rest.out }, terminal, async (open) => {
      printHeadline(terminal, 'Learning features, without labels');
      const images = await open();
      await checkClustering(images, { k: clusters });
      const learning = () =>
        start(images, { ...rest, command: terminal.command, ...terminal.watch });
      const model =
        rest.out === undefined
          ? await learning()
          : await withHint(
              commandOf({ run: rest.out }, words, options as StartFlags),
              terminal,
              learning,
            );
      terminal.endProgress();
      const again = commandOf(model, words, options as StartFlags);
      const trained = trainedPart(model, { source: words ?? shellWord(source), again }, terminal);
      if (trained?.outcome === 'interrupted')
        return { run: model.run, encoder: model.method, trained };
      const found = await withHint(again, terminal, async () => {
        const isSample = resolve(source) === resolve(samplePath);
        const k = clusters ?? (isSample ? SAMPLE_CLUSTERS : undefined);
        const finished = await model.finished(images, { k, ...terminal.watch });
        printHeadline(terminal, 'Evaluating against labels, where there are any, beside baselines');
        const shown = { labelFree: false, colorSentence: 'leave' } as const;
        const measured = finished.evaluation
          ? evaluatedBefore(model, finished.evaluation, terminal)
          : await measureWith(model, images, shown, terminal);
        // After the evaluation, so that the report contains its scores.
        printHeadline(terminal, 'Clustering all images');
        const clustered =
          clusteredBefore(model, finished, terminal) ??
          (await clusterWith(model, images, { k }, terminal));
        return { measured, clustered };
      });
      const report = join(model.run, 'report.html');
      terminal.say();
      terminal.say(`The report with your clusters:  ${displayPath(report)}`);
      await showReport(report, { open: show }, terminal);
      found.measured?.print();
      printHeadline(terminal, `Done in ${showDuration((performance.now() - started) / 1000)}`);
      printNext(model, words, terminal);
      const { measured, clustered } = found;
      const results = { evaluated: measured?.figures ?? null, clustered };
      return { run: model.run, encoder: model.method, ...(trained && { trained }), ...results };
    });
  },
};

interface StartFlags extends SourceFlags {
  out?: string;
  minutes?: number;
  encoder?: string;
  offline?: boolean;
  seed?: number;
  clusters?: number;
  open?: boolean;
}

/** Reports a training that this call did; undefined where nothing was trained. */
function trainedPart(
  model: Model,
  { source, again }: { source: string; again: string },
  terminal: Terminal,
) {
  if (model.kind !== 'trained' || !model.training) return undefined;
  return reportTrained(model, source, terminal, { resume: again });
}

/** Command that continues an interrupted call, with everything that it was given. */
function commandOf(
  { run }: Pick<Model, 'run'>,
  source: string | undefined,
  flags: StartFlags,
): string {
  const { encoder, minutes, clusters, seed, open, offline } = flags;
  const given = [
    ['--out', displayPath(run)],
    ['--encoder', encoder],
    ['--minutes', minutes],
    ['-k', clusters],
    ['--seed', seed],
  ].flatMap(([flag, value]) =>
    value === undefined ? [] : [`${flag} ${shellWord(String(value))}`],
  );
  const shown = open === undefined ? [] : [open ? '--open' : '--no-open'];
  if (offline) shown.push('--offline');
  return [programWords(), 'start', ...(source ? [source] : []), ...given, ...shown].join(' ');
}

/** Tells how to continue where the work is interrupted. */
async function withHint<T>(again: string, terminal: Terminal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (terminal.signal.aborted) {
      terminal.warn('stopped, with everything so far saved. Continue with:');
      terminal.warn(`  ${again}`);
    }
    throw error;
  }
}

/** Says that an earlier call has evaluated, with its scores. */
function evaluatedBefore(
  { run }: Model,
  evaluation: StoredEvaluation,
  terminal: Terminal,
): Measured {
  const file = join(run, 'evaluation.json');
  const scores = mainScores.flatMap(({ title, value }) => {
    const score = value(evaluation);
    return score === null || score === undefined ? [] : [`${title} ${score.toFixed(3)}`];
  });
  terminal.say(`evaluated already: ${scores.join(', ')} (${displayPath(file)})`);
  return { figures: { ...evaluation, files: { evaluation: file } }, print() {} };
}

/** Prints the groups of an earlier call; undefined where they are not finished. */
function clusteredBefore(
  { run }: Model,
  { clustering, report }: FinishedSteps,
  terminal: Terminal,
): object | undefined {
  if (!clustering || !report) return undefined;
  const { k, kReason, kRange, head, images, source } = clustering;
  const { colorAgreement, suggestion, counts } = report;
  terminal.say(`clustered already: ${plural(images, 'image')} in ${plural(k, 'cluster')}`);
  const clusters = report.clusters.map(({ cluster, size, share, cohesion, separation = 0 }) => ({
    ...{ cluster, size, share, cohesion, separation },
  }));
  printGroups({ kReason, colorAgreement, groups: clusters }, terminal);
  const files = {
    report: join(run, 'report.html'),
    clusters: join(run, 'clusters.csv'),
    embeddings: join(run, 'embeddings.safetensors'),
    clustering: join(run, 'clusters.safetensors'),
    skipped: join(run, 'skipped.csv'),
  };
  return {
    ...{ run, name: null, source, images, k, kReason, kRange: kRange ?? null },
    by: head ? 'head' : 'kmeans',
    suggestion: suggestion
      ? {
          ...suggestion,
          curve: suggestion.curve.map(({ score, ...parts }) => ({ ...parts, value: score })),
        }
      : null,
    ...{ colorAgreement, clusters, files, skipped: counts.skipped },
  };
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
