/** JPEG files that no encoder writes, for the tests of decoding. */
import { jpegSegments } from './jpegSegments.ts';
import { detailed } from './pictures.cases.ts';

export interface FrameSize {
  width: number;
  height: number;
}

/** Encodes a segment: marker, length, body. */
export function segment(marker: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** Encodes comment segments of at least this many bytes in all. */
export function comments(bytes: number): Buffer {
  const one = segment(0xfe, new Uint8Array(60_000));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / one.length) }, () => one));
}

/** Encodes the frame header of a baseline image of three channels without subsampling. */
function frame({ width, height }: FrameSize): Buffer {
  const body = Buffer.from([8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
  body.writeUInt16BE(height, 1);
  body.writeUInt16BE(width, 3);
  return segment(0xc0, body);
}

/**
 * Builds a JPEG that two readers understand differently. A reader that knows TEM as a marker
 * without length finds frame `bare`. A reader that gives it a length skips to frame `skipped`,
 * inside a comment of the other.
 */
export async function jpegOfTwoHeaders(bare: FrameSize, skipped: FrameSize): Promise<Buffer> {
  const file = await detailed(40, 40).jpeg({ quality: 50, chromaSubsampling: '4:4:4' }).toBuffer();
  const scan = file.indexOf(Buffer.from([0xff, 0xda]));
  const tables: Buffer[] = [];
  for (let at = 2; at < scan; at += 2 + file.readUInt16BE(at + 2)) {
    const isTable = file[at + 1] === 0xdb || file[at + 1] === 0xc4;
    if (isTable) tables.push(file.subarray(at, at + 2 + file.readUInt16BE(at + 2)));
  }
  const start = Buffer.from([0xff, 0xd8, 0xff, 0x01]);
  const first = Buffer.concat([frame(bare), ...tables]);
  // The two bytes after TEM, read as a length, are the first two of the frame: 0xffc0.
  const padding = start.length + 0xffc0 - (start.length + first.length + 4);
  const comment = segment(0xfe, Buffer.concat([new Uint8Array(padding), frame(skipped)]));
  return Buffer.concat([start, first, comment, file.subarray(scan)]);
}

/** Builds a progressive gray JPEG of `scans` scans of a few bytes. */
export function jpegOfManyScans({ width, height }: FrameSize, scans: number): Buffer {
  const start = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  start.writeUInt16BE(height, 1);
  start.writeUInt16BE(width, 3);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  // Every block of the first scan is the bit 0: no change of brightness.
  const dc = Buffer.concat([
    segment(0xda, Buffer.from([1, 1, 0, 0, 0, 0])),
    new Uint8Array(blocks / 8 + 1),
  ]);
  // Code 0 and 14 bits: 2^14 blocks, or as many as are left, without coefficients.
  const runs = Math.ceil(blocks / 2 ** 14);
  const ac = Buffer.concat([
    segment(0xda, Buffer.from([1, 1, 0, 1, 63, 0])),
    new Uint8Array((15 * runs) / 8 + 1),
  ]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...new Uint8Array(64).fill(16)])),
    segment(0xc2, start),
    oneCode(0x00, 0),
    oneCode(0x10, 0xe0),
    dc,
    ...Array.from({ length: scans - 1 }, () => ac),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** Encodes a table of one code, the bit 0, for a symbol. */
function oneCode(kind: number, symbol: number): Buffer {
  return segment(0xc4, Buffer.from([kind, 1, ...new Uint8Array(15), symbol]));
}

/**
 * Builds a gray baseline JPEG of 16 blocks of one color, with a restart marker after every fourth,
 * and without an end marker. A block is two bits.
 */
export function jpegOfRestarts(): Buffer {
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...new Uint8Array(64).fill(16)])),
    segment(0xc0, Buffer.from([8, 0, 32, 0, 32, 1, 1, 0x11, 0])),
    oneCode(0x00, 0),
    oneCode(0x10, 0),
    segment(0xdd, Buffer.from([0, 4])),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([0, 0xff, 0xd0, 0, 0xff, 0xd1, 0, 0xff, 0xd2, 0]),
  ]);
}

/** Builds a baseline JPEG whose three components have a scan each, from the one of a gray file. */
export function jpegOfThreeScans(gray: Buffer): Buffer {
  const parts: Buffer[] = [gray.subarray(0, 2)];
  for (const { marker, at, next } of jpegSegments(gray)) {
    if (marker === 0xda) {
      const data = gray.subarray(next, -2);
      for (const id of [1, 2, 3]) {
        parts.push(segment(marker, Buffer.from([1, id, 0, 0, 63, 0])), data);
      }
    } else if (marker === 0xc0) {
      const three = [3, ...[1, 2, 3].flatMap((id) => [id, 0x11, 0])];
      const size = gray.subarray(at + 4, at + 9);
      parts.push(segment(marker, Buffer.concat([size, Buffer.from(three)])));
    } else parts.push(gray.subarray(at, next));
  }
  return Buffer.concat(parts);
}
