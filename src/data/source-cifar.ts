/**
 * CIFAR-10 and CIFAR-100, binary version: records of one label byte (two for CIFAR-100: coarse,
 * fine) and 3,072 bytes of red, green and blue planes of 32 x 32. The fine labels are used.
 *
 * Source: Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularSync } from '../formats/index.ts';
import { compareNatural } from './natural.ts';
import { interleave, openRecords } from './records.ts';
import { type Part, packedSource } from './source-parts.ts';
import type { SkippedImage, Source, Split } from './types.ts';

const SIDE = 32;
const PIXELS = SIDE * SIDE * 3;

/** Tells if the names in a folder are those of a binary CIFAR, and of which. */
export function cifarKind(names: readonly string[]): 'cifar10' | 'cifar100' | undefined {
  if (names.some((name) => /^(data_batch_\d+|test_batch)\.bin$/.test(name))) return 'cifar10';
  const hundred =
    names.includes('fine_label_names.txt') || names.includes('coarse_label_names.txt');
  if (hundred && names.some((name) => /^(train|test)\.bin$/.test(name))) return 'cifar100';
  return undefined;
}

/** Opens a folder of CIFAR `.bin` files. A truncated last record is skipped. */
export function openCifar(
  path: string,
  names: readonly string[],
  kind: 'cifar10' | 'cifar100',
): Source {
  const labelBytes = kind === 'cifar10' ? 1 : 2;
  const record = labelBytes + PIXELS;
  const skipped: SkippedImage[] = [];
  const pattern = kind === 'cifar10' ? /^(data_batch_\d+|test_batch)\.bin$/ : /^(train|test)\.bin$/;
  const files = names.filter((name) => pattern.test(name));
  // Training files come first.
  const order = (name: string): string => (name.startsWith('test') ? `1${name}` : `0${name}`);
  files.sort((a, b) => compareNatural(order(a), order(b)));
  const parts = files.map((name): Part => {
    const file = openRecords(join(path, name));
    const count = Math.floor(file.bytes / record);
    const split: Split = name.startsWith('test') ? 'test' : 'train';
    if (file.bytes !== count * record) skipped.push(cutOff(name, count, file.bytes, record));
    const labels = Uint8Array.from(
      { length: count },
      (_, i) => file.read(i * record + labelBytes - 1, 1)[0]!,
    );
    return {
      prefix: name.replace(/\.bin$/, ''),
      file: file.path,
      split,
      count,
      labels,
      read: (i) => ({
        kind: 'raw',
        width: SIDE,
        height: SIDE,
        channels: 3,
        pixels: interleave(file.read(i * record + labelBytes, PIXELS), {
          width: SIDE,
          height: SIDE,
        }),
      }),
      close: file.close,
    };
  });
  const namesFile = join(path, kind === 'cifar10' ? 'batches.meta.txt' : 'fine_label_names.txt');
  const labelNames = readNames(namesFile) ?? numberNames(kind === 'cifar10' ? 10 : 100);
  return packedSource({ path, kind, parts, labelNames, skipped });
}

/** Reads the lines of a file of class names. Undefined for a missing or empty file. */
export function readNames(file: string): string[] | undefined {
  if (!existsSync(file)) return undefined;
  const lines = readRegularSync(file).toString('utf8').split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== '');
  return names.length > 0 ? names : undefined;
}

/** Returns `['0', '1', …]` for labels without names. */
export function numberNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** Reports a file that ends inside a record. */
export function cutOff(
  name: string,
  complete: number,
  bytes: number,
  record: number,
): SkippedImage {
  const rest = bytes - complete * record;
  const reason = `truncated: ${rest} of ${record} bytes of the last record`;
  return { id: `${name}#${complete}`, reason };
}
