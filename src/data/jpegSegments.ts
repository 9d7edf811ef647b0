/**
 * Finds the segments of JPEG files as libjpeg does.
 *
 * Source: ITU-T T.81, annex B.
 */

export const START_OF_SCAN = 0xda;
export const END_OF_IMAGE = 0xd9;

/** Tells if a marker begins a frame, of any kind. C4, C8 and CC are no frames. */
export const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Tells if a marker has no length: TEM, RST0 to RST7 and SOI. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

export interface JpegSegment {
  /** Second byte of the marker. Undefined for bytes between segments that belong to none. */
  readonly marker: number | undefined;
  /** Position of the first byte. */
  readonly at: number;
  /** Position after the last byte, which a truncated file may lack. */
  readonly next: number;
}

/**
 * Yields the segments after the first marker, up to the end marker and with it. The data of a scan
 * lie between its segment and the next one.
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  let isData = false;
  let isStray = false;
  let end = 2;
  for (let from = end; ; ) {
    const at = bytes.indexOf(0xff, from);
    const isLast = at < 0 || at + 1 >= bytes.length;
    isStray ||= !isData && (at < 0 ? bytes.length : at) > from;
    const marker = isLast ? undefined : bytes[at + 1]!;
    if (marker === 0xff) {
      from = at + 1; // a fill byte
      continue;
    }
    if (marker === 0x00 || (marker !== undefined && isBare(marker))) {
      isStray ||= !isData;
      from = at + 2;
      continue;
    }
    if (isStray) yield { marker: undefined, at: end, next: at < 0 ? bytes.length : at };
    if (marker === undefined) return;
    if (marker === END_OF_IMAGE) {
      yield { marker, at, next: at + 2 };
      return;
    }
    const hasLength = at + 3 < bytes.length;
    const length = hasLength ? Math.max(2, bytes[at + 2]! * 256 + bytes[at + 3]!) : bytes.length;
    end = at + 2 + length;
    yield { marker, at, next: end };
    from = end;
    isData = marker === START_OF_SCAN;
    isStray = false;
  }
}
