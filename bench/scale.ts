/**
 * Measures time and memory by number of images: synthetic images are written as one packed data
 * set, which our program decodes, trains on for some minutes, embeds (a tenth) and clusters, each
 * in a process of its own.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomAt } from '../src/core/random.ts';
import { callProgram, withTemporaryFolder } from './program.ts';

export interface ScaleOptions {
  /** Minutes of training for every size. */
  minutes: number;
  /** Largest number of clusters; small sets get one per ten images. */
  clusters: number;
  /** Receives each row as soon as it is measured. */
  onRow?: (row: ScaleRow) => void;
}

export interface ScaleRow {
  /** Images and work, such as `1000-embed`. */
  name: string;
  images: number;
  work: 'decode and train' | 'embed' | 'cluster';
  /** Minutes of training, number of images, or number of clusters. */
  detail: string;
  seconds: number;
  megabytes: number;
}

const SIDE = 32;
/** Bytes of a record: a label, then planes of red, green and blue. */
const RECORD = 1 + 3 * SIDE * SIDE;
/** Records per write. */
const BLOCK = 1000;
/** Fraction of the images that are held out and embedded. */
const HELD_OUT = 0.1;
const IMAGES_PER_CLUSTER = 10;

/** Runs the program on n synthetic images. */
export async function benchmarkScale(
  images: number,
  { minutes, clusters, onRow = () => {} }: ScaleOptions,
): Promise<ScaleRow[]> {
  return withTemporaryFolder(async (folder) => {
    const source = join(folder, 'pictures');
    writePictures(source, images);
    const run = join(folder, 'run');
    const rows: ScaleRow[] = [];
    const call = async (work: ScaleRow['work'], detail: string, args: string[]) => {
      const { seconds, megabytes } = await callProgram(args, {
        LIKENESS_CACHE: join(folder, 'cache'),
      });
      const name = `${images}-${work.replaceAll(' ', '-')}`;
      rows.push({ name, images, work, detail, seconds, megabytes });
      onRow(rows.at(-1)!);
    };
    const recipe = ['--preset', 'small-32', '--split', 'all', '--minutes', String(minutes)];
    await call('decode and train', `${minutes} min`, [
      'train',
      source,
      '--out',
      run,
      ...recipe,
      '--set',
      'measures=none',
    ]);
    const held = Math.round(HELD_OUT * images);
    const features = join(folder, 'features.npy');
    await call('embed', `${held} images`, [
      'embed',
      source,
      '--run',
      run,
      '--split',
      'test',
      '--out',
      features,
    ]);
    const k = Math.min(clusters, Math.max(2, Math.floor(images / IMAGES_PER_CLUSTER)));
    await call('cluster', `${k} clusters`, ['cluster', source, '--run', run, '-k', String(k)]);
    return rows;
  });
}

/**
 * Writes images of color patches in CIFAR's binary format, a tenth of them as test set. Each of the
 * ten classes has its own palette.
 */
export function writePictures(folder: string, images: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'batches.meta.txt'),
    Array.from({ length: 10 }, (_, i) => `palette ${i}\n`).join(''),
  );
  const held = Math.round(HELD_OUT * images);
  writePart(join(folder, 'data_batch_1.bin'), 0, images - held);
  writePart(join(folder, 'test_batch.bin'), images - held, held);
}

function writePart(file: string, first: number, count: number): void {
  const out = openSync(file, 'w');
  try {
    for (let start = 0; start < count; start += BLOCK) {
      const block = new Uint8Array(RECORD * Math.min(BLOCK, count - start));
      for (let i = 0; i * RECORD < block.length; i++) {
        writePicture(block.subarray(i * RECORD, (i + 1) * RECORD), first + start + i);
      }
      writeSync(out, block);
    }
  } finally {
    closeSync(out);
  }
}

/** Patches along a side. */
const PATCHES = 4;
/** Largest difference of a patch from its color in the palette, of 255. */
const SPREAD = 100;

function writePicture(record: Uint8Array, number: number): void {
  const random = randomAt(0, 'synthetic', number);
  const palette = number % 10;
  record[0] = palette;
  const scale = SIDE / PATCHES;
  for (let channel = 0; channel < 3; channel++) {
    const base = 20 + ((palette * 37 + channel * 71) % 115);
    const patches = Uint8Array.from(
      { length: PATCHES * PATCHES },
      () => base + random.integer(SPREAD),
    );
    const at = 1 + channel * SIDE * SIDE;
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x += scale) {
        const color = patches[Math.floor(y / scale) * PATCHES + x / scale]!;
        record.fill(color, at + y * SIDE + x, at + y * SIDE + x + scale);
      }
    }
  }
}
