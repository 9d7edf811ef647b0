/** `likeness duplicates`: groups of images that show the same picture. */
import { LikenessError } from '../core/errors.ts';
import { displayPath, plural, showBytes, showCount } from '../core/text.ts';
import {
  type DuplicateGroup,
  findDuplicates,
  type KeepRule,
  keepRules,
  moveDuplicates,
  restoreDuplicates,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { oneOf } from './parse.ts';
import { runSourceOptions, type SourceFlags, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

/** Groups that are printed. */
const PRINTED = 50;

export const duplicatesCommand: Command = {
  name: 'duplicates',
  summary: 'Finds exact and near-duplicates in a source, and moves them away where asked.',
  details: [
    'Near-duplicates are copies that are encoded again, resized, cropped by a few percent, ' +
      'mirrored, brighter or darker, or with added text (docs/duplicates.md). Every pair of a ' +
      'group is at least as similar as the threshold, and the least similar pair is printed.',
    'The first image of a group is the one to keep. best takes most pixels, then the sharpest, ' +
      'the oldest, the one in the fewest folders, the largest file.',
    'Nothing is moved without --into. It moves all but the first image of each group out of the ' +
      'source into a trash folder, with subfolders and dates, and --undo moves them back.',
  ].join('\n'),
  arguments: [
    {
      name: 'source',
      description: 'folder of images, tar file, or packed data set; a trash folder with --undo',
    },
  ],
  options: [
    {
      flags: '--run <dir>',
      description: 'take the ways of reading of this run for its own images',
    },
    {
      flags: '--threshold <T>',
      description: 'similarity from which images are duplicates, 0.5 to 1',
      default: '0.9',
      parse: parseThreshold,
    },
    {
      flags: '--keep <rule>',
      description: `image of a group to keep: ${keepRules.join(', ')}`,
      default: 'best',
      parse: oneOf('--keep', keepRules),
    },
    {
      flags: '--prefer <folder>',
      description: 'keep images in this folder, relative to the source, before all others',
    },
    { flags: '--into <dir>', description: 'move the images that are not kept into a trash folder' },
    { flags: '--undo', description: 'move the files of the trash folder <source> back' },
    ...runSourceOptions,
  ],
  examples: [
    { command: 'likeness duplicates photos', meaning: 'list the groups; nothing is changed' },
    {
      command: 'likeness duplicates photos --threshold 0.95 --into trash',
      meaning: 'keep the best of each group, and move the others away',
    },
    { command: 'likeness duplicates trash --undo', meaning: 'move them back' },
  ],
  async run([source], options, terminal) {
    const { threshold, keep, prefer, into, undo, ...given } = options as DuplicatesFlags;
    if (undo) return undoMove(source!, options, terminal);
    return withGiven(source!, given, terminal, async (open) => {
      const images = await open();
      const { at: _, ...found } = await findDuplicates(images, {
        ...{ threshold, keep, prefer, into, run: given.run },
        ...terminal.watch,
      });
      const { groups, removable } = found;
      for (const group of groups.slice(0, PRINTED)) printGroup(group, terminal);
      if (groups.length > PRINTED) {
        terminal.say(`and ${plural(groups.length - PRINTED, 'more group')}; --json lists all`);
      }
      const bytes = groups
        .flatMap((group) => group.images.slice(1))
        .reduce((sum, image) => sum + image.bytes, 0);
      terminal.say(
        `${plural(groups.length, 'group')} among ${plural(found.images, 'image')}, ` +
          `${showCount(removable)} to remove (${showBytes(bytes)})`,
      );
      if (into === undefined || removable === 0) return found;
      const moved = await moveDuplicates(images, groups, into, terminal.watch);
      terminal.say(`moved ${plural(moved.moved, 'file')} to ${displayPath(moved.folder)}`);
      return { ...found, ...moved };
    });
  },
};

interface DuplicatesFlags extends SourceFlags {
  run?: string;
  threshold?: number;
  keep?: KeepRule;
  prefer?: string;
  into?: string;
  undo?: boolean;
}

async function undoMove(
  folder: string,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<object> {
  const other = ['into', 'threshold', 'keep', 'prefer', 'run'].find(
    (name) => options[name] !== undefined,
  );
  if (other !== undefined) {
    throw new LikenessError('flag.conflict', `--undo: expected without --${other}`);
  }
  const moved = await restoreDuplicates(folder, terminal.watch);
  terminal.say(`moved ${plural(moved.moved, 'file')} back to ${displayPath(moved.folder)}`);
  return moved;
}

function printGroup({ kind, images, worst }: DuplicateGroup, terminal: Terminal): void {
  terminal.say(
    kind === 'equal'
      ? `${showCount(images.length)} equal files:`
      : `${plural(images.length, 'image')}, least similar pair ${worst.similarity.toFixed(3)}:`,
  );
  for (const [i, { path, width, height, bytes }] of images.entries()) {
    const size = `${width} x ${height}, ${showBytes(bytes)}`;
    terminal.say(`  ${i === 0 ? 'keep  ' : 'remove'}  ${displayPath(path)}  (${size})`);
  }
}

function parseThreshold(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0.5 && value <= 1) return value;
  throw new LikenessError(
    'flag.invalid',
    `--threshold: received "${text}"; expected a number from 0.5 to 1`,
  );
}
