/** `likeness evaluate`: the quality of a run's features, beside baselines. */
import { displayPath } from '../core/text.ts';
import {
  checkClustering,
  type EvaluateOptions,
  type Images,
  kmeansTitle,
  type Model,
  type RunEvaluation,
  reportVerdicts,
  scoresOf,
} from '../likeness.ts';
import { algorithmOption } from './algorithmOption.ts';
import type { Command } from './command.ts';
import { type EncoderFlags, encoderOptions, modelOfRun } from './encoderOption.ts';
import { evaluationTable } from './evaluationTable.ts';
import { labelFreeTable } from './labelFreeTable.ts';
import { wholeNumber } from './parse.ts';
import { runSourceOptions, type SourceFlags, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: "Evaluates a run's features against labels where there are any, beside baselines.",
  details: [
    'With labels (a folder per class, or a labeled format): NMI (arithmetic and geometric ' +
      'mean), AMI, ACC (Hungarian), ARI, Fowlkes-Mallows index and purity of k-means ' +
      'clusters (of the clusters that the method has learned itself where it has, with those ' +
      'of k-means beside them), weighted kNN (k = 10, 20, 100 and 200, T = 0.1), and a linear ' +
      'classifier with all labels and with 1 % and 10 % of them. The same is measured of an ' +
      'untrained encoder, raw pixels, a color histogram and patch features of the same images, ' +
      'with a verdict where one of them wins.',
    'Without labels: prototype usage, agreement of two views, spread and effective rank of ' +
      'the features.',
    'In both cases it says whether the clusters follow color: how often images near in color ' +
      'share a cluster, and the agreement (AMI) with as many k-means clusters of the color ' +
      'histogram and of raw pixels.',
    "A source's own train/test split is respected. Without one, a fifth of each class is " +
      'held out. Labels are used for measuring only.',
    'Writes evaluation.json into the run folder.',
  ].join('\n'),
  arguments: [{ name: 'source', description: 'folder of images, tar file, or packed data set' }],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is evaluated' },
    ...encoderOptions,
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters for NMI, ACC and ARI',
      default: 'learned by the method, or the number of labeled classes',
      parse: wholeNumber('-k'),
    },
    algorithmOption,
    {
      flags: '--seed <n>',
      description: 'seed of clustering, linear classifier and draws',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    {
      flags: '--fine-tune',
      description:
        'also train the whole network further with 1 % and 10 % of the labels, and measure it; of ' +
        'runs that trained a network',
    },
    ...runSourceOptions,
  ],
  examples: [
    {
      command: 'likeness evaluate photos --run runs/photos',
      meaning: 'photos with one folder per class: all measures, beside the baselines',
    },
    {
      command: 'likeness evaluate cifar10 --run runs/cifar --json',
      meaning:
        'one object for a script, with nmi, acc, ari, ami, fmi, knn.accuracy, ' +
        'linear.accuracy, fewLabels, purityTable, confusion, colorAgreement and baselines',
    },
  ],
  async run([source], options, terminal) {
    const {
      run,
      encoder,
      offline,
      clusters: k,
      algorithm,
      seed,
      fineTune,
    } = options as EncoderFlags &
      SourceFlags &
      Pick<EvaluateOptions, 'algorithm' | 'seed' | 'fineTune'> & { clusters?: number };
    return withGiven(source!, options, terminal, async (open) => {
      if (run === undefined && encoder !== undefined) await checkClustering(await open(), { k });
      const model = await modelOfRun(open, { run, encoder, offline }, terminal);
      return (await evaluateWith(model, await open(), { k, algorithm, seed, fineTune }, terminal))!;
    });
  },
};

interface EvaluateWithOptions
  extends Pick<EvaluateOptions, 'k' | 'algorithm' | 'seed' | 'labelFree' | 'fineTune'> {
  /**
   * Prints the sentence on color, or leaves it to a clustering that follows. The evaluation
   * clusters other images, which may follow color more or less. Default `print`.
   */
  colorSentence?: 'print' | 'leave';
}

/** Evaluates, prints the tables, and returns what `evaluate --json` prints. */
async function evaluateWith(
  model: Model,
  images: Images,
  options: EvaluateWithOptions,
  terminal: Terminal,
): Promise<object> {
  const { figures, print } = (await measureWith(model, images, options, terminal))!;
  print();
  return figures;
}

