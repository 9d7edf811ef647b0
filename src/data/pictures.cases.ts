/** Images and folders that the tests of this folder make for themselves. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { expect, onTestFinished } from 'vitest';
import type { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { RawImage } from './types.ts';

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files under a folder, making the folders between; returns the folder. */
export function writeTree(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

export type Color = readonly [red: number, green: number, blue: number];

/** RGB bytes from a function of the position. */
export function paint(
  width: number,
  height: number,
  color: (x: number, y: number) => Color,
): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(color(x, y), (y * width + x) * 3);
  }
  return pixels;
}

/** A image of one color, ready to be encoded. */
export function plain(width: number, height: number, [r, g, b]: Color): Sharp {
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

/** A PNG file of one color. */
export function plainPng(width: number, height: number, color: Color): Promise<Buffer> {
  return plain(width, height, color).png().toBuffer();
}

/** A image full of detail, so that a damaged byte does damage. */
export function detailed(width: number, height: number): Sharp {
  const pixels = paint(width, height, (x, y) => [
    (x * 53 + y * 91) & 255,
    (x * y * 7) & 255,
    (x ^ (y * 31)) & 255,
  ]);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A image of soft colors with grain, as a camera makes them. */
export function photograph(width: number, height: number): Sharp {
  const random = randomAt(0, 'synthetic');
  const soft = (x: number, y: number, c: number) =>
    128 + 90 * Math.sin(x / 40 + c) * Math.cos(y / 30 - 2 * c);
  const pixels = paint(width, height, (x, y) => {
    const value = (c: number) => Math.round(soft(x, y, c) + 6 * random.normal());
    return [value(0), value(1), value(2)];
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Shows that a decoder does not throw, whatever the bytes, and that what it gives is whole. */
export async function expectNeverThrows(
  decode: (bytes: Uint8Array) => Promise<RawImage | undefined>,
): Promise<void> {
  const file = await detailed(24, 24).jpeg().toBuffer();
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), async (at, value) => {
      const changed = Uint8Array.from(file);
      changed[at] = value;
      const found = await decode(changed);
      if (found) expect(found.pixels.length).toBe(found.width * found.height * found.channels);
    }),
    { numRuns: 300 },
  );
}

/** The color at a position. */
export function pixelAt(
  picture: { width: number; pixels: Uint8Array },
  x: number,
  y: number,
): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.pixels.subarray(at, at + 3)];
}

/** The error that a promise is rejected with; fails when it is fulfilled. */
export async function errorOf(promise: Promise<unknown>): Promise<LikenessError> {
  try {
    await promise;
  } catch (error) {
    return error as LikenessError;
  }
  throw new Error('expected an error');
}
