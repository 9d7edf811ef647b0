/**
 * Benchmarks augmented views beside torchvision on Pillow images, each on one thread from decoded
 * images to bytes, as one worker of a data loader does. Random draws differ, so timing starts after
 * brightness and contrast agree over many views.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CropSpec, makeView, parseViews } from '../src/views/index.ts';
import { inProcess, peerContender } from './contenders.ts';
import { openPeer, pythonWith, withPeer } from './peer.ts';
import { madeUpPhoto, type PhotoSize } from './photos.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

interface ViewsShape extends PhotoSize {
  crops: readonly CropSpec[];
  /** Images of one run. */
  photos: number;
}

/**
 * Builds SwAV's augmentation with a strength of color jitter, and box blur up to a sigma where
 * given.
 */
function augmentation(strength: number, blur?: number): object[] {
  const [amount, hue] = [0.8 * strength, 0.2 * strength];
  return [
    { kind: 'flip' },
    { kind: 'colorJitter', brightness: amount, contrast: amount, saturation: amount, hue },
    { kind: 'grayscale' },
    ...(blur === undefined ? [] : [{ kind: 'gaussianBlur', sigma: [0.1, blur] }]),
  ];
}

/** Fills in the defaults of crops; rendering does not use the normalization. */
function cropsOf(...crops: object[]): CropSpec[] {
  return parseViews({ crops, normalize: { mean: [0, 0, 0], std: [1, 1, 1] } }).crops;
}

const [mild, medium, full] = [augmentation(0.5), augmentation(0.5, 0.9), augmentation(1, 2)];
const small = cropsOf({ count: 2, size: 32, scale: [0.14, 1], steps: mild });

/** Rows of the benchmark; `smoke` is for tests. */
export const viewsRows: Readonly<Record<string, ViewsShape>> = {
  '2x32': { crops: small, width: 32, height: 32, photos: 256 },
  '2x96+6x48': {
    crops: cropsOf(
      { count: 2, size: 96, scale: [0.14, 1], steps: medium },
      { count: 6, size: 48, scale: [0.05, 0.14], steps: medium },
    ),
    width: 341,
    height: 256,
    photos: 32,
  },
  '2x224+6x96': {
    crops: cropsOf(
      { count: 2, size: 224, scale: [0.14, 1], steps: full },
      { count: 6, size: 96, scale: [0.05, 0.14], steps: full },
    ),
    width: 341,
    height: 256,
    photos: 32,
  },
  smoke: { crops: small, width: 8, height: 8, photos: 2 },
};

export interface ViewsRow extends Speeds {
  name: string;
  /** Largest difference of mean brightness or mean contrast over many views, of 255. */
  difference: number | null;
}

/** Largest difference of these means between implementations, of 255. */
const TOLERANCE = 6;
/** Smallest number of views in the means. */
const COMPARED = 2000;

/** Benchmarks one row. */
export async function benchmarkViews(
  name: string,
  {
    rounds = 5,
    python = pythonWith('torchvision'),
  }: { rounds?: number; python?: string | null } = {},
): Promise<ViewsRow> {
  const { crops, photos, ...size } = viewsRows[name]!;
  return onStage(async ({ folder }) => {
    const pictures = await Promise.all(
      Array.from({ length: photos }, (_, i) => madeUpPhoto(size, i)),
    );
    const sources = pictures.map((pixels) => ({ ...size, pixels }));
    let epoch = 0;
    /** Renders all views of all images, with new draws each time. */
    function once(seen?: (view: Uint8Array) => void): void {
      epoch++;
      sources.forEach((source, image) => {
        let view = 0;
        for (const crop of crops) {
          for (let i = 0; i < crop.count; i++, view++) {
            const out = new Uint8Array(3 * crop.size * crop.size);
            makeView(source, crop, { seed: 0, epoch, image, view }, out);
            seen?.(out);
          }
        }
      });
    }
    const ours = inProcess(async () => once());
    if (!python) {
      const standing = await takeTurns(ours, [], { rounds });
      return { name, ...speedsOf(standing, photos), difference: null };
    }

    const file = join(folder, 'photos.raw');
    writeFileSync(file, Buffer.concat(pictures));
    const options = {
      work: 'views',
      photos: file,
      ...size,
      crops: JSON.stringify(crops.map(forPeer)),
    };
    const of = { script: './pytorch/pictures.py', options };
    const perRun = photos * crops.reduce((total, { count }) => total + count, 0);
    const repeats = Math.ceil(COMPARED / perRun);
    const own = statisticsOf((seen) => {
      for (let i = 0; i < repeats; i++) once(seen);
    });
    const { statistics } = (await withPeer(python, of, (peer) =>
      peer.ask({ statistics: repeats }),
    )) as {
      statistics: number[];
    };
    const difference = Math.max(...own.map((value, i) => Math.abs(value - statistics[i]!)));
    if (!(difference < TOLERANCE))
      throw new Error(
        `${name}: brightness and contrast of our views are ${own}, torchvision's ${statistics}`,
      );
    const torchvision = peerContender({ name: 'torchvision', open: () => openPeer(python, of) });
    const standing = await takeTurns(ours, [torchvision], { rounds });
    return { name, ...speedsOf(standing, photos), difference };
  });
}

/** Averages the mean and the standard deviation of a view. */
function statisticsOf(
  all: (seen: (view: Uint8Array) => void) => void,
): [brightness: number, contrast: number] {
  let [views, brightness, contrast] = [0, 0, 0];
  all((view) => {
    let [sum, squares] = [0, 0];
    for (const value of view) {
      sum += value;
      squares += value * value;
    }
    const mean = sum / view.length;
    views++;
    brightness += mean;
    contrast += Math.sqrt(Math.max(0, squares / view.length - mean * mean));
  });
  return [brightness / views, contrast / views];
}

/** Translates a group of crops into arguments of torchvision's transforms. */
function forPeer({ count, size, scale, steps }: CropSpec): object {
  const of = (kind: string) => steps.find((step) => step.kind === kind);
  return {
    count,
    size,
    scale,
    jitter: of('colorJitter'),
    blur: of('gaussianBlur'),
    grayscale: of('grayscale'),
  };
}
