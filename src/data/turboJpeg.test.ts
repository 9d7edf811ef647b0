import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from './jpegHeader.ts';
import { detailed, expectNeverThrows, photograph } from './pictures.cases.ts';
import { decodeTurboJpeg, TURBO_VERSION, undoRoundingDown } from './turboJpeg.ts';

async function turbo(bytes: Uint8Array) {
  const header = readJpegHeader(bytes);
  const found = header && (await decodeTurboJpeg(bytes, header));
  if (found?.channels === 3) undoRoundingDown(found.pixels);
  return found;
}

/** Root of the mean square and largest of the differences. */
function differences(a: Uint8Array, b: Uint8Array): { rms: number; largest: number } {
  let squares = 0;
  let largest = 0;
  a.forEach((value, i) => {
    const difference = Math.abs(value - b[i]!);
    squares += difference * difference;
    largest = Math.max(largest, difference);
  });
  return { rms: Math.sqrt(squares / a.length), largest };
}

// The module is an optional dependency: where a system has none, others decode and there is nothing to test.
describe.skipIf(TURBO_VERSION === 'none')('a JPEG decoded by the native module', () => {
  const kinds: [string, (picture: Sharp) => Sharp][] = [
    ['with half the colour resolution', (picture) => picture.jpeg({ quality: 90 })],
    ['with full colour resolution', (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' })],
    ['of low quality', (picture) => picture.jpeg({ quality: 30 })],
    ['progressive', (picture) => picture.jpeg({ progressive: true })],
    ['grey', (picture) => picture.toColourspace('b-w').jpeg()],
  ];
  it.each(kinds)(
    '%s is what sharp gives, but for the rounding of a faster transform',
    async (name, encode) => {
      for (const [width, height] of [
        [32, 32],
        [37, 23],
        [1, 9],
        [500, 375],
      ] as const) {
        const file = await encode(photograph(width, height)).toBuffer();
        const found = (await turbo(file))!;
        const [channels, colours] = name === 'grey' ? ([1, 'b-w'] as const) : ([3, 'srgb'] as const);
        expect([found.width, found.height, found.channels]).toEqual([width, height, channels]);
        const data = await sharp(file).toColourspace(colours).raw().toBuffer();
        expect(found.pixels.length).toBe(data.length);
        const { rms, largest } = differences(found.pixels, data);
        expect(rms).toBeLessThan(1.5);
        expect(largest).toBeLessThanOrEqual(4);
      }
    },
  );

  it('lies in the room that it is given', async () => {
    const file = await photograph(40, 30).jpeg().toBuffer();
    const room = Buffer.alloc(5000);
    const found = (await decodeTurboJpeg(file, readJpegHeader(file)!, room))!;
    expect(found.pixels.buffer).toBe(room.buffer);
    expect(found.pixels.length).toBe(40 * 30 * 3);
    expect(await decodeTurboJpeg(file, readJpegHeader(file)!, Buffer.alloc(3599))).toBeUndefined();
  });

  it('has colours that are neither darker nor lighter on the whole', async () => {
    const file = await photograph(500, 375).jpeg({ quality: 85 }).toBuffer();
    const [found, exact] = [(await turbo(file))!.pixels, await sharp(file).raw().toBuffer()];
    const sums = [0, 0, 0];
    found.forEach((value, i) => {
      sums[i % 3]! += value - exact[i]!;
    });
    for (const sum of sums) expect(Math.abs(sum) / (500 * 375)).toBeLessThan(0.5);
    const full = Uint8Array.of(255, 255, 255, 0, 0, 0);
    undoRoundingDown(full);
    expect([...full]).toEqual([255, 255, 255, 1, 0, 1]);
  });

  it('is as close to the original as the exact transform is, to a hundredth', async () => {
    const original = await photograph(500, 375).raw().toBuffer();
    for (const quality of [50, 75, 90]) {
      const file = await photograph(500, 375).jpeg({ quality }).toBuffer();
      const exact = differences(await sharp(file).raw().toBuffer(), original);
      expect(differences((await turbo(file))!.pixels, original).rms).toBeLessThan(1.01 * exact.rms);
    }
  });

  it('is left to others where it is kept too finely, or where there is more to it than pixels', async () => {
    const files = {
      fine: photograph(64, 64).jpeg({ quality: 93 }),
      turned: photograph(64, 64).withMetadata({ orientation: 6 }).jpeg(),
      profile: photograph(64, 64).withIccProfile('p3').jpeg(),
      inks: photograph(64, 64).toColourspace('cmyk').jpeg(),
    };
    for (const [name, file] of Object.entries(files)) {
      expect(await turbo(await file.toBuffer()), name).toBeUndefined();
    }
    expect(await turbo(await photograph(64, 64).jpeg({ quality: 92 }).toBuffer())).toBeDefined();
  });

  it.each([
    ['at once', 32],
    ['by another thread', 160],
  ])('is left to sharp where it ends too early or is damaged, %s', async (_, side) => {
    const file = await detailed(side, side).jpeg().toBuffer();
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 3), async (length) => {
        expect(await turbo(file.subarray(0, length))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
    const zeros = Uint8Array.from(file).fill(0, file.length >> 1, (file.length >> 1) + 200);
    expect(await turbo(zeros)).toBeUndefined();
  });

  it('never throws, whatever the bytes', () => expectNeverThrows(turbo));
});
