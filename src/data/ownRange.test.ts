import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silent } from '../core/reporter.ts';
import { openIsolatedDecoder } from './isolatedDecoder.ts';
import { openImages } from './openImages.ts';
import { ownRange, rangeOfValues, rangeText } from './ownRange.ts';
import { detailed, pixelAt, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openPixelReader } from './reader.ts';
import { openSource } from './source.ts';
import { type Samples, tiffFile } from './tiff.cases.ts';
import type { PixelCache, ValueRange } from './types.ts';

const SIDE = 32;
const gray = (data: Samples, noData?: string) =>
  tiffFile([{ width: SIDE, height: SIDE, data, ...(noData !== undefined && { noData }) }]);
const ramp = (low: number, high: number) =>
  Array.from({ length: SIDE * SIDE }, (_, i) => low + ((high - low) * i) / (SIDE * SIDE - 1));

/** Decodes a folder, with the notes and warnings about values. */
async function decoded(
  files: Readonly<Record<string, Uint8Array>>,
  options: { range?: ValueRange; ofRun?: ValueRange; folder?: string } = {},
) {
  const folder = writeTree(options.folder ?? temporaryFolder(), files);
  const said: string[] = [];
  const say = ({ code, message }: { code: string; message: string }) => {
    if (code === 'images.range') said.push(message);
  };
  const reporter = { ...silent, note: say, warn: say };
  const { range, ofRun } = options;
  const images = await openImages(folder, { cacheDir: join(folder, '.cache'), range });
  const cache = await images.pixels({ size: 64, range: ofRun, reporter });
  const source = await images.ranged({ range: ofRun });
  await images.close();
  return { cache, said, range: source.choices?.range };
}

/** Red of the first and last pixel of each image. */
function endsOf(cache: PixelCache): Record<string, [number, number]> {
  const reader = openPixelReader(cache);
  const ends = cache.entries.map(({ id }, i) => {
    const image = reader.read(i);
    const { width, height } = image;
    return [id, [pixelAt(image, 0, 0)[0]!, pixelAt(image, width - 1, height - 1)[0]!]] as const;
  });
  reader.close();
  return Object.fromEntries(ends) as Record<string, [number, number]>;
}

describe('the range of values', () => {
  const sample = (depth: string, values: readonly number[]) => ({
    depth,
    values: Float64Array.from(values),
  });
  const even = (low: number, high: number) =>
    Array.from({ length: 1001 }, (_, i) => low + ((high - low) * i) / 1000);

  it.each<[string, ReturnType<typeof sample>[], ValueRange | undefined]>([
    ['full for 16-bit photographs', [sample('ushort', even(0, 65000))], [0, 65535]],
    [
      'full where one of them is dark',
      [sample('ushort', [...even(0, 50), 40000, 40000])],
      [0, 65535],
    ],
    ['from the .1 to the 99.9 percentile', [sample('ushort', even(0, 4000))], [4, 3996]],
    ['its own at the upper end', [sample('ushort', even(61440, 65440))], [61444, 65436]],
    ['its own in the middle', [sample('ushort', even(31768, 35768))], [31772, 35764]],
    ['full for plain pictures that are bright', [sample('ushort', [40000, 40000])], [0, 65535]],
    ['without a hot pixel', [sample('short', [...even(-1000, 3000), 32767])], [-996, 3000]],
    [
      'without 65,535 beside 12 bits',
      [sample('ushort', [...even(0, 4000), ...Array<number>(500).fill(65535)])],
      [4, 3996],
    ],
    [
      'one of several images',
      [sample('float', even(0, 1)), sample('float', even(9, 10))],
      [0.002, 9.998],
    ],
    ['one above a single value', [sample('float', [5, 5, 5])], [5, 6]],
    ['between the only two values', [sample('int', [...Array<number>(5000).fill(0), 1])], [0, 1]],
    ['none without values', [sample('float', [])], undefined],
  ])('is %s', (_, samples, expected) => {
    const found = rangeOfValues(samples);
    if (!expected) expect(found).toBeUndefined();
    else for (const i of [0, 1] as const) expect(found![i]).toBeCloseTo(expected[i], 9);
  });

  it('is written for people', () => {
    expect(rangeText([0, 4095])).toBe('values 0 to 4,095 become black to white');
    expect(rangeText([-0.51234, 2498.0312])).toBe('values -0.5123 to 2,498 become black to white');
    expect(rangeText([1.5e-7, 3.25e9 + 0.5])).toBe(
      'values 1.500e-7 to 3.250e+9 become black to white',
    );
  });
});

