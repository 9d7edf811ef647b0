/**
 * Splits labeled images into those that a classifier is fitted on and those that it is measured on.
 */
import { randomAt } from '../core/random.ts';

export interface Split {
  /** Rows, ascending. */
  readonly train: Int32Array;
  readonly test: Int32Array;
  /** `source`: the source's own split; `made`: made here. */
  readonly origin: 'source' | 'made';
}

/**
 * Takes the source's own split where it has labeled images on both sides; otherwise splits each
 * class by the seed: a fifth of each class (rounded, at least one image of a class of two or more)
 * for testing, the rest for training.
 *
 * A class of one image goes to training. Images without a label (negative), or outside the source's
 * split, are in neither part. Where no class has two images the test part is empty.
 *
 * @param contents hash of the pixels of each row. A row for testing whose pixels equal those of a
 * row for training goes to training.
 */
export function splitOf(
  labels: Int32Array,
  given: readonly ('train' | 'test' | undefined)[] | undefined,
  { seed = 0, contents }: { seed?: number; contents?: BigUint64Array } = {},
): Split {
  const labeled = (part: 'train' | 'test') =>
    Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0 && given?.[row] === part);
  const [train, test] = [labeled('train'), labeled('test')];
  if (train.length > 0 && test.length > 0) return { train, test, origin: 'source' };

  const rowsOf = new Map<number, number[]>();
  labels.forEach((label, row) => {
    if (label < 0) return;
    const rows = rowsOf.get(label);
    if (rows) rows.push(row);
    else rowsOf.set(label, [row]);
  });
  const parts = { train: [] as number[], test: [] as number[] };
  for (const [label, rows] of rowsOf) {
    const held = rows.length < 2 ? 0 : Math.max(1, Math.round(rows.length / 5));
    const shuffled = randomAt(seed, 'probeSplit', label).shuffle(rows);
    parts.test.push(...shuffled.slice(0, held));
    parts.train.push(...shuffled.slice(held));
  }
  const known = new Set(contents && parts.train.map((row) => contents[row]!));
  const isKnown = (row: number) => contents !== undefined && known.has(contents[row]!);
  return {
    train: Int32Array.from([...parts.train, ...parts.test.filter(isKnown)]).sort(),
    test: Int32Array.from(parts.test.filter((row) => !isKnown(row))).sort(),
    origin: 'made',
  };
}
