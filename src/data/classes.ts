/** Images of some classes of a source, by the names of folders or labels. */
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { classListNames, expandClasses } from './classLists.ts';
import { selectEntries } from './selectEntries.ts';
import type { ImageEntry, Source, SourceNote } from './types.ts';

/** Classes that are read, and those of them that were found so far. */
export interface ClassFilter {
  /** Names as they were given. */
  readonly given: readonly string[];
  /** Tells if a folder of the path, with `/`, has the name of a class. */
  matchesPath(path: string): boolean;
  /** Tells if a class has this name. */
  matchesName(name: string): boolean;
  /** Names of classes that matched nothing so far. */
  unused(): string[];
}

/**
 * Prepares the names of classes, in which the name of a list such as `imagenet-10` stands for its
 * classes.
 *
 * @throws LikenessError `option.invalid` for an empty name
 */
export function classFilterOf(given: readonly string[]): ClassFilter {
  const names = new Set(expandClasses(given));
  if (names.size === 0 || names.has('')) {
    throw new LikenessError(
      'option.invalid',
      `classes: received ${JSON.stringify(given)}; expected names of folders or labels, or a list ` +
        `(${classListNames.join(', ')})`,
    );
  }
  const used = new Set<string>();
  const matchesName = (name: string) => names.has(name) && used.add(name) !== undefined;
  return {
    given,
    matchesName,
    matchesPath: (path) => path.split('/').slice(0, -1).some(matchesName),
    unused: () => [...names].filter((name) => !used.has(name)),
  };
}

/** Sentence on the images that were chosen. */
export function classesNote(images: number, { given }: ClassFilter): SourceNote {
  const names = given.length > 3 ? `${given.slice(0, 3).join(', ')}, …` : given.join(', ');
  return { code: 'images.classes', message: `${plural(images, 'image')} of the classes ${names}` };
}

/**
 * Images of some classes of a source, whose labels are numbered again.
 *
 * An image belongs to a class by its label or by a folder of its path.
 */
export function withClasses(source: Source, classes: ClassFilter): Source {
  const { labelNames } = source;
  const nameOf = ({ label }: ImageEntry) => (label === undefined ? undefined : labelNames?.[label]);
  const kept = Uint32Array.from(source.entries.keys()).filter((index) => {
    const entry = source.entries[index]!;
    const name = nameOf(entry);
    return (name !== undefined && classes.matchesName(name)) || classes.matchesPath(entry.id);
  });
  const found = Array.from(kept, (index) => source.entries[index]!);
  const numbers = [...new Set(found.flatMap(({ label }) => label ?? []))].sort((a, b) => a - b);
  const isLabeled = labelNames !== undefined && numbers.length > 1;
  const entries = found.map(
    ({ label, ...entry }): ImageEntry =>
      isLabeled && label !== undefined ? { ...entry, label: numbers.indexOf(label) } : entry,
  );
  return {
    ...selectEntries(source, { kept, entries, tag: ['classes', ...classes.given] }),
    labelNames: isLabeled ? numbers.map((label) => labelNames[label]!) : undefined,
    notes: [...(source.notes ?? []), classesNote(kept.length, classes)],
  };
}

/**
 * Refuses classes that no image has.
 *
 * @throws LikenessError `option.invalid`
 */
export function requireClasses({ path, labelNames = [] }: Source, classes: ClassFilter): void {
  const [missing] = classes.unused();
  if (missing === undefined) return;
  const known = labelNames.length > 0 ? `, such as ${labelNames.slice(0, 3).join(', ')}` : '';
  throw new LikenessError(
    'option.invalid',
    `classes: received "${missing}", which no image of ${path} has; expected names of its folders ` +
      `or labels${known}. Names of lists are ${classListNames.join(' and ')}.`,
  );
}