describe('a folder of images of more than 8 bits', () => {
  it('has one scale for all its images, and one line on it', async () => {
    const { cache, said, range } = await decoded({
      'a.tif': gray(Uint16Array.from(ramp(0, 4095))),
      'b.tif': gray(Uint16Array.from(ramp(0, 2047))),
      'photo.png': await detailed(40, 30).png().toBuffer(),
    });
    const [black, white] = range!;
    expect(black).toBeLessThan(5);
    expect(white).toBeGreaterThan(4080);
    expect(said).toEqual([
      `16-bit images: ${rangeText(range!)}, by 2 sampled images. Images of 8 bits stay as they ` +
        'are. `range` sets other values',
    ]);
    const ends = endsOf(cache);
    expect(ends['a.tif']).toEqual([0, 255]);
    expect(ends['b.tif']![1]).toBe(Math.round((255 * (2047 - black)) / (white - black)));
    expect(cache.skipped).toEqual([]);
  });

  it('reverses those whose lowest value is white, and shares the scale with others', async () => {
    const data = Uint16Array.from(ramp(0, 4095));
    const reversed = { width: SIDE, height: SIDE, data, isMinWhite: true };
    const { cache, said, range } = await decoded({
      'a.tif': tiffFile([reversed]),
      'b.tif': gray(data),
    });
    expect(range![1]).toBeLessThan(4096);
    expect(endsOf(cache)).toEqual({ 'a.tif': [255, 0], 'b.tif': [0, 255] });
    expect(said[0]).toContain('Files that mark their lowest value as white are reversed.');
  });

  it('of photographs looks as it did without a scale, byte for byte', async () => {
    const files = {
      'a.tif': gray(Uint16Array.from(ramp(0, 65535))),
      'b.tif': gray(Uint16Array.from(ramp(0, 40000))),
    };
    const { cache, range } = await decoded(files);
    expect(range).toEqual([0, 65535]);
    expect(endsOf(cache)).toEqual({ 'a.tif': [0, 255], 'b.tif': [0, 40000 >> 8] });
  });

  it('of scans and of elevations leaves out pixels without data', async () => {
    const scan = Int16Array.from(ramp(-1024, 3071));
    const { range } = await decoded({ 'scan.tif': gray(scan) });
    // The second and the last but one of 1,024 values.
    expect(range).toEqual([scan[1], scan[scan.length - 2]]);

    const heights = Float32Array.from(ramp(200, 2500)).fill(-9999, 0, 300);
    heights.set([Number.NaN, Number.NEGATIVE_INFINITY, -3.4e38], 300);
    heights.fill(-1, 303, 400);
    const { range: own, cache } = await decoded({ 'dem.tif': gray(heights, '-1') });
    expect(own![0]).toBeGreaterThan(1000);
    expect(own![1]).toBeLessThan(2501);
    expect(endsOf(cache)['dem.tif']).toEqual([0, 255]);
  });

  it('of several kinds shares one range, with a warning', async () => {
    const { said } = await decoded({
      'a.tif': gray(Uint16Array.from(ramp(0, 4095))),
      'b.tif': gray(Float32Array.from(ramp(0, 1))),
    });
    expect(said.join('\n')).toMatch(
      /^16-bit and floating-point images: values .*\n.*share one range/,
    );
  });

  it('takes the range of a run, and before it the one that is given', async () => {
    const files = { 'a.tif': gray(Uint16Array.from(ramp(0, 1000))) };
    const ofRun = await decoded(files, { ofRun: [0, 4000] });
    expect(endsOf(ofRun.cache)['a.tif']).toEqual([0, 64]);
    expect(ofRun.said).toEqual([
      'images of more than 8 bits: values 0 to 4,000 become black to white, as in the run',
    ]);
    const given = await decoded(files, { ofRun: [0, 4000], range: [0, 2000] });
    expect(endsOf(given.cache)['a.tif']).toEqual([0, 128]);
    expect(given.said[0]).toMatch(
      /^`range`: values 0 to 2,000 .* but values 0 to 4,000 .* in the run/,
    );
  });

  it('is decoded again for another range, and not for the same', async () => {
    const folder = temporaryFolder();
    const files = { 'a.tif': gray(Int16Array.from(ramp(-100, 100))) };
    writeTree(folder, files);
    const keys: string[] = [];
    for (const range of [undefined, undefined, [-100, 100], [-100, 200]] as const) {
      const { cache } = await decoded({}, { folder, range });
      keys.push(cache.contentKey);
      expect(cache.reused).toBe(keys.length === 2);
    }
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(3);
  });

  it('leaves out an image at which the decoder crashes', async () => {
    const program = new URL('./crashing.process.cases.ts', import.meta.url);
    const decoder = openIsolatedDecoder({ program });
    const folder = writeTree(temporaryFolder(), {
      'a.tif': gray(Float32Array.from(ramp(0, 1))),
      'b.tif': Buffer.from('ABORT'),
      'c.tif': gray(Float32Array.from(ramp(9, 10))),
    });
    // The first bytes would tell that b.tif is no TIFF.
    const source = { ...(await openSource(folder)), head: undefined };
    const found = await ownRange(source, silent, { decoder });
    decoder.close();
    expect(found).toMatchObject({ images: 2, kinds: ['floating-point'] });
    expect(found!.range[1]).toBeCloseTo(9.998, 2);
  });

  it('stops at a signal', async () => {
    const folder = writeTree(temporaryFolder(), { 'a.tif': gray(Float32Array.from(ramp(0, 1))) });
    const signal = AbortSignal.abort(new Error('stopped'));
    const source = await openSource(folder);
    await expect(ownRange(source, { ...silent, signal })).rejects.toThrow('stopped');
  });

  it('of 8 bits has no range and no line', async () => {
    const { said, range } = await decoded({ 'a.png': await plainPng(8, 8, [1, 2, 3]) });
    expect([said, range]).toEqual([[], undefined]);
  });
});
