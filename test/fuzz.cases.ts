/**
 * Damaged files of every format that likeness reads. Seed and number decide the bytes.
 *
 * Images are decoded in a process of their own, so that crashes and hangs are seen and counted.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { LikenessError, reasonOf } from '../src/core/errors.ts';
import { type Random, randomAt } from '../src/core/random.ts';
import { openIsolatedDecoder } from '../src/data/isolatedDecoder.ts';
import { createPack, readPack } from '../src/data/pack-file.ts';
import { openSource } from '../src/data/source.ts';
import { tiffFile } from '../src/data/tiff.cases.ts';
import type { EncodedImage } from '../src/data/types.ts';
import {
  decodeCsv,
  decodeNpy,
  decodeSafetensors,
  encodeCsv,
  encodeNpy,
  encodeSafetensors,
  makeFolderSync,
} from '../src/formats/index.ts';
import { bitmap, tarMember } from './fuzzFiles.cases.ts';

/**
 * A whole file with its reader. `read` rejects with a `LikenessError`, or resolves with a fault.
 */
interface Subject {
  readonly name: string;
  readonly file: Uint8Array;
  read(bytes: Uint8Array): Promise<string | undefined>;
}

export interface Fault {
  /** Number of the file, which `damagedFile` makes again. */
  readonly number: number;
  readonly subject: string;
  readonly kind: 'crash' | 'hang' | 'wrong';
  readonly message: string;
}

export interface FuzzReport {
  readonly files: number;
  /** Files that were read in spite of their damage. */
  readonly read: number;
  readonly faults: readonly Fault[];
  readonly longest: {
    readonly number: number;
    readonly subject: string;
    readonly milliseconds: number;
  };
}

export interface FuzzOptions {
  seed: number;
  /** Asked before each file; false ends the work. */
  goesOn: (number: number) => boolean;
  /** Number of the first file. Default 0. */
  first?: number;
  onFault?: (fault: Fault, bytes: Uint8Array) => void;
}

/** Milliseconds that one file may take. */
const LIMIT_MS = 60_000;
/** Files at a time. */
const AT_ONCE = 4;
/** Shorter side that images are shrunk to. */
const SIZE = 48;

/** Reads damaged files until `goesOn` says no. */
export async function fuzz({ seed, goesOn, first = 0, onFault }: FuzzOptions): Promise<FuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-fuzz-'));
  const decoder = openIsolatedDecoder({ stallMs: LIMIT_MS });
  const subjects = [
    ...(await imageSubjects(decoder.decode)),
    sampleSubject(decoder.sample),
    ...(await parserSubjects(folder)),
  ];
  const faults: Fault[] = [];
  let longest: FuzzReport['longest'] = { number: -1, subject: 'none', milliseconds: 0 };
  let next = first;
  let read = 0;

  async function one(number: number): Promise<void> {
    const subject = subjects[number % subjects.length]!;
    const bytes = damaged(subject.file, randomAt(seed, 'synthetic', number));
    const begun = performance.now();
    const add = (kind: Fault['kind'], message: string) => {
      const fault = { number, subject: subject.name, kind, message };
      faults.push(fault);
      onFault?.(fault, bytes);
    };
    try {
      const wrong = await subject.read(bytes);
      if (wrong === undefined) read++;
      else add('wrong', wrong);
    } catch (error) {
      const message = reasonOf(error);
      if (/^the decoder crashed/.test(message)) add('crash', message);
      else if (/^decoding did not end/.test(message)) add('hang', message);
      else if (!(error instanceof LikenessError))
        add('wrong', String((error as Error).stack ?? message));
    }
    const milliseconds = performance.now() - begun;
    if (milliseconds > longest.milliseconds)
      longest = { number, subject: subject.name, milliseconds };
  }
  async function worker(): Promise<void> {
    for (let number = next++; goesOn(number); number = next++) await one(number);
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    decoder.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { files: next - first - AT_ONCE, read, faults, longest };
}

/** Values of length and size fields at the ends of their ranges. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A file with one to four kinds of damage. */
export function damaged(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(file);
  const kinds = 1 + random.integer(4);
  for (let i = 0; i < kinds && bytes.length > 4; i++) {
    // Half of the damage hits the first 200 bytes, where the sizes are.
    const range = random.chance(0.5) ? Math.min(bytes.length, 200) : bytes.length;
    const at = random.integer(range);
    const length = Math.min(bytes.length - at, 1 + random.integer(64));
    switch (random.integer(7)) {
      case 0:
        bytes = bytes.slice(0, random.integer(bytes.length));
        break;
      case 1:
        for (let flips = 1 + random.integer(16); flips > 0; flips--) {
          bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
        }
        break;
      case 2:
        bytes[at] = random.integer(256);
        break;
      case 3:
        bytes.fill(random.chance(0.5) ? 0 : 255, at, at + length);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      default:
        writeExtreme(bytes, at, random);
    }
  }
  return bytes;
}

