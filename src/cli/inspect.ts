/** `likeness inspect`: facts about a run, a checkpoint or a source, in a few lines. */
import { LikenessError } from '../core/errors.ts';
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
  details:
    'Of a source the headers of at most 5,000 images and 4 GiB are read. Images of equal width and ' +
    'height are decoded to count those of equal pixels, where they are at most 5,000 images and 4 ' +
    'billion pixels. Otherwise equal files are counted.',
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
  const { source, images, train, test, labels, sizes, skipped, unreadable, notes } = json;
  const { checked, equal } = json;
  const such = ([first]: InspectedSource['skipped']) => `such as ${first?.id}: ${first?.reason}`;
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
      skipped.length > 0 ? `${plural(skipped.length, 'file')}, ${such(skipped)}` : 'nothing',
    ],
    ...(unreadable.length > 0
      ? [
          [
            'unusable',
            `${showCount(unreadable.length)} of ${plural(checked, 'image')}, ${such(unreadable)}`,
          ] as const,
        ]
      : []),
    ...(packed.has(source) ? [] : [['checked', checkedText(json)] as const]),
    ['equal', equalText(equal)],
    ...notes.map((note) => ['note', terminal.rewrite(note)] as const),
  ]);
  if (checked > 0 && unreadable.length === checked) throw noneUsable(json);
  return { ...json, skipped: skipped.length };
}

/** Formats of raw pixels, without headers that could be damaged. */
const packed: ReadonlySet<string> = new Set(['idx', 'cifar10', 'cifar100', 'stl10']);

/** Tells how much of the images was looked at, and what that cannot show. */
function checkedText(found: Pick<InspectedSource, 'images' | 'checked' | 'decoded'>): string {
  const { images, checked, decoded } = found;
  if (decoded === images) return `headers and pixels of ${plural(images, 'image')}`;
  const headers = checked < images ? `${showCount(checked)} of ` : '';
  const pixels = decoded > 0 ? `, and the pixels of ${showCount(decoded)} of equal size` : '';
  return (
    `headers of ${headers}${plural(images, 'image')}${pixels}. Other damage shows when ` +
    'start or cluster decode the images'
  );
}

function equalText({ count, isExact, compared }: InspectedSource['equal']): string {
  const copies = count === 0 ? 'no copies' : plural(count, 'copy', 'copies');
  const text = `${isExact || count === 0 ? '' : 'at least '}${copies} of others`;
  if (compared === 'pixels') return `${text}, pixel by pixel`;
  return `${text}, byte for byte. start and cluster compare the pixels`;
}

/** Builds the error for a source in which no image can be used, as other commands end with. */
function noneUsable({
  path,
  checked,
  images,
  unreadable,
}: Pick<InspectedSource, 'path' | 'checked' | 'images' | 'unreadable'>): LikenessError {
  const [{ id, reason }] = unreadable as [InspectedSource['unreadable'][number]];
  return new LikenessError(
    'source.unusable',
    `${path}: none of ${checked < images ? `${showCount(checked)} checked ones among ` : ''}` +
      `${plural(images, 'image')} can be used (${id}: ${reason}). Expected at least one JPEG, ` +
      'PNG, WebP, GIF, TIFF, AVIF or BMP picture; check the files',
  );
}
