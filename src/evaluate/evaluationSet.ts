/** Chooses the images of a source that an evaluation measures. */
import { distinctRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import type { PixelCache, Split } from '../data/index.ts';

export interface EvaluationSet {
  /** Cache indices, ascending. */
  readonly indices: Uint32Array;
  /** Label of each index; -1 where there is none. */
  readonly labels: Int32Array;
  readonly split: readonly (Split | undefined)[];
  readonly labelled: 'yes' | 'no';
  /** Distinct labels among the images. */
  readonly classes: number;
  /** Hash of the pixels of each image. Equal images have equal hashes. */
  readonly contents: BigUint64Array;
  /**
   * Number of the file of each image, equal for pages of one file. Absent where every image has a
   * file of its own.
   */
  readonly files?: Int32Array;
  /** Describes the draw, and test images that are left out, where not all are measured. */
  readonly note?: string;
}

export interface SetLimits {
  /** Most training and test images. Together: most images where the source has no split. */
  train?: number;
  test?: number;
}

/**
 * Returns the labeled images of a source, or all of them where none has a label. A seeded draw of
 * each part bounds time and memory where there are more than the limits. Test images whose pixels
 * equal those of a training image are left out, because they would measure memory.
 */
export function evaluationSet(
  { entries, contents }: Pick<PixelCache, 'entries' | 'contents'>,
  { seed, train = 50_000, test = 10_000 }: SetLimits & { seed: number },
): EvaluationSet {
  const all = [...entries.keys()];
  const withLabel = all.filter((index) => entries[index]!.label !== undefined);
  const usable = withLabel.length > 0 ? withLabel : all;
  const part = (split: Split) => usable.filter((index) => entries[index]!.split === split);
  const trainPart = part('train');
  const trained = new Set(trainPart.map((index) => contents[index]!));
  const [allTests, testPart] = [
    part('test'),
    part('test').filter((index) => !trained.has(contents[index]!)),
  ];
  const ownSplit = trainPart.length > 0 && testPart.length > 0;

  const drawn = ownSplit
    ? [...draw(trainPart, train, seed, 0), ...draw(testPart, test, seed, 1)]
    : draw(usable, train + test, seed, 2);
  const indices = Uint32Array.from(drawn).sort();
  const candidates = ownSplit ? trainPart.length + testPart.length : usable.length;
  const labels = Int32Array.from(indices, (index) => entries[index]!.label ?? -1);
  const notes = [
    indices.length < candidates &&
      `a draw of ${indices.length} of ${plural(candidates, 'image')}, by seed ${seed}` +
        (ownSplit ? ` (at most ${train} to train on and ${test} to test on)` : ''),
    ownSplit &&
      testPart.length < allTests.length &&
      `without ${plural(allTests.length - testPart.length, 'test image')} equal to training images`,
  ].filter((note) => note !== false);
  return {
    indices,
    labels,
    contents: BigUint64Array.from(indices, (index) => contents[index]!),
    split: Array.from(indices, (index) => entries[index]!.split),
    ...filesOf(Array.from(indices, (index) => entries[index]!.file)),
    labelled: withLabel.length > 0 ? 'yes' : 'no',
    classes: new Set(labels.filter((label) => label >= 0)).size,
    note: notes.length > 0 ? notes.join(', ') : undefined,
  };
}

/** Numbers the files of images, which are `undefined` for an image with a file of its own. */
function filesOf(names: readonly (string | undefined)[]): Pick<EvaluationSet, 'files'> {
  if (names.every((name) => name === undefined)) return {};
  const numbers = new Map<string, number>();
  // An image with a file of its own has the number of its row, and a file that of its first page.
  const files = Int32Array.from(names, (name, row) => {
    if (name === undefined) return row;
    const number = numbers.get(name) ?? row;
    numbers.set(name, number);
    return number;
  });
  return { files };
}

/** Cache indices of the training part of a set, or of all its images where it has none. */
export function trainingImages({ indices, split }: EvaluationSet): Uint32Array {
  const train = indices.filter((_, row) => split[row] === 'train');
  return train.length > 0 ? train : indices;
}

function draw(indices: readonly number[], most: number, seed: number, stream: number): number[] {
  if (indices.length <= most) return [...indices];
  const rows = distinctRows(indices.length, most, randomAt(seed, 'evaluationSet', stream));
  return Array.from(rows, (row) => indices[row]!);
}
