/** TIFF files for tests, with samples of any type. Source: TIFF 6.0, section 2, and libtiff. */

export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array;

export interface TiffPage {
  width: number;
  height: number;
  data: Samples;
  /** 1 for gray, 3 for RGB. Default 1. */
  channels?: 1 | 3;
  /** Text of GDAL's tag. */
  noData?: string;
  /** Marks the lowest value as white. */
  isMinWhite?: boolean;
  /** Marks a thumbnail of another page. */
  isReduced?: boolean;
}

/** TIFF's tag 339: 1 unsigned, 2 signed, 3 floating point. */
function sampleFormat(data: Samples): 1 | 2 | 3 {
  if (data instanceof Float32Array) return 3;
  const isSigned = [Int8Array, Int16Array, Int32Array].some((type) => data instanceof type);
  return isSigned ? 2 : 1;
}

type Tag = readonly [tag: number, value: number | Buffer];

function tagsOf(page: TiffPage, strip: number): Tag[] {
  const { width, height, data, channels = 1, noData, isMinWhite, isReduced } = page;
  return [
    ...(isReduced ? [[254, 1] as const] : []),
    [256, width],
    [257, height],
    [258, data.BYTES_PER_ELEMENT * 8],
    [259, 1],
    [262, isMinWhite ? 0 : channels === 3 ? 2 : 1],
    [273, strip],
    [277, channels],
    [278, height],
    [279, data.byteLength],
    [339, sampleFormat(data)],
    ...(noData === undefined ? [] : [[42113, Buffer.from(`${noData}\0`, 'latin1')] as const]),
    [59999, 7], // a tag that no program knows
  ];
}

/** Writes pages of one strip each, as a classic TIFF or as a BigTIFF. */
export function tiffFile(pages: readonly TiffPage[], { isBig = false } = {}): Buffer {
  const size = isBig ? 8 : 4;
  const number = (value: number, bytes = size) => {
    const out = Buffer.alloc(bytes);
    if (bytes === 8) out.writeBigUInt64LE(BigInt(value));
    else if (bytes === 4) out.writeUInt32LE(value);
    else out.writeUInt16LE(value);
    return out;
  };
  const head = Buffer.from(isBig ? '49492b0008000000' : '49492a00', 'hex');
  const strips = pages.map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  let at = head.length + size;
  const parts: Buffer[] = [head, number(at + strips[0]!.length)];
  for (const [i, page] of pages.entries()) {
    const strip = strips[i]!;
    const tags = tagsOf(page, at);
    const directory = at + strip.length;
    at = directory + (isBig ? 8 : 2) + tags.length * (isBig ? 20 : 12) + size;
    const texts: Buffer[] = [];
    const entries = tags.map(([tag, value]) => {
      const isText = Buffer.isBuffer(value);
      let content = isText ? Buffer.concat([value, Buffer.alloc(size)]) : number(value);
      if (isText && value.length > size) {
        content = number(at);
        texts.push(value);
        at += value.length;
      }
      const type = number(isText ? 2 : isBig ? 16 : 4, 2);
      const count = number(isText ? value.length : 1);
      return Buffer.concat([number(tag, 2), type, count, content.subarray(0, size)]);
    });
    const next = i + 1 < pages.length ? at + strips[i + 1]!.length : 0;
    parts.push(strip, number(tags.length, isBig ? 8 : 2), ...entries, number(next), ...texts);
  }
  return Buffer.concat(parts);
}