function writeExtreme(bytes: Uint8Array, at: number, random: Random): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = extremes[random.integer(extremes.length)]!;
  const isLittle = random.chance(0.5);
  if (random.chance(0.5)) view.setUint32(Math.min(at, bytes.length - 4), value, isLittle);
  else view.setUint16(Math.min(at, bytes.length - 2), value & 0xffff, isLittle);
}

type DecodeFunction = ReturnType<typeof openIsolatedDecoder>['decode'];

/** Files of all image formats and of their main variants. */
async function imageSubjects(decode: DecodeFunction): Promise<Subject[]> {
  const random = randomAt(0, 'synthetic');
  const [width, height] = [90, 60];
  const pixels = new Uint8Array(width * height * 3).map(
    (_, i) => (i * 7 + 40 * random.normal()) & 255,
  );
  const image = () => sharp(pixels, { raw: { width, height, channels: 3 } });
  const profile = () =>
    image()
      .withIccProfile('p3')
      .withExif({ IFD0: { Copyright: 'nobody' } });
  const files: Record<string, Promise<Buffer>> = {
    'small JPEG': image().resize(40, 30).jpeg().toBuffer(),
    'large JPEG': image().resize(300, 200).jpeg().toBuffer(),
    'progressive JPEG': image().jpeg({ progressive: true }).toBuffer(),
    'gray JPEG': image().toColourspace('b-w').jpeg().toBuffer(),
    'CMYK JPEG': image().toColourspace('cmyk').jpeg().toBuffer(),
    'JPEG with a profile': profile().jpeg().toBuffer(),
    PNG: image().png().toBuffer(),
    'interlaced PNG': image().png({ progressive: true }).toBuffer(),
    'PNG with a palette': image().png({ palette: true }).toBuffer(),
    'PNG with a profile': profile().png().toBuffer(),
    WebP: image().webp().toBuffer(),
    'lossless WebP': image().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    GIF: image().gif().toBuffer(),
    TIFF: image().tiff({ compression: 'none' }).toBuffer(),
    'TIFF of LZW': image().tiff({ compression: 'lzw' }).toBuffer(),
    'TIFF of JPEG tiles': image()
      .tiff({ compression: 'jpeg', tile: true, tileWidth: 32, tileHeight: 32 })
      .toBuffer(),
    AVIF: image().avif({ effort: 0 }).toBuffer(),
    BMP: Promise.resolve(bitmap(pixels, { width, height })),
    'TIFF of 12 bits': Promise.resolve(deepTiff(Uint16Array, 4095)),
    'TIFF of floating-point numbers': Promise.resolve(deepTiff(Float32Array, 1)),
    'second page of a BigTIFF': Promise.resolve(deepTiff(Int16Array, 1000, { isBig: true })),
  };
  const ways: Readonly<Record<string, Partial<EncodedImage>>> = {
    'TIFF of 12 bits': { range: [0, 4095] },
    'TIFF of floating-point numbers': { range: [0, 1] },
    'second page of a BigTIFF': { page: 2, range: [0, 1000] },
  };
  const subjects = Object.entries(files).map(
    async ([name, file]): Promise<Subject> => ({
      name,
      file: await file,
      async read(bytes) {
        const found = await decode({ kind: 'encoded', bytes, ...ways[name] }, { size: SIZE });
        const [shorter, longer] = [
          Math.min(found.width, found.height),
          Math.max(found.width, found.height),
        ];
        const isLegal = shorter >= 1 && shorter <= SIZE && longer <= 4 * SIZE;
        const isWhole = found.pixels.length === found.width * found.height * 3;
        return isLegal && isWhole
          ? undefined
          : `${found.width} x ${found.height} pixels of ${found.pixels.length} bytes`;
      },
    }),
  );
  return Promise.all(subjects);
}

/** Two pages of samples of more than 8 bits, from 0 to `most`. */
function deepTiff(
  type: typeof Uint16Array | typeof Int16Array | typeof Float32Array,
  most: number,
  options: { isBig?: boolean } = {},
): Buffer {
  const side = 60;
  const data = new type(side * side).map((_, i) => ((i % 97) / 96) * most);
  const page = { width: side, height: side, data, noData: '-9999' };
  return tiffFile([page, page], options);
}

