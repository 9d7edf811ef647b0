/** JPEG files that no encoder writes, for the tests of decoding. */
import { detailed } from './pictures.cases.ts';

export interface FrameSize {
  width: number;
  height: number;
}

/** One segment: marker, length, body. */
export function segment(marker: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** Comment segments of at least this many bytes in all. */
export function comments(bytes: number): Buffer {
  const one = segment(0xfe, new Uint8Array(60_000));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / one.length) }, () => one));
}

/** Frame header of a baseline image of three channels without subsampling. */
function frame({ width, height }: FrameSize): Buffer {
  const body = Buffer.from([8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
  body.writeUInt16BE(height, 1);
  body.writeUInt16BE(width, 3);
  return segment(0xc0, body);
}

/**
 * A JPEG that two readers understand differently. One takes the bare marker TEM as such and finds frame
 * `bare`. One gives it a length, skips that far, and finds frame `skipped` inside a comment of the other.
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
