/**
 * Reads IDX, the format of MNIST and Fashion-MNIST: a big-endian magic number (0x00000803 for
 * images, 0x00000801 for labels), one 32-bit size per dimension, then bytes. Files may be gzipped.
 *
 * Names are `train-images-idx3-ubyte[.gz]` with `train-labels-idx1-ubyte[.gz]`, and the same with
 * `t10k` or `test`. `.idx3-ubyte` also works. An optional `labels.txt` has one class name per line.
 *
 * Source: LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/, "File formats".
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { readRegular } from '../formats/index.ts';
import { MAX_PIXELS } from './decode.ts';
import { compareNatural } from './natural.ts';
import { memoryRecords, openRecords, type RecordFile, unreadableSource } from './records.ts';
import { cutOff, numberNames, readNames } from './source-cifar.ts';
import { type Part, packedSource } from './source-parts.ts';
import type { SkippedImage, Source, Split } from './types.ts';

const IMAGES = 0x803;
const LABELS = 0x801;
/** Maximum unpacked size of a gzipped file, which is kept in memory. */
const MAX_UNPACKED = 2 ** 30;

const imagesPattern = /^(.*?)images[-.]idx3-ubyte(\.gz)?$/;

/** Tells if a file name is that of IDX images. */
export function isIdx(name: string): boolean {
  return imagesPattern.test(name);
}

/** Opens the IDX images of a folder (all sets), or of one file. */
export async function openIdx(
  path: string,
  names: readonly string[],
  only?: string,
): Promise<Source> {
  const folder = only ? dirname(path) : path;
  // File of each set. An unpacked file takes precedence over a gzipped one.
  const found = new Map<string, string>();
  for (const name of only ? [only] : [...names].sort()) {
    const set = imagesPattern.exec(name)?.[1];
    if (set !== undefined && !found.has(set)) found.set(set, name);
  }
  const sets = [...found].map(([set, name]) => ({ set, name, split: splitOf(set) }));
  const families = new Set(sets.map(({ set }) => set.replace(/train|t10k|test/i, '')));
  if (families.size > 1) {
    throw new LikenessError(
      'source.ambiguous',
      `source: ${path} holds ${families.size} different IDX data sets ` +
        `(${[...found.values()].slice(0, 4).join(', ')}, …). Expected one; move each into a ` +
        'folder of its own, or name one file.',
    );
  }
  const order = ({ set, split }: { set: string; split?: Split }) =>
    `${split === 'test' ? 1 : 0}${set}`;
  sets.sort((a, b) => compareNatural(order(a), order(b)));

  const skipped: SkippedImage[] = [];
  const parts: Part[] = [];
  for (const { set, name, split } of sets) {
    const images = await openIdxFile(join(folder, name), IMAGES, 3);
    const [declared, height, width] = images.sizes as [number, number, number];
    const area = width * height;
    const count = Math.min(declared, Math.floor((images.file.bytes - images.dataAt) / area));
    if (count < declared) {
      skipped.push(cutOff(name, count, images.file.bytes - images.dataAt, area));
      const reason = `truncated: ${count} of ${plural(declared, 'image')} that it declares`;
      skipped.push({ id: name, reason });
    }
    parts.push({
      prefix: set.replace(/[-._]+$/, '') || 'images',
      file: images.file.path,
      split,
      count,
      labels: await findLabels(folder, name, count),
      read: (i) => ({
        kind: 'raw',
        width,
        height,
        channels: 1,
        pixels: images.file.read(images.dataAt + i * area, area),
      }),
      close: images.file.close,
    });
  }
  const highest = parts.reduce(
    (max, { labels }) => labels?.reduce((a, b) => Math.max(a, b), max) ?? max,
    -1,
  );
  const labelNames = readNames(join(folder, 'labels.txt')) ?? [];
  return packedSource({
    path,
    kind: 'idx',
    parts,
    labelNames: [...labelNames, ...numberNames(highest + 1).slice(labelNames.length)],
    skipped,
  });
}

function splitOf(set: string): Split | undefined {
  if (/t10k|test/i.test(set)) return 'test';
  return /train/i.test(set) ? 'train' : undefined;
}

/** Reads the labels beside a file of images. Undefined without such a file. */
async function findLabels(
  folder: string,
  images: string,
  count: number,
): Promise<Uint8Array | undefined> {
  const plain = images.replace('images', 'labels').replace('idx3', 'idx1').replace(/\.gz$/, '');
  const path = [plain, `${plain}.gz`]
    .map((name) => join(folder, name))
    .find((file) => existsSync(file));
  if (path === undefined) return undefined;
  const labels = await openIdxFile(path, LABELS, 1);
  try {
    const declared = Math.min(labels.sizes[0]!, labels.file.bytes - labels.dataAt);
    if (declared < count) {
      throw new LikenessError(
        'source.damaged',
        `source: ${path} has ${declared} labels for ${plural(count, 'image')} of ${images}. Expected ` +
          'one label per image; fetch the file again, or remove it to use the images without ' +
          'labels.',
      );
    }
    return labels.file.read(labels.dataAt, count);
  } finally {
    labels.file.close();
  }
}

async function openIdxFile(
  path: string,
  magic: number,
  dimensions: number,
): Promise<{ file: RecordFile; sizes: number[]; dataAt: number }> {
  const file = path.endsWith('.gz') ? memoryRecords(path, await unpack(path)) : openRecords(path);
  const dataAt = 4 + 4 * dimensions;
  const header = file.bytes >= dataAt ? file.read(0, dataAt) : new Uint8Array(dataAt);
  const words = new DataView(header.buffer, header.byteOffset, dataAt);
  const sizes = Array.from({ length: dimensions }, (_, i) => words.getUint32(4 + 4 * i));
  if (words.getUint32(0) !== magic || sizes.slice(1).some((size) => size < 1 || size > 0xffff)) {
    file.close();
    throw new LikenessError(
      'source.damaged',
      `source: ${path} does not begin like an IDX file of ` +
        `${magic === IMAGES ? 'images' : 'labels'} (found ${words.getUint32(0)}, expected ` +
        `${magic}). Fetch ${basename(path)} again.`,
    );
  }
  const area = sizes.slice(1).reduce((product, size) => product * size, 1);
  if (area > MAX_PIXELS) {
    file.close();
    throw new LikenessError(
      'source.damaged',
      `source: ${path} declares images of ${sizes.slice(1).join(' x ')} pixels. Expected at most ` +
        `${MAX_PIXELS.toLocaleString('en-US')} pixels each; fetch ${basename(path)} again.`,
    );
  }
  return { file, sizes, dataAt };
}

/** Unpacks on another thread, because a gibibyte takes seconds. */
async function unpack(path: string): Promise<Uint8Array> {
  let packed: Uint8Array;
  try {
    packed = await readRegular(path);
  } catch (error) {
    throw unreadableSource(path, error);
  }
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: MAX_UNPACKED });
  } catch (error) {
    const large = error instanceof RangeError;
    throw new LikenessError(
      'source.damaged',
      large
        ? `source: ${path} unpacks to more than ${MAX_UNPACKED / 2 ** 20} MiB. Unpack it with ` +
            'gunzip, so that it can be read piece by piece.'
        : `source: ${path} cannot be unpacked (${reasonOf(error)}). Expected a complete gzip ` +
            'file; fetch it again.',
      { cause: error },
    );
  }
}