/** Values of an image, of which the range of a source is found. */
function sampleSubject(sample: ReturnType<typeof openIsolatedDecoder>['sample']): Subject {
  return {
    name: 'values of a TIFF',
    file: deepTiff(Int16Array, 3000),
    async read(bytes) {
      const found = await sample({ kind: 'encoded', bytes });
      return found === undefined || found.values.every(Number.isFinite)
        ? undefined
        : 'values that are not finite';
    },
  };
}

/** Files of the formats that likeness parses itself. */
async function parserSubjects(folder: string): Promise<Subject[]> {
  const random = randomAt(1, 'synthetic');
  const noise = (length: number) =>
    Buffer.from(Uint8Array.from({ length }, () => random.integer(256)));
  const idx = Buffer.concat([
    Buffer.from([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0, 5]),
    noise(9 * 20),
  ]);
  const tar = Buffer.concat([
    ...tarMember('a/1.jpg', noise(700)),
    ...tarMember('PaxHeader', Buffer.from('19 path=b/long.png\n12 size=30\n'), 'x'),
    ...tarMember('b/2.png', noise(30)),
    ...tarMember('a/1.cls', Buffer.from('7')),
    Buffer.alloc(1024),
  ]);
  const table = encodeCsv(
    ['id', 'cluster'],
    [
      ['a,"b"', 1],
      ['c\nd', 2],
    ],
  );
  const pack = join(folder, 'whole.pixels');
  await writePack(pack, noise(3 * 4 * 5));
  return [
    sourceSubject(folder, 'tar', 'set.tar', tar),
    sourceSubject(folder, 'IDX', 'idx/train-images-idx3-ubyte', idx),
    sourceSubject(folder, 'packed IDX', 'idxgz/train-images-idx3-ubyte.gz', gzipSync(idx)),
    sourceSubject(folder, 'CIFAR-10', 'cifar/data_batch_1.bin', noise(3 * 3073)),
    sourceSubject(folder, 'STL-10', 'stl/test_X.bin', noise(2 * 96 * 96 * 3)),
    parserSubject('npy', encodeNpy({ shape: [3, 4], data: new Float32Array(12) }), decodeNpy),
    parserSubject(
      'safetensors',
      encodeSafetensors(
        { w: { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) } },
        { step: '3' },
      ),
      decodeSafetensors,
    ),
    parserSubject('CSV', Buffer.from(table), (bytes) => decodeCsv(Buffer.from(bytes).toString())),
    parserSubject('pixel cache', readFileSync(pack), (bytes) => {
      writeFileSync(pack, bytes);
      readPack(pack);
    }),
  ];
}

function parserSubject(
  name: string,
  file: Uint8Array,
  parse: (bytes: Uint8Array) => unknown,
): Subject {
  return {
    name,
    file,
    async read(bytes) {
      parse(bytes);
      return undefined;
    },
  };
}

/** A source of one file, whose first images are read. */
function sourceSubject(folder: string, name: string, place: string, file: Uint8Array): Subject {
  return {
    name,
    file,
    async read(bytes) {
      const own = mkdtempSync(join(folder, 'source-'));
      try {
        const path = join(own, place);
        makeFolderSync(dirname(path));
        writeFileSync(path, bytes);
        return await readSome(place.includes('/') ? dirname(path) : path);
      } finally {
        rmSync(own, { recursive: true, force: true });
      }
    },
  };
}

async function readSome(path: string): Promise<string | undefined> {
  const source = await openSource(path);
  try {
    for (let i = 0; i < Math.min(source.entries.length, 20); i++) {
      const image = await source.read(i);
      const isWhole =
        image.kind === 'encoded' ||
        image.pixels.length === image.width * image.height * image.channels;
      if (!isWhole) return `image ${i} has ${image.pixels.length} bytes`;
    }
  } finally {
    await source.close();
  }
  return undefined;
}

async function writePack(path: string, pixels: Uint8Array): Promise<void> {
  const pack = await createPack(path);
  await pack.append(pixels);
  const source = { path: '/x', name: 'x', kind: 'folder' } as const;
  const skipped = [{ index: 1, reason: 'bad' }];
  const meta = { source, contentKey: 'k', size: 5, count: 1, skipped, remarks: [] };
  await pack.finish(meta, {
    images: Uint32Array.of(0),
    widths: Uint16Array.of(4),
    heights: Uint16Array.of(5),
    contents: BigUint64Array.of(7n),
  });
}
