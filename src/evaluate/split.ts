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
 * @param files number of the file of each row. Pages of one file stay together, also where one of
 * them goes to training.
 */
export function splitOf(
  labels: Int32Array,
  given: readonly ('train' | 'test' | undefined)[] | undefined,
  {
    seed = 0,
    contents,
    files,
  }: { seed?: number; contents?: BigUint64Array; files?: Int32Array | undefined } = {},
): Split {
  const labeled = (part: 'train' | 'test') =>
    Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0 && given?.[row] === part);
  const [train, test] = [labeled('train'), labeled('test')];
  if (train.length > 0 && test.length > 0) return { train, test, origin: 'source' };

  // Rows of one label that stay together, by label.
  const unitsOf = new Map<number, Map<number, number[]>>();
  labels.forEach((label, row) => {
    if (label < 0) return;
    const units = unitsOf.get(label) ?? new Map<number, number[]>();
    unitsOf.set(label, units);
    const file = files?.[row] ?? row;
    const unit = units.get(file);
    if (unit) unit.push(row);
    else units.set(file, [row]);
  });
  const trainRows: number[] = [];
  let testUnits: number[][] = [];
  for (const [label, found] of unitsOf) {
    const units = [...found.values()];
    const count = units.reduce((sum, unit) => sum + unit.length, 0);
    const wanted = units.length < 2 ? 0 : Math.max(1, Math.round(count / 5));
    const shuffled = randomAt(seed, 'probeSplit', label).shuffle(units);
    let held = 0;
    for (const [i, unit] of shuffled.entries()) {
      if (held < wanted && i < units.length - 1) {
        held += unit.length;
        testUnits.push(unit);
      } else trainRows.push(...unit);
    }
  }
  if (contents) {
    const known = new Set(trainRows.map((row) => contents[row]!));
    // A file that goes to training may make further images known.
    for (let moved = true; moved; ) {
      const isKnown = (unit: number[]) => unit.some((row) => known.has(contents[row]!));
      const rows = testUnits.filter(isKnown).flat();
      testUnits = testUnits.filter((unit) => !isKnown(unit));
      for (const row of rows) known.add(contents[row]!);
      trainRows.push(...rows);
      moved = rows.length > 0;
    }
  }
  return {
    train: Int32Array.from(trainRows).sort(),
    test: Int32Array.from(testUnits.flat()).sort(),
    origin: 'made',
  };
}
