/** Options of commands with a source: images that are left out, classes, labels, pages, range. */
import { classListNames, type Images, openImages, type ValueRange } from '../likeness.ts';
import type { OptionSpec } from './command.ts';
import { shellWord } from './invocation.ts';
import { oneOf, valueRange } from './parse.ts';
import type { Terminal } from './terminal.ts';

export const pagesOption: OptionSpec = {
  flags: '--pages <which>',
  description:
    'pictures of TIFF, GIF and WebP files of several: first, or all, each an image such as ' +
    'scan.tif#2',
  default: 'first',
  parse: oneOf('--pages', ['first', 'all'] as const),
};

export const rangeOption: OptionSpec = {
  flags: '--range <min,max>',
  description:
    'values that become black and white in images of more than 8 bits, such as 0,4095 or ' +
    '-1024,3071',
  default: 'from a sample of the images',
  parse: valueRange('--range'),
};

export const sourceOptions: readonly OptionSpec[] = [
  {
    flags: '--exclude <glob>',
    description:
      'leave out folders and files by a pattern of paths in the source, such as "raw/**" or ' +
      '"*_small.*"; may be given several times',
    repeat: 'many',
  },
  {
    flags: '--classes <names>',
    description:
      'use the images of these classes alone: names of folders or labels joined by commas, or ' +
      `the classes of a paper (${classListNames.join(', ')})`,
    default: 'all',
    parse: (text: string) => text.split(',').map((name) => name.trim()),
  },
  {
    flags: '--labels <from>',
    description:
      'take labels from folders, from none, or from a CSV file with the columns path and label. ' +
      'Labels are used for measuring only',
    default: 'folders that look like classes',
  },
  pagesOption,
  rangeOption,
];

/** The same for a command with a run, whose choices are taken for its own images. */
export const runSourceOptions: readonly OptionSpec[] = sourceOptions.map((option) => ({
  ...option,
  default:
    option === rangeOption
      ? `as for the run, or ${option.default}`
      : `${option.default ?? 'none'}, or as for the run on its own images`,
}));

export interface SourceFlags {
  exclude?: readonly string[];
  classes?: readonly string[];
  labels?: string;
  pages?: 'first' | 'all';
  range?: ValueRange;
}

/** Source flags, and the run whose choices are taken where flags are not given. */
export interface GivenFlags extends SourceFlags {
  run?: string | undefined;
}

/** Opens the source at the first call, and returns the same images at every later one. */
export type OpenGiven = () => Promise<Images>;

/** Calls `work` with the source of a command and closes it afterwards. */
export async function withGiven<T>(
  source: string,
  { exclude, classes, labels, pages, range, run }: GivenFlags,
  terminal: Terminal,
  work: (open: OpenGiven) => Promise<T>,
): Promise<T> {
  let opened: Promise<Images> | undefined;
  const open = () => {
    opened ??= openImages(source, {
      exclude,
      classes,
      labels,
      pages,
      range,
      run,
      ...terminal.watch,
    });
    return opened;
  };
  try {
    return await work(open);
  } finally {
    await opened?.then(
      (images) => images.close(),
      () => {},
    );
  }
}

/** Source and its flags, as a command line has them. */
export function sourceWords(
  source: string,
  { exclude = [], classes, labels, pages, range }: SourceFlags,
): string {
  const flags = exclude.map((pattern) => ` --exclude ${shellWord(pattern)}`);
  const chosen = classes === undefined ? '' : ` --classes ${shellWord(classes.join(','))}`;
  const from = labels === undefined ? '' : ` --labels ${shellWord(labels)}`;
  const all = pages === undefined ? '' : ` --pages ${pages}`;
  const values = range === undefined ? '' : ` --range ${range.join(',')}`;
  return `${shellWord(source)}${flags.join('')}${chosen}${from}${all}${values}`;
}
