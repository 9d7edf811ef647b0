/**
 * Augmented views, ours and torchvision's on Pillow images, in turns, each on one thread and from
 * decoded pictures to bytes: what one worker of a data loader does. Random draws differ, so that no
 * view is equal; times count only after brightness and contrast of many views have been found the
 * same.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CropSpec, makeView, viewsPreset } from '../src/views/index.ts';
import { inProcess, peerContender } from './contenders.ts';
import { openPeer, pythonWith, withPeer } from './peer.ts';
import { madeUpPhoto, type PhotoSize } from './photos.ts';
import { onStage } from './stage.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

interface ViewsShape extends PhotoSize {
  preset: Parameters<typeof viewsPreset>[0];
  /** Pictures of one run. */
  photos: number;
}

/** The rows of the benchmark; `smoke` is for tests. */
export const viewsRows: Readonly<Record<string, ViewsShape>> = {
  '2x32': { preset: 'swav-32', width: 32, height: 32, photos: 256 },
  '2x96+6x48': { preset: 'swav-multicrop-96', width: 341, height: 256, photos: 32 },
  '2x224+6x96': { preset: 'swav-imagenet', width: 341, height: 256, photos: 32 },
  smoke: { preset: 'swav-32', width: 8, height: 8, photos: 2 },
};

export interface ViewsRow extends Speeds {
  name: string;
  /** Largest difference of mean brightness or mean contrast over many views, of 255. */
  difference: number | null;
}

/** Means over many views further apart than this, of 255, are not of the same work. */
const TOLERANCE = 6;
/** Views that the means are of, at least. */
const COMPARED = 2000;

/** Times one row. */
export async function benchmarkViews(
  name: string,
  { rounds = 5, python = pythonWith('torchvision') }: { rounds?: number; python?: string | null } = {},
): Promise<ViewsRow> {
  const { preset, photos, ...size } = viewsRows[name]!;
  const { crops } = viewsPreset(preset).views;
  return onStage(async ({ folder }) => {
    const pictures = await Promise.all(Array.from({ length: photos }, (_, i) => madeUpPhoto(size, i)));
    const sources = pictures.map((pixels) => ({ ...size, pixels }));
    let epoch = 0;
    /** All views of all pictures, with other draws each time. */
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
    const options = { work: 'views', photos: file, ...size, crops: JSON.stringify(crops.map(forPeer)) };
    const of = { script: './pytorch/pictures.py', options };
    const perRun = photos * crops.reduce((total, { count }) => total + count, 0);
    const repeats = Math.ceil(COMPARED / perRun);
    const own = statisticsOf((seen) => {
      for (let i = 0; i < repeats; i++) once(seen);
    });
    const { statistics } = (await withPeer(python, of, (peer) => peer.ask({ statistics: repeats }))) as {
      statistics: number[];
    };
    const difference = Math.max(...own.map((value, i) => Math.abs(value - statistics[i]!)));
    if (!(difference < TOLERANCE))
      throw new Error(`${name}: brightness and contrast of our views ${own}, of torchvision's ${statistics}`);
    const torchvision = peerContender({ name: 'torchvision', open: () => openPeer(python, of) });
    const standing = await takeTurns(ours, [torchvision], { rounds });
    return { name, ...speedsOf(standing, photos), difference };
  });
}

/** Mean over views of a view's mean, and of its deviation. */
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

/** A crop group in the peer's words: what torchvision's transforms are called with. */
function forPeer({ count, size, scale, steps }: CropSpec): object {
  const of = (kind: string) => steps.find((step) => step.kind === kind);
  return {
    count,
    size,
    scale,
    jitter: of('colourJitter'),
    blur: of('gaussianBlur'),
    greyscale: of('greyscale'),
  };
}
