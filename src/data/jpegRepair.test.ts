import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { filledRows, repairJpeg } from './jpegRepair.ts';
import { jpegSegments } from './jpegSegments.ts';
import { jpegOfRestarts, jpegOfThreeScans } from './jpegs.cases.ts';
import { detailed, errorOf, photograph } from './pictures.cases.ts';

const SCAN = Buffer.from([0xff, 0xda]);
const EOI = Buffer.from([0xff, 0xd9]);
const decode = (bytes: Uint8Array, size = 4096) =>
  decodeImage({ kind: 'encoded', bytes }, { size });

/** A file whose first scan header has other spectral parameters, as some telephones write them. */
function withParameters(file: Buffer, parameters: readonly number[]): Buffer {
  const copy = Buffer.from(file);
  const at = copy.indexOf(SCAN);
  copy.set(parameters, at + 2 + copy.readUInt16BE(at + 2) - 3);
  return copy;
}

// A small image takes the road through WebAssembly, a large one that through sharp.
describe.each([
  ['small', 60, 40],
  ['large', 400, 300],
])('a %s JPEG with faults that lose nothing', (_, width, height) => {
  const file = () => photograph(width, height).jpeg().toBuffer();

  it('is decoded to the pixels of the whole file, and counts as repaired', async () => {
    const whole = await file();
    const expected = await decode(whole);
    expect(expected.isRepaired).toBeUndefined();
    expect(repairJpeg(whole)).toBeUndefined();
    const adobe = Buffer.from('ffee000e41646f626500640000000007', 'hex');
    const faulty = {
      'no end marker': whole.subarray(0, -2),
      'half an end marker': whole.subarray(0, -1),
      'wrong spectral parameters': withParameters(whole, [0, 0, 0]),
      'both of these': withParameters(whole, [0, 0, 0]).subarray(0, -2),
      'wrong successive approximation': withParameters(whole, [0, 63, 1]),
      'unknown color transform': Buffer.concat([whole.subarray(0, 2), adobe, whole.subarray(2)]),
      'stray bytes': Buffer.concat([
        whole.subarray(0, whole.indexOf(SCAN)),
        Buffer.from([1, 2, 3]),
        whole.subarray(whole.indexOf(SCAN)),
      ]),
    };
    for (const [fault, bytes] of Object.entries(faulty)) {
      const { pixels, isRepaired } = await decode(bytes);
      expect(Buffer.compare(pixels, expected.pixels), fault).toBe(0);
      expect(isRepaired, fault).toBe(true);
    }
  });
});

describe('a JPEG without its tail', () => {
  it('is skipped with how much is there', async () => {
    const file = await detailed(300, 200).jpeg().toBuffer();
    for (const share of [0.3, 0.6, 0.9]) {
      const { message } = await errorOf(decode(file.subarray(0, file.length * share)));
      const [, percent] = /ends too early, after about (\d+)% of the picture/.exec(message) ?? [];
      // Detail is spread evenly. Rows come in blocks of 16, and the header takes some bytes.
      expect(Math.abs(Number(percent) - share * 100)).toBeLessThan(12);
    }
  });

  it('of a progressive file lacks details', async () => {
    const file = await detailed(300, 200).jpeg({ progressive: true }).toBuffer();
    const { message } = await errorOf(decode(file.subarray(0, file.length * 0.8)));
    expect(message).toMatch(/ \(it ends too early, without its last details\)$/);
  });
});

/** Lengths to cut a file to: around every marker, inside of segments and of the data of scans. */
function cutsOf(file: Buffer): number[] {
  const cuts = new Set<number>();
  let before = 2;
  for (const { at, next } of jpegSegments(file)) {
    for (const cut of [(before + at) >> 1, at - 1, at, at + 1, at + 3]) cuts.add(cut);
    for (const cut of [(at + next) >> 1, next - 1, next]) cuts.add(cut);
    before = next;
  }
  return [...cuts].filter((cut) => cut > 2 && cut < file.length);
}

describe('a JPEG that is cut anywhere', () => {
  const gray = () => photograph(90, 70).toColourspace('b-w');
  const cases: [name: string, file: () => Promise<Buffer>][] = [
    ['baseline', () => photograph(90, 70).jpeg().toBuffer()],
    ['full chroma', () => photograph(90, 70).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()],
    ['progressive', () => photograph(90, 70).jpeg({ progressive: true }).toBuffer()],
    ['gray progressive', () => gray().jpeg({ progressive: true }).toBuffer()],
    ['optimized', () => photograph(90, 70).jpeg({ mozjpeg: true }).toBuffer()],
    ['a scan per component', async () => jpegOfThreeScans(await gray().jpeg().toBuffer())],
  ];

  it.each(cases)('is used only where nothing is missing, at any size: %s', async (_, make) => {
    const file = await make();
    const cuts = cutsOf(file);
    expect(cuts.length).toBeGreaterThan(20);
    for (const size of [16, 4096]) {
      const whole = await decode(file, size);
      expect(whole.isRepaired).toBeUndefined();
      for (const cut of cuts) {
        if (cut >= file.length - EOI.length) {
          const { pixels, isRepaired } = await decode(file.subarray(0, cut), size);
          expect([Buffer.compare(pixels, whole.pixels), isRepaired], `${cut}`).toEqual([0, true]);
        } else {
          const { message } = await errorOf(decode(file.subarray(0, cut), size));
          expect(message, `${cut}`).toMatch(/ends too early/);
        }
      }
    }
  });

  it('is skipped without its last rows, which shrinking does not read', async () => {
    for (const side of [300, 1000]) {
      const file = await photograph(side, side).jpeg().toBuffer();
      for (const lost of [3, 0.001 * file.length, 0.02 * file.length]) {
        for (const size of [32, 96, 4096]) {
          const { message } = await errorOf(decode(file.subarray(0, -lost), size));
          expect(message, `${side} ${lost} ${size}`).toMatch(/ends too early/);
        }
      }
    }
  });

  it('is skipped where damage has left bytes before a restart marker', async () => {
    const file = Buffer.concat([jpegOfRestarts(), EOI]);
    expect((await decode(file)).isRepaired).toBeUndefined();
    const data = file.length - EOI.length - 10;
    // The decoder notices more bytes than it reads ahead.
    const parts = [file.subarray(0, data), new Uint8Array(20), file.subarray(data)];
    expect((await errorOf(decode(Buffer.concat(parts)))).code).toBe('image.unusable');
  });

  it('is skipped where zeros stand for its tail', async () => {
    const file = await photograph(300, 200).jpeg().toBuffer();
    for (const share of [0.5, 0.9, 0.99]) {
      const bytes = Buffer.from(file).fill(0, Math.floor(file.length * share));
      for (const size of [32, 4096]) {
        expect((await errorOf(decode(bytes, size))).code).toBe('image.unusable');
      }
    }
  });
});

describe('filledRows', () => {
  it('is the fraction above rows of the last color', () => {
    expect(filledRows(Uint8Array.of(1, 2, 3, 9, 5, 5, 5, 5), 2)).toBe(0.5);
    expect(filledRows(Uint8Array.of(1, 2, 3, 9), 2)).toBe(1);
    expect(filledRows(Uint8Array.of(7, 7, 7, 7), 2)).toBe(0);
  });
});
