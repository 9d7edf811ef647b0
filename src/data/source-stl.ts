/**
 * Reads STL-10, binary version. `train_X.bin`, `test_X.bin` and `unlabeled_X.bin` contain 96 x 96
 * images as red, green and blue planes in column-major order. `train_y.bin` and `test_y.bin`
 * contain labels from 1 to 10. Unlabeled images are for training.
 *
 * Source: Coates, Lee, Ng, AISTATS 2011; https://cs.stanford.edu/~acoates/stl10/.
 */
import { join } from 'node:path';
import { interleave, openRecords } from './records.ts';
import { cutOff, numberNames, readNames } from './source-cifar.ts';
import { type Part, packedSource } from './source-parts.ts';
import type { SkippedImage, Source, Split } from './types.ts';

const SIDE = 96;
const PIXELS = SIDE * SIDE * 3;

/** Label of an unlabeled image, above any number of classes. */
const NONE = 255;

const files: readonly { name: string; split: Split }[] = [
  { name: 'train', split: 'train' },
  { name: 'unlabeled', split: 'train' },
  { name: 'test', split: 'test' },
];

/** Tells if the names in a folder are those of a binary STL-10. */
export function isStl(names: readonly string[]): boolean {
  return files.some(({ name }) => names.includes(`${name}_X.bin`));
}

/** Opens a folder of STL-10 `.bin` files. Any of the three sets may be missing. */
export function openStl(path: string, names: readonly string[]): Source {
  const skipped: SkippedImage[] = [];
  const parts: Part[] = [];
  for (const { name, split } of files) {
    if (!names.includes(`${name}_X.bin`)) continue;
    const file = openRecords(join(path, `${name}_X.bin`));
    const count = Math.floor(file.bytes / PIXELS);
    if (file.bytes !== count * PIXELS)
      skipped.push(cutOff(`${name}_X.bin`, count, file.bytes, PIXELS));
    parts.push({
      prefix: name,
      file: file.path,
      split,
      count,
      labels: names.includes(`${name}_y.bin`)
        ? readLabels(join(path, `${name}_y.bin`), count)
        : undefined,
      read: (i) => ({
        kind: 'raw',
        width: SIDE,
        height: SIDE,
        channels: 3,
        pixels: interleave(file.read(i * PIXELS, PIXELS), {
          width: SIDE,
          height: SIDE,
          columnMajor: true,
        }),
      }),
      close: file.close,
    });
  }
  const labelNames = readNames(join(path, 'class_names.txt')) ?? numberNames(10);
  return packedSource({ path, kind: 'stl10', parts, labelNames, skipped });
}

/** Reads labels, counted from 0. The file counts from 1, and images beyond its end have none. */
function readLabels(path: string, count: number): Uint8Array {
  const file = openRecords(path);
  try {
    const stored = file.read(0, Math.min(file.bytes, count));
    return Uint8Array.from({ length: count }, (_, i) => (stored[i] ? stored[i] - 1 : NONE));
  } finally {
    file.close();
  }
}
