/**
 * Times the stages of decoding, one image at a time, with the functions of a run: read, decode,
 * shrink and store. The program processes several images at once, so a folder takes less than the
 * sum.
 */
import { join } from 'node:path';
import { decodeImage, openSource } from '../src/data/index.ts';
import { createPack } from '../src/data/pack-file.ts';
import type { FolderShape } from './decode.ts';
import { writePhotos } from './photos.ts';
import { onStage } from './stage.ts';
import { type ProfileRow, withShares } from './trace.ts';

/** Warm-up images, which do not count. */
const WARMING = 8;

/** Measures the milliseconds per image of each stage, longest first. */
export function decodeStages({ photos, shorter, ...size }: FolderShape): Promise<ProfileRow[]> {
  return onStage(async ({ folder }) => {
    const pictures = join(folder, 'pictures');
    await writePhotos(pictures, size, WARMING + photos);
    const source = await openSource(pictures);
    const pack = await createPack(join(folder, 'stored.pixels'));
    const whole = Math.min(size.width, size.height);
    const spent: Record<'reading' | 'decoding' | 'shrunk' | 'storing', number> = {
      ...{ reading: 0, decoding: 0, shrunk: 0, storing: 0 },
    };
    const [images, widths, heights]: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < WARMING + photos; i++) {
      const timed = async <T>(stage: keyof typeof spent, work: () => Promise<T>) => {
        const begun = performance.now();
        const result = await work();
        if (i >= WARMING) spent[stage] += performance.now() - begun;
        return result;
      };
      const image = await timed('reading', () => source.read(i));
      let pixels = await timed('decoding', () => decodeImage(image, { size: whole }));
      // Shrinking is the difference between both in one call and decoding alone.
      if (shorter < whole)
        pixels = await timed('shrunk', () => decodeImage(image, { size: shorter }));
      await timed('storing', () => pack.append(pixels.pixels));
      images.push(i);
      widths.push(pixels.width);
      heights.push(pixels.height);
    }
    const { path, name, kind } = source;
    const meta = {
      source: { path, name, kind },
      contentKey: '',
      size: shorter,
      count: images.length,
    };
    const begun = performance.now();
    await pack.finish(
      { ...meta, skipped: [], remarks: [] },
      {
        images: Uint32Array.from(images),
        widths: Uint16Array.from(widths),
        heights: Uint16Array.from(heights),
        contents: new BigUint64Array(images.length),
      },
    );
    spent.storing += performance.now() - begun;
    const stages = [
      ['reading the file', spent.reading],
      ['decoding', spent.decoding],
      ['shrinking', Math.max(0, spent.shrunk - spent.decoding)],
      ['storing', spent.storing],
    ] as const;
    return withShares(
      stages.map(([operator, milliseconds]) => ({
        operator,
        calls: 1,
        milliseconds: milliseconds / photos,
      })),
    );
  });
}
