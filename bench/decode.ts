/**
 * Benchmarks the decoding of a folder of JPEGs beside Pillow, which uses as many processes as there
 * are cores: every image is decoded, its shorter side shrunk, and all are stored in one file.
 * Timing starts after both have decoded the same colors.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeImage,
  openPixelCache,
  openSource,
  type PixelCacheProgress,
} from '../src/data/index.ts';
import { inProcess, peerContender } from './contenders.ts';
import { openPeer, pythonWith, withPeer } from './peer.ts';
import { type PhotoSize, writePhotos } from './photos.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

export interface FolderShape extends PhotoSize {
  /** Images in the folder. */
  photos: number;
  /** Shorter side of the stored images, in pixels. */
  shorter: number;
}

/** Rows of the benchmark; `smoke` is for tests. */
export const decodeRows: Readonly<Record<string, FolderShape>> = {
  'jpeg-64x64': { width: 64, height: 64, photos: 4000, shorter: 64 },
  'jpeg-500x375-to-256': { width: 500, height: 375, photos: 600, shorter: 256 },
  'jpeg-4000x3000-to-256': { width: 4000, height: 3000, photos: 24, shorter: 256 },
  smoke: { width: 16, height: 16, photos: 4, shorter: 8 },
};

export interface DecodeRow extends Speeds {
  name: string;
  /** Largest difference of an image's mean color, of 255. */
  difference: number | null;
}

/** Largest difference of the mean colors of the same image, of 255. */
const TOLERANCE = 1.5;
/** Images whose mean colors are compared. */
const COMPARED = 8;

/** Benchmarks one row. */
export async function benchmarkDecode(
  name: string,
  {
    rounds = 5,
    python = pythonWith('torchvision'),
  }: { rounds?: number; python?: string | null } = {},
): Promise<DecodeRow> {
  const { photos, shorter, ...size } = decodeRows[name]!;
  return onStage(async ({ folder, threads }) => {
    const pictures = join(folder, 'pictures');
    const files = await writePhotos(pictures, size, photos);

    const cacheDir = join(folder, 'cache');
    const ours = inProcess(async (sample) => {
      rmSync(cacheDir, { recursive: true, force: true });
      // The decoding process ends with the last image, so its memory is read at that time.
      const onProgress = ({ done, total }: PixelCacheProgress) => done === total && sample();
      await openPixelCache(await openSource(pictures), { size: shorter, cacheDir, onProgress });
    });
    if (!python) {
      const standing = await takeTurns(ours, [], { rounds });
      return { name, ...speedsOf(standing, photos), difference: null };
    }

    const options = {
      work: 'decode',
      folder: pictures,
      out: join(folder, 'packed'),
      shorter,
      threads,
    };
    const of = { script: './pytorch/pictures.py', options };
    const compared = files.slice(0, COMPARED);
    const own: number[] = [];
    for (const file of compared) own.push(...(await meanColor(file, shorter)));
    const { colors } = (await withPeer(python, of, (peer) =>
      peer.ask({ colors: compared.length }),
    )) as {
      colors: number[];
    };
    const difference = Math.max(...own.map((value, i) => Math.abs(value - colors[i]!)));
    if (!(difference < TOLERANCE))
      throw new Error(`${name}: our mean colors ${own} and Pillow's ${colors} differ`);
    const pillow = peerContender({ name: 'Pillow', open: () => openPeer(python, of) });
    const standing = await takeTurns(ours, [pillow], { rounds });
    return { name, ...speedsOf(standing, photos), difference };
  });
}

/** Computes mean red, green and blue of a decoded file. */
async function meanColor(file: string, shorter: number): Promise<number[]> {
  const image = { kind: 'encoded', bytes: readFileSync(file) } as const;
  const { pixels } = await decodeImage(image, { size: shorter });
  const sums = [0, 0, 0];
  pixels.forEach((value, i) => {
    sums[i % 3]! += value;
  });
  return sums.map((sum) => sum / (pixels.length / 3));
}
