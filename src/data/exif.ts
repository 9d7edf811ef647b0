/**
 * Fields of an Exif block that a picture is shown and sorted by.
 *
 * Sources: TIFF 6.0, section 2; Exif 2.32, tags 0112, 8769, 9003, 9004, 9010 and 9011.
 */

/** Orientation value of images whose first row is the top. */
export const UPRIGHT = 1;

const ORIENTATION = 0x0112;
const EXIF_DIRECTORY = 0x8769;
/** Time of the picture, then of its digitization, each with the tag of its offset from UTC. */
const TIMES = [
  [0x9003, 0x9011],
  [0x9004, 0x9012],
] as const;

const SHORT = 3;
const ASCII = 2;
const LONG = 4;
/** Bytes of a directory entry. */
const ENTRY = 12;
/** Longest text that is read. */
const MAX_TEXT = 64;

/** Entry of a directory. */
interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Offset of the value, or of its place. */
  readonly at: number;
}

/** TIFF structure with its byte order. */
interface Tiff {
  readonly view: DataView;
  readonly isLittle: boolean;
}

/**
 * Reads the orientation in an Exif block, 1 to 8. `UPRIGHT` for a block without one, undefined for
 * a malformed block.
 *
 * @param bytes TIFF structure, after `Exif\0\0`
 */
export function readOrientation(bytes: Uint8Array): number | undefined {
  const tiff = openTiff(bytes);
  const entries = tiff && entriesAt(tiff, firstDirectory(tiff));
  if (!entries) return undefined;
  const entry = entries.find(({ tag }) => tag === ORIENTATION);
  if (!entry) return UPRIGHT;
  return entry.type === SHORT ? tiff.view.getUint16(entry.at, tiff.isLittle) : undefined;
}

/**
 * Reads the time at which a picture was taken, in milliseconds since 1970 UTC. Undefined for a
 * block without a valid one. A time without an offset is one of this machine's zone, because
 * cameras store what their clock shows.
 *
 * @param bytes TIFF structure, after `Exif\0\0` or with it
 */
export function readTaken(bytes: Uint8Array): number | undefined {
  const isNamed = Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'Exif\0\0';
  const tiff = openTiff(isNamed ? bytes.subarray(6) : bytes);
  const pointer = tiff && entriesAt(tiff, firstDirectory(tiff))?.find(isExifDirectory);
  if (!pointer || pointer.type !== LONG) return undefined;
  const entries = entriesAt(tiff, tiff.view.getUint32(pointer.at, tiff.isLittle)) ?? [];
  for (const [time, offset] of TIMES) {
    const text = textOf(tiff, entries, time);
    const taken = text && timeOf(text, textOf(tiff, entries, offset));
    if (taken !== undefined && taken !== '') return taken;
  }
  return undefined;
}

const isExifDirectory = ({ tag }: Entry) => tag === EXIF_DIRECTORY;

/** Time of `2024:05:31 18:04:09`, with an offset such as `+02:00`. */
function timeOf(text: string, offset: string | undefined): number | undefined {
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    ...[number, number, number],
    ...[number, number, number],
  ];
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  // Cameras whose clock was never set store zeros, and Date takes the 31st of February.
  const date = new Date(shown);
  const isValid = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24;
  if (!isValid || year < 1826 || minute > 59 || second > 60) return undefined;
  const zone = offset && /^([+-])(\d\d):(\d\d)$/.exec(offset);
  if (!zone) return new Date(year, month - 1, day, hour, minute, second).getTime();
  const minutes = 60 * Number(zone[2]) + Number(zone[3]);
  return shown - (zone[1] === '-' ? -1 : 1) * minutes * 60_000;
}

function textOf(
  { view, isLittle }: Tiff,
  entries: readonly Entry[],
  tag: number,
): string | undefined {
  const entry = entries.find((one) => one.tag === tag);
  if (entry?.type !== ASCII || entry.count > MAX_TEXT) return undefined;
  const at = entry.count > 4 ? view.getUint32(entry.at, isLittle) : entry.at;
  if (at + entry.count > view.byteLength) return undefined;
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, entry.count);
  return bytes.toString('latin1').replace(/\0.*$/s, '').trim();
}

function openTiff(bytes: Uint8Array): Tiff | undefined {
  if (bytes.length < 8) return undefined;
  const order = String.fromCharCode(bytes[0]!, bytes[1]!);
  if (order !== 'II' && order !== 'MM') return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { view, isLittle: order === 'II' };
}

const firstDirectory = ({ view, isLittle }: Tiff) => view.getUint32(4, isLittle);

/** Entries of a directory; undefined where it is not within the block. */
function entriesAt({ view, isLittle }: Tiff, directory: number): Entry[] | undefined {
  if (directory + 2 > view.byteLength) return undefined;
  const count = view.getUint16(directory, isLittle);
  if (directory + 2 + count * ENTRY > view.byteLength) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const at = directory + 2 + i * ENTRY;
    return {
      tag: view.getUint16(at, isLittle),
      type: view.getUint16(at + 2, isLittle),
      count: view.getUint32(at + 4, isLittle),
      at: at + 8,
    };
  });
}