/** Scores of an evaluation, before they are printed. */
export interface Measured {
  /** Object that `evaluate --json` prints. */
  readonly figures: object;
  /** Prints tables, verdicts, and how the scores were measured. */
  print(): void;
}

/** Evaluates; undefined without labels where `labelFree` is false, after a line that says so. */
export async function measureWith(
  model: Model,
  images: Images,
  { labelFree = true, colorSentence = 'print', ...options }: EvaluateWithOptions,
  terminal: Terminal,
): Promise<Measured | undefined> {
  const evaluation = await model.evaluate(images, { ...options, labelFree, ...terminal.watch });
  terminal.endProgress();
  if (evaluation === null) {
    terminal.say('no image has a label, so there is nothing to measure against');
    return undefined;
  }
  const { report, file, ...figures } = evaluation;
  return {
    figures: { ...figures, files: { evaluation: file } },
    print() {
      printEvaluation(evaluation, { colorSentence }, terminal);
      terminal.say();
      terminal.say(`written to ${displayPath(file)}`);
    },
  };
}

/** Prints scores, verdicts and measures without labels, and then how they were measured. */
function printEvaluation(
  evaluation: RunEvaluation,
  { colorSentence }: Required<Pick<EvaluateWithOptions, 'colorSentence'>>,
  terminal: Terminal,
): void {
  const { report, protocol, colorAgreement } = evaluation;
  const { encoders, chance } = report;
  // The scores of k-means stand beside those of the run's other clusters.
  const rows = encoders.flatMap(({ id, title, scores }, at) =>
    scores === undefined
      ? []
      : at === 0 && scores.clustering.by !== 'kmeans'
        ? [
            { title, scores: scoresOf(scores) },
            {
              title: kmeansTitle({ id, title }),
              scores: scoresOf({ ...scores, ...scores.kmeans }),
            },
          ]
        : [{ title, scores: scoresOf(scores) }],
  );
  const titleOf = (name: string) =>
    protocolTitles[name] ?? encoders.find(({ id }) => id === name)?.title ?? name;
  const { images: _, ...steps } = protocol;
  const protocolLines = Object.entries(steps).map(([name, text]) => `${titleOf(name)}: ${text}`);
  const [subject, untrained] = encoders;
  const nameOf = ({ title }: { title: string }) => title.replace(' encoder', '');
  const title = nameOf(subject!);
  const labelFree = labelFreeTable(
    { title, own: subject!.labelFree! },
    { title: nameOf(untrained!), untrained: untrained!.labelFree! },
  );
  const verdicts = reportVerdicts(encoders).map(({ text }) => text);
  const color = colorAgreement && colorSentence === 'print' ? [colorAgreement.text] : [];
  const fineTuned = fineTunedLines(evaluation);
  const sections =
    rows.length > 0
      ? [
          [...evaluationTable(rows, { chance }), ...fineTuned, '', ...verdicts, ...color],
          labelFree,
          ['How this was measured:', ...protocolLines],
        ]
      : [
          [...labelFree, ...color],
          ['How this was measured:', ...protocolLines],
        ];
  for (const lines of sections) {
    terminal.say();
    for (const line of lines) terminal.say(line);
  }
}

/** Accuracy of the network after learning few labels, beside a classifier on frozen features. */
function fineTunedLines({ fineTuned = {}, fewLabels }: RunEvaluation): string[] {
  const lines = Object.values(fineTuned).map(({ share, accuracy }) => {
    const frozen = fewLabels?.[String(share)]?.accuracy;
    const beside = typeof frozen === 'number' ? `, frozen ${frozen.toFixed(3)}` : '';
    return `whole network trained with ${100 * share} % of the labels: ${accuracy.toFixed(3)}${beside}`;
  });
  return lines.length > 0 ? ['', ...lines] : [];
}

const protocolTitles: Record<string, string> = {
  clustering: 'clusters',
  kmeans: 'k-means',
  knn: 'kNN',
  linear: 'linear',
  fewLabels: 'few labels',
  fineTuned: 'trained with few labels',
  split: 'split',
  rawPixels: 'raw pixels',
  colourHistogram: 'color histogram',
  patches: 'patch features',
};
