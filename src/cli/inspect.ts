/** `likeness inspect`: facts about a run, a checkpoint or a source, in a few lines. */
import { plural, showBytes, showCount } from '../core/text.ts';
import {
  flatSettings,
  type InspectedCheckpoint,
  type InspectedFeatures,
  type InspectedRun,
  type InspectedSource,
  inspect,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { type SourceFlags, sourceOptions } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Prints facts about a run, a checkpoint or a source, in a few lines.',
  arguments: [
    {
      name: 'path',
      description: 'a run folder, a checkpoint (.safetensors), or a source of images',
    },
  ],
  options: sourceOptions,
  examples: [
    { command: 'likeness inspect runs/photos', meaning: 'settings, progress and files of a run' },
    { command: 'likeness inspect photos', meaning: 'number, sizes and labels of the images' },
  ],
  async run([path], options: SourceFlags, terminal) {
    const found = await inspect(path!, { ...options, ...terminal.watch });
    switch (found.kind) {
      case 'run':
        return printRun(found, terminal);
      case 'features':
        return printFeatures(found, terminal);
      case 'checkpoint':
        return printCheckpoint(found, terminal);
      case 'source':
        return printSource(found, terminal);
    }
  },
};

/** Prints lines of a name and a value, aligned. */
function printFacts(terminal: Terminal, facts: readonly (readonly [string, string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) terminal.say(`${name.padEnd(width)}  ${value}`);
}

function printRun(found: InspectedRun, terminal: Terminal): object {
  const { name, budget, checkpoints, ...json } = found;
  const { settings, source, reading, preset, images, base, origin, changed, step, final, files } =
    json;
  const { architecture, width, stem, imageSize, method } = flatSettings(settings);
  printFacts(terminal, [
    ['run', `${name}: ${method} on ${source.name} (${plural(images, 'image')})`],
    ...(reading === null ? [] : [['source', reading] as const]),
    ['preset', preset],
    [
      'changed',
      changed.map((key) => `${key}=${flatSettings(settings)[key]}`).join(' ') || 'nothing',
    ],
    [
      'encoder',
      base
        ? `${base.model}, ${base.dimension} features of images of ${base.input.size} px`
        : origin
          ? `${origin.model}, trained further, ${origin.dimension} features, ${imageSize} px`
          : `${architecture}, width ${width}, stem ${stem}, ${imageSize} px`,
    ],
    [
      'budget',
      'minutes' in budget ? plural(budget.minutes, 'minute') : plural(budget.epochs, 'epoch'),
    ],
    [
      'progress',
      step === null ? 'no checkpoint yet' : `step ${showCount(step)}${final ? ', finished' : ''}`,
    ],
    ['checkpoints', checkpoints.map(showCount).join(', ') || 'none'],
    ['files', files.join(', ')],
  ]);
  return { ...json, settings: flatSettings(settings) };
}

function printFeatures({ name, ...json }: InspectedFeatures, terminal: Terminal): object {
  const { encoder, facts, source, reading, images, imageSize, seed, tensors, notes, files } = json;
  const settings = Object.entries(facts).map(([key, value]) => `${key}=${value}`);
  printFacts(terminal, [
    ['run', `${name}: ${encoder.name} on ${source.name} (${plural(images, 'image')})`],
    ['settings', settings.join(' ')],
    ...(reading === null ? [] : [['source', reading] as const]),
    ['images', `${imageSize} px`],
    ['seed', String(seed)],
    ['progress', tensors === null ? 'not learned yet' : `learned, ${plural(tensors, 'tensor')}`],
    ...notes.map((note) => ['note', note] as const),
    ['files', files.join(', ')],
  ]);
  return json;
}

function printCheckpoint({ values, ...json }: InspectedCheckpoint, terminal: Terminal): object {
  const { step, epoch, seed, final, health, tensors, bytes } = json;
  const count = Object.keys(tensors).length;
  printFacts(terminal, [
    [
      'checkpoint',
      `step ${showCount(step)}, epoch ${epoch}, seed ${seed}${final ? ', the last of its run' : ''}`,
    ],
    ['contents', `${plural(count, 'tensor')}, ${plural(values, 'value')}, ${showBytes(bytes)}`],
    ['checksum', 'matches'],
    ['health', health ?? 'not judged'],
  ]);
  return json;
}

function printSource({ name, ...json }: InspectedSource, terminal: Terminal): object {
  const { source, images, train, test, labels, sizes, equal, skipped, notes } = json;
  const [first] = skipped;
  printFacts(terminal, [
    ['source', `${name}: ${source}, ${plural(images, 'image')}`],
    [
      'sizes',
      sizes
        ? `shorter side ${sizes.smallestShortSide} to ${sizes.largestShortSide} px, median ${sizes.medianShortSide} (of ${plural(sizes.samples, 'image')})`
        : 'no image could be read',
    ],
    ['split', train + test > 0 ? `${showCount(train)} train, ${showCount(test)} test` : 'none'],
    [
      'labels',
      labels?.map((label) => `${label.name} ${showCount(label.images)}`).join(', ') ?? 'none',
    ],
    [
      'skipped',
      first ? `${plural(skipped.length, 'file')}, such as ${first.id}: ${first.reason}` : 'nothing',
    ],
    ...(equal.count > 0
      ? [
          [
            'equal',
            `${equal.isExact ? '' : 'at least '}${plural(equal.count, 'copy', 'copies')} of others`,
          ] as const,
        ]
      : []),
    ...notes.map((note) => ['note', terminal.rewrite(note)] as const),
  ]);
  return { ...json, skipped: skipped.length };
}
