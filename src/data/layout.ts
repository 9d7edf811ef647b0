import { notClasses } from './labeling.ts';
import type { ImageEntry, Split } from './types.ts';

/** Labels and splits derived from folder names. */
export interface Layout {
  /** Entries in the order of the paths. */
  readonly entries: ImageEntry[];
  /** Alphabetical. Absent unless there are at least two classes. */
  readonly labelNames?: string[];
  /** Sentence about the folders that are labels or not. Absent where there is nothing to choose. */
  readonly labeling?: string;
}

export interface LayoutOptions {
  /** Names for the entries where they differ from the paths, one per path. */
  ids?: readonly string[];
  /** Takes folders for labels in any case, or never. Default: where they look like classes. */
  labels?: 'folders' | 'none';
}

type Part = 'train' | 'test' | 'validation';

const partNames: Readonly<Record<string, Part>> = {
  train: 'train',
  training: 'train',
  unlabeled: 'train',
  unlabelled: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

/** Returns the split that a folder or shard name stands for, if any. Case is ignored. */
export function partOf(name: string): Part | undefined {
  return partNames[name.toLowerCase()];
}

/**
 * The split of each part that is present: validation images are the test split only when there is
 * no test part, and otherwise belong to training. Undefined when that would leave nothing to train
 * on.
 */
function splitsOf(parts: ReadonlySet<Part>): ((part: Part) => Split) | undefined {
  const validation: Split = parts.has('test') ? 'train' : 'test';
  const split = (part: Part): Split => (part === 'validation' ? validation : part);
  return [...parts].some((part) => split(part) === 'train') ? split : undefined;
}

/**
 * Labels and splits from paths (`/` between parts).
 *
 * - A single folder around everything is looked through.
 * - When every first folder is called train, test, val or validation, it is the split.
 * - The next folder is the label, however deep the file lies below it; labels are numbered
 *   alphabetically. Without a split, `notClasses` decides if these folders are classes.
 * - A flat folder, or one with a single class, has no labels.
 *
 * @example layoutOf(['train/cat/1.png', 'train/dog/1.png', 'test/cat/7.png']).entries[2] // { id:
 * 'test/cat/7.png', label: 0, split: 'test' }
 */
export function layoutOf(
  paths: readonly string[],
  { ids = paths, labels: choice }: LayoutOptions = {},
): Layout {
  let start = 0; // paths are read from here: past any folder around everything
  let split: ((part: Part) => Split) | undefined;
  let inParts = false;
  for (;;) {
    const tops = new Set<string>();
    for (const path of paths) tops.add(topOf(path, start));
    if (tops.has('') || tops.size === 0) break;
    const parts = [...tops].map(partOf);
    if (parts.every((part) => part !== undefined)) {
      inParts = true;
      split = splitsOf(new Set(parts));
      break;
    }
    if (tops.size > 1) break;
    start += [...tops][0]!.length + 1;
  }

  const classStart = (path: string): number => (inParts ? path.indexOf('/', start) + 1 : start);
  const classes = new Set<string>();
  for (const path of paths) classes.add(topOf(path, classStart(path)));
  classes.delete('');
  const found = classes.size > 1 ? [...classes].sort() : undefined;
  const against =
    found && (choice === undefined && !inParts ? notClasses(paths, start) : undefined);
  const labelNames = against === undefined && choice !== 'none' ? found : undefined;
  const labels = new Map(labelNames?.map((name, label) => [name, label]));

  const entries = paths.map((path, i): ImageEntry => {
    const id = ids[i]!;
    const label = labels.get(topOf(path, classStart(path)));
    const part = split && partOf(topOf(path, start));
    if (part === undefined || split === undefined)
      return label === undefined ? { id } : { id, label };
    return label === undefined ? { id, split: split(part) } : { id, label, split: split(part) };
  });
  const labeling = found && labelingText(found, against, choice);
  return {
    entries,
    ...(labelNames && { labelNames }),
    ...(labeling !== undefined && { labeling }),
  };
}

function labelingText(
  names: readonly string[],
  against: string | undefined,
  choice: LayoutOptions['labels'],
): string {
  const more = names.length > 3 ? ', …' : '';
  const folders = `${names.length} folders (${names.slice(0, 3).join(', ')}${more})`;
  if (choice === 'none') return 'no labels, as requested';
  if (choice === 'folders') return `labels from ${folders}, as requested`;
  return against === undefined
    ? `labels from ${folders}, for measuring alone. Use \`labels: 'none'\` if they are no classes`
    : `no labels, because ${against}. Use \`labels: 'folders'\` if the folders are classes`;
}

/** First folder of the path after `start`; empty when the file lies directly there. */
function topOf(path: string, start: number): string {
  const slash = path.indexOf('/', start);
  return slash < 0 ? '' : path.slice(start, slash);
}
